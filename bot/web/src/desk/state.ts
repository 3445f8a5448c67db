/** What the desk's page knows. */

import { computed, reactive, ref } from 'vue'
import { me } from '../staff/session'
import type { Agent, Chat, Phrase, Ticket } from '../staff/types'
import { Thread } from './thread'

export type Box = 'mine' | 'waiting' | 'closed' | 'agents' | 'tickets'

export const online = ref(false)
export const box = ref<Box>('mine')
export const chats = reactive(new Map<string, Chat>())
export const closed = ref<Chat[]>([])
export const tickets = ref<Ticket[]>([])
export const colleagues = ref<Agent[]>([])
export const phrases = ref<Phrase[]>([])
export const current = ref<string | null>(null)
const threads = reactive(new Map<string, Thread>())

export const isMine = (chat: Chat) => chat.owner === 'agent' && chat.agent === me.value?.id
const bySince = (a: Chat, b: Chat) => (a.assigned_at ?? a.created_at).localeCompare(b.assigned_at ?? b.created_at)
/** In the order of their arrival, so that Alt+1 stays the same chat while others come and go behind it. */
export const mine = computed(() => [...chats.values()].filter(isMine).sort(bySince))
/** In the order in which they are served, as bot/conversations/queue.py has it. */
export const waiting = computed(() => [...chats.values()].filter((chat) => chat.owner === 'waiting').sort(served))
export const others = computed(() => [...chats.values()].filter((chat) => chat.owner === 'agent' && !isMine(chat)).sort(bySince))
export const unread = computed(() => mine.value.reduce((sum, chat) => sum + chat.unread, 0))
export const isSupervisor = computed(() => me.value?.role !== 'agent')
export const chat = computed(() => {
  const id = current.value
  return id ? (chats.get(id) ?? closed.value.find((one) => one.id === id) ?? null) : null
})

export function served(a: Chat, b: Chat): number {
  return (
    b.priority - a.priority ||
    Number(b.vip) - Number(a.vip) ||
    (a.waiting_since ?? '').localeCompare(b.waiting_since ?? '') ||
    a.id.localeCompare(b.id)
  )
}

export function threadOf(id: string): Thread {
  let thread = threads.get(id)
  if (!thread) {
    threads.set(id, new Thread())
    thread = threads.get(id)!
  }
  return thread
}

/** An agent's name by her id; the id where she is not known. */
export function nameOf(id: string | null): string {
  return colleagues.value.find((one) => one.id === id)?.name ?? id ?? ''
}

/** What a chat is called where several are listed: its category and the beginning of its id. */
export function titleOf(chat: Pick<Chat, 'category_title' | 'id'>): string {
  return `${chat.category_title || '会话'} ${chat.id.slice(0, 4)}`
}

export function forgetAll(): void {
  chats.clear()
  threads.clear()
  current.value = null
}
