import { describe, expect, it } from 'vitest'
import { Connection, type SocketLike, type State } from '../src/chat/connection'
import type { WireMessage } from '../src/shared/messages'

/** A server that holds what it is sent once per client id; `lose` drops acknowledgements, `refuse` answers with errors. */
class Fake implements SocketLike {
  connected = false
  handlers = new Map<string, (data: never) => void>()
  stored: WireMessage[] = []
  sent: string[] = []
  requests: { session_id: string | null; last_id: number }[] = []
  lose = 0
  refuse: object[] = []

  on(event: string, handler: (data: never) => void) {
    this.handlers.set(event, handler)
  }
  fire(event: string, data?: unknown) {
    this.handlers.get(event)?.(data as never)
  }
  connect() {
    this.connected = true
    this.fire('connect')
  }
  drop() {
    this.connected = false
    this.fire('disconnect')
  }
  timeout() {
    return {
      emitWithAck: async (event: string, data: never) => {
        if (!this.connected) throw new Error('offline')
        return event === 'session_request' ? this.begin(data) : this.take(data)
      },
    }
  }
  private begin(data: { session_id: string | null; last_id: number }) {
    this.requests.push(data)
    this.fire('session_confirm', data.session_id ?? 'session-1')
    this.fire('session_history', { messages: this.stored.filter((message) => message.id > data.last_id) })
    return { ok: true }
  }
  private take(data: { message: string; client_id: string }) {
    this.sent.push(data.message)
    const error = this.refuse.shift()
    if (error) return error
    let held = this.stored.find((message) => message.client_id === data.client_id)
    if (!held) {
      held = { id: this.stored.length + 1, author: 'customer', time: '2026-01-01T00:00:00Z', client_id: data.client_id, text: data.message }
      this.stored.push(held)
    }
    if (this.lose-- > 0) throw new Error('no acknowledgement')
    return { ok: true, id: held.id, time: held.time }
  }
}

function memory() {
  const kept = new Map<string, string>()
  return { get: (key: string) => kept.get(key) ?? null, set: (key: string, value: string) => void kept.set(key, value) }
}

function open(socket = new Fake(), session = memory(), drafts = memory()) {
  const state: State = { online: false, ready: false, typing: false, version: 0 }
  const pauses: number[] = []
  const pause = async (ms: number) => void pauses.push(ms)
  const connection = new Connection(socket, state, { page_sku: 'S1' }, session, drafts, pause)
  return { socket, state, connection, pauses, session, drafts, shown: () => connection.timeline.shown.map((m) => m.text) }
}

const settled = () => new Promise((done) => setTimeout(done, 5))

describe('the conversation of a page', () => {
  it('keeps what is said offline and sends it in order once connected', async () => {
    const { socket, connection, shown } = open()
    connection.send('一')
    connection.send('二')
    await settled()
    expect(socket.sent).toEqual([])
    socket.connect()
    await settled()
    expect(socket.sent).toEqual(['一', '二'])
    expect(shown()).toEqual(['一', '二'])
    expect(connection.timeline.outgoing).toEqual([])
  })

  it('sends again until acknowledged, and shows the message once', async () => {
    const { socket, connection, shown } = open()
    socket.lose = 2
    socket.connect()
    connection.send('在吗')
    await settled()
    expect(socket.sent).toEqual(['在吗', '在吗', '在吗'])
    expect(shown()).toEqual(['在吗'])
  })

  it('waits when told that it is too fast, and tries again', async () => {
    const { socket, connection, pauses } = open()
    socket.refuse = [{ ok: false, error: 'too_fast', retry_after: 3 }]
    socket.connect()
    connection.send('快')
    await settled()
    expect(pauses).toEqual([3000])
    expect(socket.stored).toHaveLength(1)
  })

  it('marks a refused message as failed, goes on with the next, and retries on request', async () => {
    const { socket, connection, shown } = open()
    socket.refuse = [{ ok: false, error: 'too_long' }]
    socket.connect()
    connection.send('长')
    connection.send('短')
    await settled()
    expect(shown()).toEqual(['短'])
    const [failed] = connection.timeline.outgoing
    expect(failed).toMatchObject({ state: 'failed', reason: '消息太长，请分成几条发送' })
    connection.retry(failed!.client_id)
    await settled()
    expect(shown()).toEqual(['短', '长'])
  })

  it('asks after a reconnect for what it missed', async () => {
    const { socket, connection, shown } = open()
    socket.connect()
    connection.send('一')
    await settled()
    socket.drop()
    socket.stored.push({ id: 2, author: 'bot', time: '2026-01-01T00:00:01Z', text: '答' })
    socket.connect()
    await settled()
    expect(socket.requests.map((request) => request.last_id)).toEqual([0, 1])
    expect(socket.requests[1]!.session_id).toBe('session-1')
    expect(shown()).toEqual(['一', '答'])
  })

  it('sends after a reload what the page had not got rid of', async () => {
    const first = open()
    first.connection.send('别丢')
    const second = open(first.socket, first.session, first.drafts)
    first.socket.connect()
    await settled()
    expect(second.shown()).toEqual(['别丢'])
  })

  it('starts afresh when the server does not know the session any more', async () => {
    const { socket, shown } = open()
    socket.connect()
    socket.fire('bot_uttered', { id: 1, author: 'bot', time: '2026-01-01T00:00:00Z', text: '旧' })
    socket.fire('session_confirm', 'session-2')
    expect(shown()).toEqual([])
  })
})
