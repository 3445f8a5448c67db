/** The live connection's news and what they change on the page. */

import { post } from '../shared/api'
import { me } from '../staff/session'
import type { DeskMessage, LiveEvent } from '../staff/types'
import { alert, told } from './alerts'
import { ring } from './bell'
import { Live } from './live'
import { attempt, keep, readColleagues, readLists, readThread, readTickets } from './reading'
import { box, chat, chats, colleagues, current, forgetAll, isMine, isSupervisor, nameOf, online, threadOf } from './state'

export let live: Live | null = null

export function start(): void {
  const protocol = location.protocol === 'https:' ? 'wss' : 'ws'
  live = new Live(
    (after) => {
      const query = after === null ? '' : `?after=${after}`
      return new WebSocket(`${protocol}://${location.host}/api/desk/events${query}`) as never
    },
    {
      online: (on) => (online.value = on),
      resync: () => void readAll(),
      happened,
      signedOut: () => (me.value = null),
    },
  )
  live.start()
}

export function stop(): void {
  live?.stop()
  live = null
  forgetAll()
}

async function readAll(): Promise<void> {
  await readLists()
  told()
  const here = colleagues.value.find((one) => one.id === me.value?.id)
  if (here && me.value) me.value.agent.presence = here.presence
  if (current.value) await readThread(current.value)
}

/** Shows a conversation; a supervisor's look at somebody else's is told to the server. */
export async function show(id: string | null): Promise<void> {
  const before = chat.value
  if (before && !isMine(before) && isSupervisor.value) live?.watch(before.id, false)
  current.value = id
  if (!id) return
  const found = chat.value
  if (found && !isMine(found) && isSupervisor.value) live?.watch(id, true)
  await readThread(id)
  markRead(id)
}

function markRead(id: string): void {
  const found = chats.get(id)
  if (!found || !isMine(found) || !found.unread || document.hidden) return
  found.unread = 0
  told()
  void post(`/api/desk/conversations/${id}/read`, { number: threadOf(id).newest }).catch(() => undefined)
}

document.addEventListener('visibilitychange', () => {
  if (current.value) markRead(current.value)
})

function happened(event: LiveEvent): void {
  const id = event.conversation ?? ''
  const found = chats.get(id)
  switch (event.type) {
    case 'message':
      if (event.message) said(id, event.message)
      break
    case 'owner':
      owned(id, event)
      break
    case 'typing':
      if (event.author === 'customer') threadOf(id).customerTypes(Boolean(event.on))
      break
    case 'tags':
      if (found) found.tags = event.tags ?? []
      break
    case 'sla':
      alert(id, `超过应答时限 ${Math.round(event.late ?? 0)} 秒${(event.level ?? 1) >= 2 ? '，已升级给主管' : '，已换下一位客服'}`, true)
      break
    case 'alert':
      alert(id, event.reason === 'risk_word' ? `顾客提到“${(event.words ?? []).join('、')}”` : `顾客情绪变差（${event.score} 分）`, true)
      break
    case 'undelivered':
      alert(id, `第 ${event.number} 条没有送到顾客：${event.error ?? ''}`, true)
      break
    case 'answered':
      if (found) found.answer_by = found.waiting_since = found.unanswered_since = null
      break
    case 'presence':
      present(event)
      break
    case 'ticket':
      void attempt(readTickets)
      break
    case 'agent':
      void attempt(readColleagues)
      break
  }
}

function present(event: LiveEvent): void {
  const one = colleagues.value.find((each) => each.id === event.agent)
  if (!one || !event.presence) return
  one.presence = event.presence
  if (one.id === me.value?.id) me.value.agent.presence = event.presence
}

export function said(id: string, message: DeskMessage): void {
  const thread = threadOf(id)
  thread.merge([message])
  const found = chats.get(id)
  if (!found) return
  if (message.author === 'note') {
    if (message.whisper && isMine(found)) alert(id, `${message.name ?? '主管'}悄悄说：${message.text ?? ''}`, false)
    return
  }
  if (message.author === 'system') return
  found.last = { id: message.id, author: message.author, time: message.time, text: message.text ?? '［图片］' }
  if (message.author === 'customer') {
    thread.customerTypes(false)
    found.unread += 1
    found.unanswered_since ??= message.time
    if (id === current.value) markRead(id)
    if (isMine(found) && (id !== current.value || document.hidden)) ring()
  } else if (message.author === 'agent') {
    found.unanswered_since = found.answer_by = found.waiting_since = null
  }
  told()
}

function owned(id: string, event: LiveEvent): void {
  const now = event.now
  if (!now) return
  const known = chats.get(id)
  const wasMine = known !== undefined && isMine(known)
  keep(now)
  const found = chats.get(id)!
  if (isMine(found) && !wasMine) {
    ring(found.priority > 0)
    if (!current.value) {
      box.value = 'mine'
      void show(id)
    }
  }
  if (wasMine && !isMine(found)) lost(id, event)
  if (found.owner !== 'agent' && found.owner !== 'waiting' && id !== current.value) chats.delete(id)
  told()
}

/** Why the chat is another's now, where it was not the agent's own doing. */
function lost(id: string, event: LiveEvent): void {
  const why: Record<string, string> = { offline: '您离线了', silent: '太久没有回复', sla: '超过了应答时限' }
  if (event.move === 'return') alert(id, `会话已退回队列：${why[event.reason ?? ''] ?? '没有及时回复'}`, false)
  if (event.move === 'take') alert(id, `${nameOf(event.now?.agent ?? null)}接管了这个会话`, false)
}
