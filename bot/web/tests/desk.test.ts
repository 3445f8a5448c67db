import { describe, expect, it, vi } from 'vitest'
import { lasting } from '../src/desk/clock'
import { Live, type SocketLike } from '../src/desk/live'
import { served } from '../src/desk/state'
import { newClientId, Thread } from '../src/desk/thread'
import type { Chat, DeskMessage, LiveEvent } from '../src/staff/types'

class FakeSocket implements SocketLike {
  onopen = null
  onmessage: SocketLike['onmessage'] = null
  onclose: SocketLike['onclose'] = null
  sent: unknown[] = []
  constructor(readonly after: number | null) {}
  send(data: string): void {
    this.sent.push(JSON.parse(data))
  }
  close(): void {
    this.onclose?.({ code: 1000 })
  }
  tells(event: LiveEvent): void {
    this.onmessage?.({ data: JSON.stringify(event) })
  }
}

function setUp() {
  const sockets: FakeSocket[] = []
  const later: (() => void)[] = []
  const got: string[] = []
  const waits: number[] = []
  const live = new Live(
    (after) => {
      const socket = new FakeSocket(after)
      sockets.push(socket)
      return socket
    },
    {
      resync: () => got.push('resync'),
      happened: (event) => got.push(`${event.type}${event.event ?? ''}`),
      online: (on) => got.push(on ? 'online' : 'offline'),
      signedOut: () => got.push('out'),
    },
    (action, ms) => {
      later.push(action)
      waits.push(ms)
    },
  )
  live.start()
  return { live, sockets, later, got, waits }
}

describe('the live connection', () => {
  it('reads everything first, and after a break goes on behind the last event', () => {
    const { sockets, later, got } = setUp()
    expect(sockets[0]!.after).toBeNull()
    sockets[0]!.tells({ type: 'hello', event: 7 })
    sockets[0]!.tells({ type: 'message', event: 8 })
    sockets[0]!.onclose?.({ code: 1006 })
    later[0]!()
    expect(sockets[1]!.after).toBe(8)
    sockets[1]!.tells({ type: 'hello', event: 8 })
    sockets[1]!.tells({ type: 'message', event: 8 })
    sockets[1]!.tells({ type: 'message', event: 9 })
    expect(got).toEqual(['online', 'resync', 'message8', 'offline', 'online', 'message9'])
  })

  it('reads everything anew when it was away for too long', () => {
    const { sockets, later, got } = setUp()
    sockets[0]!.tells({ type: 'hello', event: 7 })
    sockets[0]!.onclose?.({ code: 1001 })
    later[0]!()
    sockets[1]!.tells({ type: 'resync', event: 900 })
    sockets[1]!.tells({ type: 'message', event: 901 })
    expect(got.filter((one) => one === 'resync')).toHaveLength(2)
    expect(got.at(-1)).toBe('message901')
  })

  it('waits longer from try to try, and no more once signed out', () => {
    const { sockets, later, got, waits } = setUp()
    for (let i = 0; i < 6; i += 1) {
      sockets.at(-1)!.onclose?.({ code: 1006 })
      later[i]!()
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 10000])
    sockets.at(-1)!.onclose?.({ code: 4401 })
    expect(got.at(-1)).toBe('out')
    expect(later).toHaveLength(6)
  })

  it('tells again what is watched', () => {
    const { live, sockets, later } = setUp()
    sockets[0]!.tells({ type: 'hello', event: 1 })
    live.watch('c1', true)
    sockets[0]!.onclose?.({ code: 1006 })
    later[0]!()
    sockets[1]!.tells({ type: 'hello', event: 1 })
    expect(sockets[1]!.sent).toEqual([{ type: 'watch', conversation: 'c1', on: true }])
  })
})

describe('a thread', () => {
  const message = (id: number, more: Partial<DeskMessage> = {}): DeskMessage => ({
    id,
    author: 'customer',
    time: '2026-11-25T02:00:00+00:00',
    text: `第${id}句`,
    ...more,
  })

  it('keeps every message once and in order, however it comes', () => {
    const thread = new Thread()
    thread.merge([message(3), message(4)])
    thread.merge([message(1), message(2), message(3, { text: '改了' })])
    expect(thread.messages.map((one) => one.id)).toEqual([1, 2, 3, 4])
    expect(thread.messages[2]!.text).toBe('改了')
    expect(thread.more).toBe(false)
  })

  it('drops what is on its way when the server has it', () => {
    const thread = new Thread()
    thread.sending.push({ client_id: 'm12345678', text: '在', note: false })
    thread.merge([message(5, { author: 'agent', client_id: 'desk-anna-m12345678' })])
    expect(thread.sending).toEqual([])
    expect(thread.more).toBe(true)
  })

  it('makes ids that the server takes', () => {
    expect(newClientId()).toMatch(/^[\w-]{8,64}$/)
    expect(newClientId()).not.toBe(newClientId())
  })
})

it('takes a customer who says nothing more for one who has stopped typing', () => {
  vi.useFakeTimers()
  const thread = new Thread()
  thread.customerTypes(true)
  vi.advanceTimersByTime(5000)
  thread.customerTypes(true)
  vi.advanceTimersByTime(5000)
  expect(thread.typing).toBe(true)
  vi.advanceTimersByTime(5000)
  expect(thread.typing).toBe(false)
  vi.useRealTimers()
})

it('lists who waits as they will be served', () => {
  const chat = (id: string, priority: number, vip: boolean, since: string) =>
    ({ id, priority, vip, waiting_since: since }) as Chat
  const queue = [chat('late', 0, false, '2'), chat('early', 0, false, '1'), chat('vip', 0, true, '3'), chat('urgent', 10, false, '4')]
  expect(queue.sort(served).map((one) => one.id)).toEqual(['urgent', 'vip', 'early', 'late'])
})

it('shows how long something lasts', () => {
  expect([5, 65, 3723, -2].map(lasting)).toEqual(['5 秒', '1:05', '1:02:03', '0 秒'])
})
