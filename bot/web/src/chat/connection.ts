/**
 * The conversation with the server: session, replay after a reconnect, and an outbox whose messages are sent one by
 * one, again and again, until the server says that it holds them. The server drops what it has already.
 */

import type { PageFacts, Receipt, WireMessage } from '../shared/messages'
import type { Keeper } from '../shared/storage'
import { Timeline, type Outgoing } from './timeline'

/** The part of a socket.io client that is needed, so that tests can bring their own. */
export interface SocketLike {
  connected: boolean
  on(event: string, handler: (data: never) => void): unknown
  timeout(ms: number): { emitWithAck(event: string, data: unknown): Promise<unknown> }
}

export interface State {
  online: boolean
  ready: boolean
  typing: boolean
  version: number
}

const SESSION = 'dianxiaoer.session'
const OUTBOX = 'dianxiaoer.outbox'
const REASONS: Record<string, string> = {
  too_long: '消息太长，请分成几条发送',
  empty: '消息是空的',
}
const ACK_MS = 8000

export class Connection {
  readonly timeline = new Timeline()
  private flushing = false

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
      state.online = state.ready = state.typing = false
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
      this.changed()
    })
    socket.on('typing', (data: { on: boolean }) => {
      state.typing = data.on
    })
  }

  /** Puts a message into the outbox; `payload` is what the bot gets of a pressed button. */
  send(text: string, payload?: string): void {
    const client_id = crypto.getRandomValues(new Uint32Array(4)).reduce((id, n) => id + n.toString(36), 'c')
    const time = new Date().toISOString()
    this.timeline.outgoing.push({ client_id, message: payload ?? text, text, time, state: 'sending' })
    this.changed()
    void this.flush()
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
    const { client_id, text } = message
    const data = { session_id: this.session.get(SESSION), message: message.message, client_id, metadata: this.facts }
    const receipt = await this.ask<Receipt>('user_uttered', data)
    if (receipt?.ok) {
      this.timeline.merge([{ id: receipt.id, time: receipt.time, author: 'customer', client_id, text }])
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
