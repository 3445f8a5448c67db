/** What the API of bot/insight/api.py sends. */

export type Unit = '秒' | '%' | '分' | '元' | '次' | '句'
export type Cut = 'channel' | 'base' | 'intent' | 'segment' | 'handled_by' | 'agent'
export type Values = Record<string, number | null>
export type Filters = Partial<Record<Cut, string>>

export interface Figure {
  key: string
  title: string
  definition: string
  unit: Unit
  better: 'low' | 'high' | ''
  target: number | null
}

export interface Definitions {
  figures: Figure[]
  cuts: Cut[]
  repurchase: string
  titles: Record<string, string>
  segments: Record<string, string>
  channels: Record<string, string>
}

export interface Measured {
  key: string
  value: number | null
  count: number
  target: number | null
  met: boolean | null
}

export interface Overview {
  from: string
  to: string
  contacts: number
  contacts_before: number
  figures: Measured[]
  before: Measured[]
  repurchase: { value: number | null; before: number | null }
  days: { day: string; contacts: number; values: Values }[]
}

export interface Breakdown {
  by: Cut
  rows: { value: string; contacts: number; values: Values }[]
}

export interface Contact {
  conversation_id: string
  started_at: string
  channel: string
  base: string
  intent: string
  handled_by: 'bot' | 'agent' | 'nobody'
  agent: string
  first_response_ms: number | null
  messages: number
  handed_off: boolean
  repeated: boolean
  solved_vote: boolean | null
  stars: number | null
  order_no: string | null
  order_fen: number | null
}

export interface ContactPage {
  count: number
  page: number
  page_size: number
  contacts: Contact[]
}

export interface Told {
  kind: string
  at: string
  actor: string
  data: Record<string, unknown>
}

export interface Arm {
  variant: string
  customers: number
  converted: number
  stars: number[]
  rate: number
}

export interface Experiment {
  name: string
  title: string
  place: 'welcome' | 'recommendation' | 'offer_timing'
  status: 'draft' | 'running' | 'stopped'
  started_at: string | null
  minimum_hours: number
  lift_points: number
  winner: string | null
  variants: Record<string, { title: string; value: string; weight: number }>
  arms: Arm[]
  conclusion: string
  verdict: {
    outcome: string
    needed: number
    until: string | null
    winner: string | null
    split_p: number
    mixed: number
    compared: {
      arm: Arm
      wins: boolean
      lift: { difference: number; low: number; high: number; always_valid_p: number }
      satisfaction: { difference: number | null; not_inferior: boolean | null }
    }[]
  }
}

export interface Standing {
  measure: string
  title: string
  month: string
  own: number
  best: number
  median: number
  rank: number
  of: number
  trend: number | null
  gap: number
}

export interface Peers {
  standings: Standing[]
  gaps: { title: string; note: string; priority: number }[]
  own: Record<string, Values>
  peers: Record<string, Record<string, { median: number; best: number }>>
}

export interface Improvement {
  id: number
  title: string
  note: string
  priority: 1 | 2 | 3
  owner: string
  due: string | null
  status: string
  source: string
  changed_at: string
}

export interface Drawn {
  conversation_id: string
  started_at: string
  channel: string
  base: string
  intent: string
  handled_by: string
  stars: number | null
}

/** A target that was missed on a day. */
export interface Alert {
  day: string
  figure: string
  value: number
  target: number
  at: string
  sent: boolean
}

export interface Reason {
  reason: string
  contacts: number
  wait_ms: number | null
}

/** One thing that was asked: an entry, or a group of questions that none answers. */
export interface AskedLine {
  question: string
  entry_id: string | null
  asked: number
  answered: number
  near: number
  none: number
  helpful: number
  unhelpful: number
  handed_over: number
  repeated: number
  score: number
  examples: string[]
}

export interface HeatMap {
  ready: true
  days: number
  asked: number
  answered: number
  near: number
  none: number
  helpful: number
  unhelpful: number
  entries: AskedLine[]
  unanswered: AskedLine[]
  improve: AskedLine[]
  heat: Record<string, Record<string, number>>
  formula: string
}
