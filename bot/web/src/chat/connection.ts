/**
 * The conversation with the server: session, replay after a reconnect, and an outbox whose messages are sent one by
 * one, again and again, until the server says that it holds them. The server drops what it has already.
 */

import type { PageFacts, Receipt, WireMessage } from '../shared/messages'
import type { Keeper } from '../shared/storage'
import { Timeline, type Outgoing } from './timeline'
import { NOBODY_YET, type Who } from './who'

/** The part of a socket.io client that is needed, so that tests can bring their own. */
export interface SocketLike {
  connected: boolean
  on(event: string, handler: (data: never) => void): unknown
  emit(event: string, data: unknown): unknown
  timeout(ms: number): { emitWithAck(event: string, data: unknown): Promise<unknown> }
}

export interface State {
  online: boolean
  ready: boolean
  /** who is writing */
  typing: 'bot' | 'agent' | null
  who: Who
  /** when `who` was told, in ms */
  told: number
  version: number
}

export function newState(): State {
  return { online: false, ready: false, typing: null, who: NOBODY_YET, told: 0, version: 0 }
}

const SESSION = 'dianxiaoer.session'
const OUTBOX = 'dianxiaoer.outbox'
const REASONS: Record<string, string> = {
  too_long: '消息太长，请分成几条发送',
  empty: '消息是空的',
  no_image: '图片已经过期，请重新选一张',
}
const ACK_MS = 8000
const TYPING_MS = 8000 // who says nothing more after that has stopped

type Answer = { ok: true } | { ok: false; error: string; retry_after?: number; max_length?: number }

