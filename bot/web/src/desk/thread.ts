/** The messages of one conversation in order, each once, and those on their way to the server. */

import type { DeskMessage } from '../staff/types'

const TYPING_MS = 8000

export interface Sending {
  client_id: string
  text: string
  image?: string
  note: boolean
  failed?: string
}

export class Thread {
  readonly messages: DeskMessage[] = []
  sending: Sending[] = []
  typing = false
  stopsAt: ReturnType<typeof setTimeout> | undefined

  /** The customer's page says so every few seconds; one that is gone says nothing more. */
  customerTypes(on: boolean): void {
    clearTimeout(this.stopsAt)
    this.typing = on
    if (on) this.stopsAt = setTimeout(() => (this.typing = false), TYPING_MS)
  }

  /** Whether older messages may be on the server. */
  get more(): boolean {
    const first = this.messages[0]
    return first !== undefined && first.id > 1
  }

  get newest(): number {
    return this.messages[this.messages.length - 1]?.id ?? 0
  }

  get oldest(): number {
    return this.messages[0]?.id ?? 0
  }

  merge(found: DeskMessage[]): void {
    for (const message of found) {
      let at = this.messages.length
      while (at > 0 && this.messages[at - 1]!.id > message.id) at -= 1
      if (this.messages[at - 1]?.id === message.id) this.messages[at - 1] = message
      else this.messages.splice(at, 0, message)
      // The server puts the agent's name before the id.
      if (message.client_id) this.sending = this.sending.filter((s) => !message.client_id!.endsWith(s.client_id))
    }
  }
}

/** An id that the server takes, different each time. */
export function newClientId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).reduce((id, n) => id + n.toString(36), 'm')
}
