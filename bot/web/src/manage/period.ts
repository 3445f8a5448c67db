import { computed, type ComputedRef } from 'vue'
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router'
import type { Cut, Definitions, Filters } from './types'

export const CUTS: Record<Cut, string> = {
  channel: '渠道',
  base: '基础意图',
  intent: '业务意图',
  segment: '客户分层',
  handled_by: '接待',
  agent: '客服',
}

export const HANDLED: Record<string, string> = { bot: '机器人', agent: '客服', nobody: '没有人' }

/** Why a conversation went to a person, where no intent says it. */
export const REASONS: Record<string, string> = { nlu_fallback: '几次没听懂', rule: '按规则转' }

/** What a value of a cut is called. */
export function titleOf(definitions: Definitions, cut: Cut, value: string): string {
  if (!value) return cut === 'agent' ? '（没有客服）' : '（没有）'
  if (cut === 'segment') return definitions.segments[value] ?? value
  if (cut === 'channel') return definitions.channels[value] ?? value
  if (cut === 'handled_by') return HANDLED[value] ?? value
  return definitions.titles[value] ?? value
}

/** Today in the shop's time zone, as 2026-11-25. */
export function today(): string {
  return new Date().toLocaleDateString('sv-SE', { timeZone: 'Asia/Shanghai' })
}

export function daysBefore(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() - days)
  return date.toISOString().slice(0, 10)
}

/** Period and filters live in the address, so that a view can be bookmarked, shared and gone back to. */
export function usePeriod(): {
  from: ComputedRef<string>
  to: ComputedRef<string>
  filters: ComputedRef<Filters>
  query: ComputedRef<Record<string, string>>
  set: (values: LocationQueryRaw) => void
} {
  const route = useRoute()
  const router = useRouter()
  const to = computed(() => text(route.query['to']) || today())
  const from = computed(() => text(route.query['from']) || daysBefore(to.value, 29))
  const filters = computed(() => {
    const found: Filters = {}
    for (const cut of Object.keys(CUTS) as Cut[]) {
      const value = text(route.query[cut])
      if (value) found[cut] = value
    }
    return found
  })
  const query = computed(() => ({ from: from.value, to: to.value, ...filters.value }))
  const set = (values: LocationQueryRaw) => void router.push({ query: { ...route.query, ...values } })
  return { from, to, filters, query, set }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
