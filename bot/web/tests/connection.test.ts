import { describe, expect, it } from 'vitest'
import { Connection, newState, type SocketLike } from '../src/chat/connection'
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
  emitted: [string, unknown][] = []

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
  emit(event: string, data: unknown) {
    this.emitted.push([event, data])
  }
  timeout() {
    return {
      emitWithAck: async (event: string, data: never) => {
        if (!this.connected) throw new Error('offline')
        if (event === 'session_request') return this.begin(data)
        return event === 'user_uttered' ? this.take(data) : this.care(event, data)
      },
    }
  }
  cared: [string, object][] = []
  private care(event: string, data: object) {
    this.cared.push([event, data])
    return this.refuse.shift() ?? { ok: true }
  }
  private begin(data: { session_id: string | null; last_id: number }) {
    this.requests.push(data)
    this.fire('session_confirm', data.session_id ?? 'session-1')
    this.fire('session_history', { messages: this.stored.filter((message) => message.id > data.last_id) })
    return { ok: true }
  }
  private take(data: { message: string; image?: string; client_id: string }) {
    this.sent.push(data.image ?? data.message)
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
  const state = newState()
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

  it('sends a picture as what the server knows it by, and shows it once', async () => {
    const { socket, connection } = open()
    socket.connect()
    connection.sendPicture('picture-1', '/media/picture-1')
    await settled()
    expect(socket.sent).toEqual(['picture-1'])
    expect(connection.timeline.shown).toMatchObject([{ attachment: { type: 'image', payload: { src: '/media/picture-1' } } }])
  })

  it('knows who has the chat and who writes', async () => {
    const { socket, state } = open()
    socket.connect()
    const who = { owner: 'agent', agent: '安娜', place: null, ticket: null, rating: null }
    socket.fire('owner', who)
    expect(state.who).toEqual(who)
    socket.fire('typing', { on: true, author: 'agent' })
    expect(state.typing).toBe('agent')
    socket.fire('bot_uttered', { id: 9, author: 'agent', time: '', text: '您好' })
    expect(state.typing).toBeNull()
  })

  it('counts the waiting time anew only when the place changes', () => {
    const { socket, state } = open()
    const who = { owner: 'waiting', agent: null, place: { ahead: 1, seconds: 30 }, ticket: null, rating: null }
    socket.fire('owner', who)
    state.told = 5
    socket.fire('owner', { ...who })
    expect(state.told).toBe(5)
    socket.fire('owner', { ...who, place: { ahead: 0, seconds: 15 } })
    expect(state.told).toBeGreaterThan(5)
  })

  it('leaves a message and rates in the name of its session', async () => {
    const { socket, connection } = open()
    socket.connect()
    await settled()
    socket.refuse = [{ ok: false, error: 'bad_contact' }]
    expect(await connection.leaveMessage('在吗', '1', 'client-01')).toMatch('手机号')
    expect(await connection.leaveMessage('在吗', '13800000000', 'client-01')).toBe('')
    expect(socket.cared.at(-1)).toEqual([
      'leave_message',
      { session_id: 'session-1', text: '在吗', contact: '13800000000', client_id: 'client-01' },
    ])
    socket.refuse = [{ ok: false, error: 'not_to_rate' }]
    expect(await connection.rate(7, 5, true)).toBe(true) // rated on another tab: nothing is left to do
    socket.drop()
    expect(await connection.rate(7, 5, true)).toBe(false)
  })

  it('starts afresh when the server does not know the session any more', async () => {
    const { socket, shown } = open()
    socket.connect()
    socket.fire('bot_uttered', { id: 1, author: 'bot', time: '2026-01-01T00:00:00Z', text: '旧' })
    socket.fire('session_confirm', 'session-2')
    expect(shown()).toEqual([])
  })
})
