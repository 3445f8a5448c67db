/** Reads lists and conversations from the server. */

import { ElMessage } from 'element-plus'
import { ApiError, get } from '../shared/api'
import type { Agent, Chat, DeskMessage, Phrase, Ticket } from '../staff/types'
import { chats, closed, colleagues, current, isSupervisor, phrases, threadOf, tickets } from './state'

/** Runs what the agent asked for; what goes wrong is told, and the list is read anew where it was out of date. */
export async function attempt<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    return await action()
  } catch (reason) {
    ElMessage.error(reason instanceof ApiError ? reason.message : '没有成功，请再试')
    if (reason instanceof ApiError && reason.status === 409) void readLists()
    return null
  }
}

/** Takes in a conversation unless a newer state of it is known. */
export function keep(found: Chat): void {
  const known = chats.get(found.id)
  if (!known || found.version >= known.version) chats.set(found.id, found)
}

export async function readLists(): Promise<void> {
  const boxes = isSupervisor.value ? ['mine', 'waiting', 'agents'] : ['mine', 'waiting']
  await attempt(async () => {
    const [, , , ...lists] = await Promise.all([
      readColleagues(),
      readTickets(),
      readPhrases(),
      ...boxes.map((name) => get<{ conversations: Chat[] }>('/api/desk/conversations', { box: name })),
    ])
    const found = lists.flatMap((list) => list.conversations)
    const known = new Set(found.map((one) => one.id))
    for (const id of [...chats.keys()]) if (!known.has(id) && id !== current.value) chats.delete(id)
    found.forEach(keep)
  })
}

export async function readColleagues(): Promise<void> {
  colleagues.value = (await get<{ agents: Agent[] }>('/api/desk/colleagues')).agents
}

export async function readTickets(): Promise<void> {
  tickets.value = (await get<{ tickets: Ticket[] }>('/api/desk/tickets')).tickets
}

export async function readPhrases(): Promise<void> {
  phrases.value = (await get<{ phrases: Phrase[] }>('/api/desk/phrases')).phrases
}

export async function readClosed(): Promise<void> {
  await attempt(async () => {
    closed.value = (await get<{ conversations: Chat[] }>('/api/desk/conversations', { box: 'closed' })).conversations
  })
}

export async function readThread(id: string, older = false): Promise<void> {
  const thread = threadOf(id)
  const query = older ? { before: thread.oldest } : {}
  await attempt(async () => {
    const found = await get<{ messages: DeskMessage[] }>(`/api/desk/conversations/${id}/messages`, query)
    thread.merge(found.messages)
  })
}
