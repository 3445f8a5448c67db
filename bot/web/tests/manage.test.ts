import { describe, expect, it } from 'vitest'
import { answeredShare, gridOf, whyOf } from '../src/manage/heat'
import { daysBefore, titleOf } from '../src/manage/period'
import type { AskedLine, Definitions } from '../src/manage/types'

const LINE: AskedLine = {
  question: '能退吗', entry_id: 'r1', asked: 8, answered: 6, near: 1, none: 0, helpful: 2, unhelpful: 3,
  handed_over: 1, repeated: 0, score: 4, examples: [],
}

describe('the heat map', () => {
  it('keeps the days without questions, and the order of the tags', () => {
    const grid = gridOf({ 退货: { '2026-11-01': 2, '2026-11-04': 5 }, 物流: { '2026-11-03': 1 } })
    expect(grid.days).toEqual(['2026-11-01', '2026-11-02', '2026-11-03', '2026-11-04'])
    expect(grid.tags).toEqual(['退货', '物流'])
    expect(grid.cells).toEqual([[0, 0, 2], [3, 0, 5], [2, 1, 1]])
    expect(grid.most).toBe(5)
  })
  it('is empty without questions', () => {
    expect(gridOf({})).toEqual({ days: [], tags: [], cells: [], most: 0 })
  })
  it('tells why a question is to be improved, the most frequent reason first', () => {
    expect(whyOf(LINE)).toBe('没用 3，转人工 1，只有相近的 1')
    expect(answeredShare(LINE)).toBe(75)
    expect(answeredShare({ ...LINE, asked: 0 })).toBeNull()
  })
})

describe('values of a cut', () => {
  const definitions: Definitions = {
    figures: [], cuts: [], repurchase: '', titles: { ask_stock: '有没有货', other: '其他' }, segments: { other: '其他顾客' },
    channels: { wechat: '微信公众号' },
  }
  it('have the titles of their cut', () => {
    expect(titleOf(definitions, 'intent', 'ask_stock')).toBe('有没有货')
    expect(titleOf(definitions, 'base', 'other')).toBe('其他')
    expect(titleOf(definitions, 'segment', 'other')).toBe('其他顾客')
    expect(titleOf(definitions, 'handled_by', 'bot')).toBe('机器人')
    expect(titleOf(definitions, 'channel', 'wechat')).toBe('微信公众号')
    expect(titleOf(definitions, 'agent', '')).toBe('（没有客服）')
  })
})

it('days before a day cross months', () => {
  expect(daysBefore('2026-03-01', 1)).toBe('2026-02-28')
})
