/**
 * The live connection: reconnects by itself and goes on after the last event it has, so that none is missed or shown
 * twice (docs/api/desk.md, 实时事件).
 */

import type { LiveEvent } from '../staff/types'

/** The part of a WebSocket that is needed, so that tests can bring their own. */
export interface SocketLike {
  onopen: (() => void) | null
  onmessage: ((event: { data: string }) => void) | null
  onclose: ((event: { code: number }) => void) | null
  send(data: string): void
  close(): void
}

export interface Listener {
  /** Events may have been missed, or this is the first connection: read everything anew. */
  resync(): void
  happened(event: LiveEvent): void
  online(on: boolean): void
  signedOut(): void
}

const SIGNED_OUT = 4401
const FIRST_WAIT = 500
const LONGEST_WAIT = 10_000

export class Live {
  private socket: SocketLike | null = null
  private last: number | null = null
  private wait = FIRST_WAIT
  private ended = false
  private readonly watched = new Set<string>()

  constructor(
    private readonly open: (after: number | null) => SocketLike,
    private readonly listener: Listener,
    private readonly later: (action: () => void, ms: number) => unknown = (action, ms) => setTimeout(action, ms),
  ) {}

  start(): void {
    const socket = this.open(this.last)
    this.socket = socket
    socket.onmessage = (event) => this.received(socket, JSON.parse(event.data) as LiveEvent)
    socket.onclose = (event) => this.closed(socket, event.code)
  }

  stop(): void {
    this.ended = true
    this.socket?.close()
  }

  typing(conversation: string, on: boolean): void {
    this.say({ type: 'typing', conversation, on })
  }

  /** A supervisor's look at somebody else's chat; told again after a reconnect. */
  watch(conversation: string, on: boolean): void {
    if (on) this.watched.add(conversation)
    else this.watched.delete(conversation)
    this.say({ type: 'watch', conversation, on })
  }

  private say(content: object): void {
    try {
      this.socket?.send(JSON.stringify(content))
    } catch {
      // not open right now: typing is forgotten, watching is told again with the next hello
    }
  }

  private received(socket: SocketLike, event: LiveEvent): void {
    if (socket !== this.socket) return
    if (event.type === 'hello' || event.type === 'resync') {
      this.wait = FIRST_WAIT
      this.listener.online(true)
      for (const conversation of this.watched) this.say({ type: 'watch', conversation, on: true })
      if (event.type === 'resync' || this.last === null) {
        this.last = event.event ?? 0
        this.listener.resync()
      }
      return
    }
    if (event.event !== undefined) {
      if (this.last !== null && event.event <= this.last) return
      this.last = event.event
    }
    this.listener.happened(event)
  }

  private closed(socket: SocketLike, code: number): void {
    if (socket !== this.socket) return
    this.socket = null
    this.listener.online(false)
    if (this.ended) return
    if (code === SIGNED_OUT) {
      this.listener.signedOut()
      return
    }
    this.later(() => {
      if (!this.ended) this.start()
    }, this.wait)
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT)
  }
}