export class Connection {
  readonly timeline = new Timeline()
  private flushing = false
  private stopTyping: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly socket: SocketLike,
    private readonly state: State,
    private readonly facts: PageFacts,
    private readonly session: Keeper,
    private readonly drafts: Keeper,
    private readonly pause: (ms: number) => Promise<void> = (ms) => new Promise((done) => setTimeout(done, ms)),
  ) {
    this.timeline.outgoing = this.readOutbox()
    socket.on('connect', () => void this.begin())
    socket.on('disconnect', () => {
      state.online = state.ready = false
      state.typing = null
    })
    socket.on('session_confirm', (id: string) => this.confirm(id))
    socket.on('session_history', (data: { messages: WireMessage[] }) => {
      if (state.ready) this.timeline.merge(data.messages)
      else this.timeline.replay(data.messages)
      state.ready = true
      this.changed()
      void this.flush()
    })
    socket.on('bot_uttered', (message: WireMessage) => {
      this.timeline.merge([message])
      if (message.author === state.typing) state.typing = null
      this.changed()
    })
    socket.on('typing', (data: { on: boolean; author?: 'bot' | 'agent' }) => {
      state.typing = data.on ? (data.author ?? 'bot') : null
      clearTimeout(this.stopTyping)
      // The bot always says that it is through; an agent's page may be gone before it does.
      if (state.typing === 'agent') this.stopTyping = setTimeout(() => (state.typing = null), TYPING_MS)
    })
    socket.on('owner', (who: Who) => {
      if (JSON.stringify(who.place) !== JSON.stringify(state.who.place)) state.told = Date.now()
      state.who = who
    })
  }

  /** What the server knows the conversation by; "" before it has told. */
  get sessionId(): string {
    return this.session.get(SESSION) ?? ''
  }

  /** Puts a message into the outbox; `payload` is what the bot gets of a pressed button. */
  send(text: string, payload?: string): void {
    this.put({ message: payload ?? text, text })
  }

  /** Puts a picture that the server has into the outbox. */
  sendPicture(image: string, src: string): void {
    this.put({ message: '', text: '', image, src })
  }

  private put(what: Pick<Outgoing, 'message' | 'text' | 'image' | 'src'>): void {
    const time = new Date().toISOString()
    this.timeline.outgoing.push({ ...what, client_id: newClientId(), time, state: 'sending' })
    this.changed()
    void this.flush()
  }

  /** Tells a person that the customer is writing, or has stopped. */
  typing(on: boolean): void {
    if (this.state.ready) this.socket.emit('user_typing', { on })
  }

  /** Back to the bot; false when somebody has come meanwhile. */
  async cancelWaiting(): Promise<boolean> {
    return (await this.care('cancel_waiting', {})).ok
  }

  /** Leaves a message for later; why it was not taken, in Chinese, or "". The same `client_id` counts once. */
  async leaveMessage(text: string, contact: string, client_id: string): Promise<string> {
    const answer = await this.care('leave_message', { text, contact, client_id })
    if (answer.ok) return ''
    if (answer.error === 'bad_contact') return '请写手机号、微信号或邮箱，5 到 64 个字'
    if (answer.error === 'bad_text') return `留言写 1 到 ${answer.max_length ?? 500} 个字`
    return answer.error === 'not_needed' ? '客服已经来了，直接发消息就行' : '没有提交成功，请再试'
  }

  /** Rates the service that ended; whether it was taken. */
  async rate(of: number, stars: number | null, solved: boolean | null): Promise<boolean> {
    const answer = await this.care('rate', { of, stars, solved })
    return answer.ok || answer.error === 'not_to_rate' // rated before, as on another tab
  }

  private async care(event: string, data: object): Promise<Answer> {
    const answer = await this.ask<Answer>(event, { session_id: this.sessionId, ...data })
    return answer ?? { ok: false, error: 'offline' }
  }

  retry(clientId: string): void {
    const message = this.timeline.outgoing.find((each) => each.client_id === clientId)
    if (!message) return
    message.state = 'sending'
    delete message.reason
    this.changed()
    void this.flush()
  }

  discard(clientId: string): void {
    this.timeline.settle(clientId)
    this.changed()
  }

  /** Fetches messages older than those shown. */
  async older(): Promise<void> {
    const data = { session_id: this.session.get(SESSION), before: this.timeline.firstId }
    const answer = await this.ask<{ ok: boolean; messages?: WireMessage[] }>('history_request', data)
    if (answer?.messages) {
      this.timeline.merge(answer.messages)
      this.changed()
    }
  }

  private async begin(): Promise<void> {
    this.state.online = true
    const data = { session_id: this.session.get(SESSION), last_id: this.timeline.lastId, metadata: this.facts }
    const answer = await this.ask<Receipt>('session_request', data)
    if (this.socket.connected && !answer?.ok) {
      await this.pause(1000 * ((answer && !answer.ok && answer.retry_after) || 2))
      if (this.socket.connected && !this.state.ready) await this.begin()
    }
  }

  private confirm(id: string): void {
    if (this.session.get(SESSION) !== id) this.timeline.clear() // the server does not know the old one any more
    this.session.set(SESSION, id)
  }

  private async flush(): Promise<void> {
    if (this.flushing) return
    this.flushing = true
    try {
      for (let next = this.next(); next && this.state.ready; next = this.next()) await this.deliver(next)
    } finally {
      this.flushing = false
    }
  }

  private next(): Outgoing | undefined {
    return this.timeline.outgoing.find((message) => message.state === 'sending')
  }

  private async deliver(message: Outgoing): Promise<void> {
    const { client_id, text, image, src } = message
    const said = image ? { image } : { message: message.message }
    const data = { session_id: this.session.get(SESSION), ...said, client_id, metadata: this.facts }
    const receipt = await this.ask<Receipt>('user_uttered', data)
    if (receipt?.ok) {
      const content = src ? { attachment: { type: 'image', payload: { src } } } : { text }
      this.timeline.merge([{ id: receipt.id, time: receipt.time, author: 'customer', client_id, ...content }])
    } else if (receipt?.error === 'too_fast') {
      await this.pause(1000 * (receipt.retry_after ?? 1))
    } else if (receipt?.error === 'no_session') {
      this.state.ready = false
      await this.begin()
    } else if (receipt) {
      message.state = 'failed'
      message.reason = REASONS[receipt.error] ?? '发送失败'
    } else {
      await this.pause(1000) // no answer: the line is bad, and the same message goes out again
    }
    this.changed()
  }

  private async ask<T>(event: string, data: unknown): Promise<T | null> {
    try {
      return (await this.socket.timeout(ACK_MS).emitWithAck(event, data)) as T
    } catch {
      return null
    }
  }

  private changed(): void {
    this.drafts.set(OUTBOX, JSON.stringify(this.timeline.outgoing))
    this.state.version += 1
  }

  private readOutbox(): Outgoing[] {
    try {
      const kept: unknown = JSON.parse(this.drafts.get(OUTBOX) ?? '[]')
      return Array.isArray(kept) ? kept : []
    } catch {
      return []
    }
  }
}

/** An id that the server takes, different each time. */
export function newClientId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).reduce((id, n) => id + n.toString(36), 'c')
}
