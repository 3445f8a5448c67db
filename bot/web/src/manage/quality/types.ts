/** What the API of bot/quality/api.py sends. */

export type Verdict = 'pass' | 'fail' | 'na'

export interface Criterion {
  name: string
  title: string
  weight: number
  veto: boolean
  check: string
}

export interface QualityDefinitions {
  criteria: Criterion[]
  names: Record<string, string>
  supervises: boolean
  top: number
}

export interface CriterionFigure {
  criterion: string
  passed: number
  failed: number
  rate: number | null
}

export interface ScoreDay {
  day: string
  talks: number
  score: number
}

export interface QualityOverview {
  talks: number
  score: number | null
  score_before: number | null
  days: ScoreDay[]
  criteria: CriterionFigure[]
}

export interface Finding {
  talk_id: string
  criterion: string
  conversation_id: string
  kind: 'chat' | 'call'
  channel: string
  agent: string
  side: 'customer' | 'bot' | 'agent' | 'someone'
  points: number
  number: number
  offset: number
  quote: string
  message: string
  said_at: string
  suggestion: string
  overturned: boolean
  score: number | null
  appeal: AppealStatus | null
}

export interface FindingPage {
  count: number
  page: number
  page_size: number
  findings: Finding[]
}

export interface Case {
  talk_id: string
  conversation_id: string
  kind: 'chat' | 'call'
  channel: string
  started_at: string
  agent: string
  score: number | null
  findings: Finding[]
}

export interface AgentFigure {
  agent: string
  talks: number
  score: number | null
  failed: number
  weakest: string
}

export type AppealStatus = 'open' | 'accepted' | 'rejected'

export interface Appeal {
  id: number
  talk_id: string
  criterion: string
  agent: string
  reason: string
  made_at: string
  status: AppealStatus
  decided_by: string | null
  decided_at: string | null
  answer: string
  quote: string
}

export interface Appeals {
  appeals: Appeal[]
  agreement: { criterion: string; decided: number; upheld: number; rate: number }[]
}

export interface CallLine {
  id: string
  talk_id: string
  agent: string
  customer: string
  started_at: string
  seconds: number
  source: string
  score: number | null
  failed: number
  told_apart: boolean
}

export interface Transcript {
  talk_id: string
  conversation_id: string
  kind: 'chat' | 'call'
  channel: string
  agent: string
  started_at: string
  score: number | null
  verdicts: Record<string, Verdict>
  lines: { number: number; side: Finding['side']; agent: string; at: string; text: string; seconds: number | null }[]
  findings: Finding[]
}

export interface Mine extends FindingPage {
  talks: number
  score: number | null
  days: ScoreDay[]
  criteria: CriterionFigure[]
  appeals: Appeal[]
}
