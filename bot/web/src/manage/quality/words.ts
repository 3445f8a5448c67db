import { computed, type ComputedRef } from 'vue'
import { get } from '../../shared/api'
import { useLoaded } from '../useLoaded'
import type { AppealStatus, QualityDefinitions } from './types'

export const APPEALS: Record<AppealStatus, string> = { open: '待处理', accepted: '申诉成立', rejected: '维持原判' }
export const SIDES: Record<string, string> = { customer: '顾客', bot: '机器人', agent: '客服', someone: '有人' }

/** Criteria and names of agents, and how they are told. */
export function useDefinitions(): {
  definitions: ComputedRef<QualityDefinitions | null>
  titleOf: (criterion: string) => string
  nameOf: (agent: string) => string
} {
  const { content } = useLoaded([], (signal) => get<QualityDefinitions>('/api/quality/definitions', {}, signal))
  const titles = computed(() => Object.fromEntries(content.value?.criteria.map((c) => [c.name, c.title]) ?? []))
  return {
    definitions: computed(() => content.value),
    titleOf: (criterion) => titles.value[criterion] ?? criterion,
    nameOf: (agent) => (agent ? (content.value?.names[agent] ?? agent) : '机器人'),
  }
}

export function scoreText(score: number | null | undefined): string {
  return score === null || score === undefined ? '—' : score.toFixed(1)
}

/** A moment of a call as 1:05. */
export function clockOf(seconds: number): string {
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}
