/** What docs/api/desk.md describes. */

import type { WireMessage } from '../shared/messages'

export type Presence = 'online' | 'away' | 'offline'
export type Owner = 'bot' | 'waiting' | 'agent' | 'closed'
export type Role = 'agent' | 'supervisor' | 'admin'

export interface Agent {
  id: string
  name: string
  presence: Presence
  supervisor: boolean
  skills: string[]
  capacity: number
  open_chats: number
}

export interface Me {
  id: string
  name: string
  role: Role
  must_change_password: boolean
  csrf: string
  last_event: number
  agent: Agent
  desk: {
    categories: Record<string, string>
    answer_within: Record<string, number>
    message_max_length: number
    image_max_mb: number
    password_min_length: number
    shop_name: string
  }
}

export interface Note {
  reason?: string
  text?: string
  contact?: string
  flow?: string | null
  collected?: Record<string, unknown>
  unclear?: string[]
  emotion?: string | null
  emotion_score?: number | null
}

export interface Chat {
  id: string
  channel: string
  owner: Owner
  version: number
  agent: string | null
  category: string
  category_title: string
  priority: number
  vip: boolean
  created_at: string
  waiting_since: string | null
  assigned_at: string | null
  answer_by: string | null
  unanswered_since: string | null
  escalations: number
  unread: number
  tags: string[]
  ticket: number | null
  note: Note
  last: { id: number; author: string; time: string; text: string } | null
}

export interface DeskMessage extends Omit<WireMessage, 'author'> {
  author: 'customer' | 'bot' | 'agent' | 'system' | 'note'
  sender?: string
  name?: string
  whisper?: boolean
  rating?: { stars: number | null; solved: boolean | null }
  unsaid?: boolean
}

export interface Customer {
  customer: { id: string; name: string; city: string; since: string; orders: number } | null
  segment: { id: string; title: string } | null
  orders: {
    no: string
    status: string
    status_title: string
    amount: string
    created_at: string
    goods: string
    trace: string
  }[]
  emotions: { number: number; time: string; emotion: string; score: number }[]
  note: Note
}

export interface Suggestion {
  text: string
  source: string
  from: string
  score: number
}

export interface Goods {
  sku: string
  title: string
  price: string
  stock: { warehouse: string; available: number }[]
  parameters: Record<string, string>
  image: string | null
}

export interface Ticket {
  id: number
  conversation: string
  state: 'open' | 'taken' | 'done'
  category_title: string
  priority: number
  note: Note
  agent: string | null
  created_at: string
}

export interface Overview {
  queues: { category: string; title: string; waiting: number }[]
  longest_wait_seconds: number
  answer_seconds: number
  open_tickets: number
  agents: Agent[]
  waiting: Chat[]
  chats: Chat[]
  breaches: { event: number; at: string; conversation: string; agent: string | null; level: number; late: number; category: string }[]
}

export interface Phrase {
  id: number
  title: string
  text: string
  shared: boolean
}

export interface Account {
  id: string
  name: string
  role: Role
  disabled: boolean
  must_change_password: boolean
  agent: { skills: string[]; dedicated: string[]; capacity: number } | null
}

/** A line of the live connection; more fields by `type`. */
export interface LiveEvent {
  event?: number
  type: string
  at?: string
  conversation?: string | null
  agent?: string | null
  message?: DeskMessage
  now?: Chat
  move?: string
  before?: Owner
  owner?: Owner
  agent_before?: string | null
  presence?: Presence
  level?: number
  late?: number
  reason?: string
  words?: string[]
  score?: number
  author?: string
  on?: boolean
  tags?: string[]
  number?: number
  error?: string
}
