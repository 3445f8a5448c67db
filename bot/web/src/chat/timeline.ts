/** The messages a page shows: those the server has numbered, then those still on their way, each exactly once. */

import type { WireMessage } from '../shared/messages'

export type Sending = 'sending' | 'failed'

export interface Outgoing {
  client_id: string
  /** what the bot gets: the words, or a button's payload */
  message: string
  /** what the customer sees */
  text: string
  /** a picture on the server: its name, and where it is shown from */
  image?: string
  src?: string
  time: string
  state: Sending
  /** why it failed for good, in Chinese */
  reason?: string
}

export class Timeline {
  readonly stored = new Map<number, WireMessage>()
  outgoing: Outgoing[] = []

  /** The highest number seen: what a reconnecting page tells the server. */
  get lastId(): number {
    return Math.max(0, ...this.stored.keys())
  }

  get firstId(): number {
    return this.stored.size ? Math.min(...this.stored.keys()) : 0
  }

  get shown(): WireMessage[] {
    return [...this.stored.values()].filter((message) => !message.hidden).sort((a, b) => a.id - b.id)
  }

  /** Takes in messages from the server; a message of ours among them has arrived. */
  merge(messages: WireMessage[]): void {
    for (const message of messages) {
      this.stored.set(message.id, message)
      if (message.client_id) this.settle(message.client_id)
    }
  }

  /** Takes in a replay after `lastId`; one that does not join on replaces what is shown. */
  replay(messages: WireMessage[]): void {
    const first = messages[0]
    if (first && first.id > this.lastId + 1) this.stored.clear()
    this.merge(messages)
  }

  settle(clientId: string): void {
    this.outgoing = this.outgoing.filter((message) => message.client_id !== clientId)
  }

  clear(): void {
    this.stored.clear()
  }
}
