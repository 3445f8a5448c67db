/** What the learning loop's page shows, and what its keys mean. */

export interface DrawnMessage {
  id: number
  week: string
  text: string
  reason: string
  predicted: string
  confidence: number
  emotion_predicted: string
  suggestions: string[]
  status: string
  intent: string
  emotion: string
  score: number | null
  labelled_by: string
  note: string
}

type Figures = Record<'live' | 'candidate', { n: number; business_accuracy: number; base_accuracy: number }>

export interface LoopModel {
  name: string
  status: string
  lines: number
  trained_at: string
  figures: {
    fixed?: Figures
    replay?: Figures
    replayed?: number
    changed?: number
    surer?: number
    less_sure?: number
    moves?: [string, string, number][]
    examples?: { text: string; live: string; candidate: string }[]
    refusals?: string[]
  }
}

export interface Standing {
  week: string
  counts: Record<string, number>
  live: string
  candidate: string
  step: string
  told: string
  me: string
  names: Record<string, string>
  models: LoopModel[]
  titles: Record<string, string>
  groups: { base: string; intents: string[] }[]
  scores: Record<string, number[]>
}

export const REASONS: Record<string, string> = {
  complaint: '投诉或不满',
  disagreed: '几种判断不一致',
  new: '没见过的说法',
  uncertain: '没有把握',
  chance: '随机抽到',
}

export const STATUS: Record<string, string> = {
  waiting: '等人标注',
  labelled: '等人审核',
  skipped: '跳过',
  approved: '等着训练',
  kept: '留作考核',
  taken: '已学会',
  clash: '有冲突',
  live: '在用',
  retired: '用过',
  candidate: '等待考核',
  refused: '没有通过',
}

const EMOTIONS: Record<string, string> = { q: 'impatient', w: 'hesitant', e: 'satisfied', r: 'calm' }

/** The loop's steps in their order. */
export const STAGES = ['抽取', '标注', '审核', '训练', '考核', '上线']

/** The place among STAGES of what is to be done next; -1 when nothing is. */
export function stageOf(standing: Pick<Standing, 'step' | 'counts'>): number {
  const commands = ['draw', '', '', 'train', 'gate', 'release']
  if (standing.step) return commands.indexOf(standing.step)
  if (standing.counts['waiting']) return 1
  return standing.counts['labelled'] ? 2 : -1
}

export type Meant = { kind: 'label' | 'emotion'; value: string } | { kind: 'skip' | 'next' | 'previous' | 'other' | 'undo' }

/** What a key means for the message shown; null for keys that mean nothing here, or belong to the browser. */
export function keyed(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>, shown?: DrawnMessage): Meant | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null
  const key = event.key.toLowerCase()
  if (key === 'z') return { kind: 'undo' }
  if (!shown) return null
  if (key === 's') return { kind: 'skip' }
  if (key === '0') return { kind: 'other' }
  if (key === 'arrowright') return { kind: 'next' }
  if (key === 'arrowleft') return { kind: 'previous' }
  const emotion = EMOTIONS[key]
  if (emotion) return { kind: 'emotion', value: emotion }
  const intent = /^[1-5]$/.test(key) ? shown.suggestions[Number(key) - 1] : undefined
  return intent ? { kind: 'label', value: intent } : null
}
