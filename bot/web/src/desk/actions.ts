/** What an agent does; everything is told to the server first. */

import { ApiError, post, send } from '../shared/api'
import { me } from '../staff/session'
import type { Chat, DeskMessage, Presence, Ticket } from '../staff/types'
import { live, said, show } from './desk'
import { attempt, keep, readLists, readPhrases } from './reading'
import { box, chats, current, mine, threadOf, tickets, waiting } from './state'
import { newClientId } from './thread'

export const actions = {
  claimFirst: async () => {
    const first = waiting.value[0]
    if (first) await actions.claim(first.id)
  },
  claim: (id: string) =>
    attempt(async () => {
      keep(await post<Chat>(`/api/desk/conversations/${id}/claim`))
      box.value = 'mine'
      await show(id)
    }),
  takeTicket: (ticket: Ticket) =>
    attempt(async () => {
      keep(await post<Chat>(`/api/desk/tickets/${ticket.id}/take`))
      tickets.value = tickets.value.filter((one) => one.id !== ticket.id)
      box.value = 'mine'
      await show(ticket.conversation)
    }),
  bargeIn: (id: string) =>
    attempt(async () => {
      keep(await post<Chat>(`/api/desk/conversations/${id}/barge-in`))
      box.value = 'mine'
    }),
  whisper: (id: string, text: string) =>
    attempt(async () => {
      const body = { client_id: newClientId(), text }
      threadOf(id).merge([await post<DeskMessage>(`/api/desk/conversations/${id}/whisper`, body)])
    }),
  transfer: (id: string, to: { category?: string; agent?: string }, note: string) =>
    attempt(async () => {
      await post(`/api/desk/conversations/${id}/transfer`, note ? { ...to, note } : to)
      await left(id)
      return true
    }),
  close: (id: string, resolved: boolean) =>
    attempt(async () => {
      await post(`/api/desk/conversations/${id}/close`, { resolved })
      await left(id)
      return true
    }),
  giveBack: (id: string) =>
    attempt(async () => {
      await post(`/api/desk/conversations/${id}/give-back`)
      await left(id)
      return true
    }),
  tag: (id: string, tags: string[]) =>
    attempt(async () => {
      await send('PUT', `/api/desk/conversations/${id}/tags`, { tags })
      const found = chats.get(id)
      if (found) found.tags = tags
    }),
  presence: (presence: Presence) =>
    attempt(async () => {
      await send('PUT', '/api/desk/presence', { presence })
      if (me.value) me.value.agent.presence = presence
    }),
  savePhrase: (title: string, text: string, shared: boolean, id?: number) =>
    attempt(async () => {
      await send(id === undefined ? 'POST' : 'PUT', `/api/desk/phrases${id === undefined ? '' : `/${id}`}`, { title, text, shared })
      await readPhrases()
      return true
    }),
  dropPhrase: (id: number) =>
    attempt(async () => {
      await send('DELETE', `/api/desk/phrases/${id}`)
      await readPhrases()
    }),
  typing: (id: string, on: boolean) => live?.typing(id, on),
}

/** The chat is gone from the agent: on to the next one. */
async function left(id: string): Promise<void> {
  const index = mine.value.findIndex((one) => one.id === id)
  const next = mine.value[index + 1] ?? mine.value[index - 1] ?? null
  if (current.value === id) await show(next?.id ?? null)
  await readLists()
}

/** Puts a message into the thread and sends it, again and again until the server has it. */
export async function say(id: string, text: string, note = false, image?: string): Promise<void> {
  const thread = threadOf(id)
  const sending = { client_id: newClientId(), text, note, ...(image ? { image } : {}) }
  thread.sending.push(sending)
  await deliver(id, sending.client_id)
}

export async function deliver(id: string, clientId: string): Promise<void> {
  const thread = threadOf(id)
  const sending = thread.sending.find((one) => one.client_id === clientId)
  if (!sending) return
  delete sending.failed
  const path = `/api/desk/conversations/${id}/${sending.note ? 'notes' : 'messages'}`
  const body = { client_id: clientId, ...(sending.image ? { image: sending.image } : { text: sending.text }) }
  for (let tries = 0; ; tries += 1) {
    try {
      const message = await post<DeskMessage>(path, body)
      thread.merge([message])
      if (!sending.note) said(id, message)
      return
    } catch (reason) {
      const passing = reason instanceof ApiError && (reason.status === 0 || reason.status >= 500)
      if (passing && tries < 4) {
        await new Promise((done) => setTimeout(done, 500 * 2 ** tries))
        continue
      }
      sending.failed = reason instanceof ApiError ? reason.message : '没有发出'
      if (reason instanceof ApiError && reason.status === 409) void readLists()
      return
    }
  }
}
