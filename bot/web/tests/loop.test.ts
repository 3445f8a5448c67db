import { describe, expect, it } from 'vitest'
import { keyed, type DrawnMessage } from '../src/manage/loop'

const shown = { suggestions: ['ask_stock', 'ask_price'] } as DrawnMessage
const press = (key: string, more = {}) => keyed({ key, ctrlKey: false, metaKey: false, altKey: false, ...more }, shown)

describe('keys of the annotation page', () => {
  it('numbers choose a suggestion, where there is one', () => {
    expect(press('2')).toEqual({ kind: 'label', value: 'ask_price' })
    expect(press('3')).toBeNull()
    expect(press('0')).toBeNull()
  })
  it('letters choose the emotion or skip, in either case', () => {
    expect(press('Q')).toEqual({ kind: 'emotion', value: 'impatient' })
    expect(press('s')).toEqual({ kind: 'skip' })
  })
  it('leaves the browser its own keys, and does nothing without a message', () => {
    expect(press('r', { ctrlKey: true })).toBeNull()
    expect(keyed({ key: '1', ctrlKey: false, metaKey: false, altKey: false }, undefined)).toBeNull()
  })
})
