import { expect, it } from 'vitest'
import { linkify } from '../src/shared/linkify'
import { needsTime } from '../src/shared/time'
import { Timeline } from '../src/chat/timeline'

it.each([
  ['没有链接', [{ text: '没有链接' }]],
  ['看https://a.cn/x?y=1。好', [{ text: '看' }, { text: 'https://a.cn/x?y=1', href: 'https://a.cn/x?y=1' }, { text: '。好' }]],
  ['(http://a.cn/b).', [{ text: '(' }, { text: 'http://a.cn/b', href: 'http://a.cn/b' }, { text: ').' }]],
  ['javascript:alert(1) <img src=x>', [{ text: 'javascript:alert(1) <img src=x>' }]],
  ['', []],
])('cuts %j into text and links', (text, pieces) => {
  expect(linkify(text)).toEqual(pieces)
})

it('shows a time at the start and after a pause only', () => {
  expect(needsTime('2026-01-01T00:00:00Z')).toBe(true)
  expect(needsTime('2026-01-01T00:04:00Z', '2026-01-01T00:00:00Z')).toBe(false)
  expect(needsTime('2026-01-01T00:06:00Z', '2026-01-01T00:00:00Z')).toBe(true)
})

it('drops what it shows when a replay does not join on', () => {
  const timeline = new Timeline()
  const bot = (id: number) => ({ id, author: 'bot' as const, time: '', text: String(id) })
  timeline.replay([bot(1), bot(2)])
  timeline.replay([bot(3)])
  expect(timeline.shown.map((message) => message.id)).toEqual([1, 2, 3])
  timeline.replay([bot(900), bot(901)])
  expect(timeline.shown.map((message) => message.id)).toEqual([900, 901])
})
