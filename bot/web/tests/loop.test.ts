import { describe, expect, it } from 'vitest'
import { keyed, stageOf, type DrawnMessage } from '../src/manage/loop'

const shown = { suggestions: ['ask_stock', 'ask_price'] } as DrawnMessage
const press = (key: string, more = {}) => keyed({ key, ctrlKey: false, metaKey: false, altKey: false, ...more }, shown)

describe('keys of the annotation page', () => {
  it('numbers choose a suggestion, where there is one', () => {
    expect(press('2')).toEqual({ kind: 'label', value: 'ask_price' })
    expect(press('3')).toBeNull()
    expect(press('6')).toBeNull()
    expect(press('0')).toEqual({ kind: 'other' })
  })
  it('letters choose the emotion or skip, in either case', () => {
    expect(press('Q')).toEqual({ kind: 'emotion', value: 'impatient' })
    expect(press('s')).toEqual({ kind: 'skip' })
  })
  it('leaves the browser its own keys, and does nothing without a message', () => {
    expect(press('r', { ctrlKey: true })).toBeNull()
    expect(keyed({ key: '1', ctrlKey: false, metaKey: false, altKey: false }, undefined)).toBeNull()
  })
  it('takes the last one back, also when nothing is left', () => {
    expect(keyed({ key: 'z', ctrlKey: false, metaKey: false, altKey: false }, undefined)).toEqual({ kind: 'undo' })
    expect(press('z', { ctrlKey: true })).toBeNull()
  })
})

describe('where the loop stands', () => {
  it('is what a command does next, else what people are to do', () => {
    expect(stageOf({ step: 'gate', counts: { waiting: 3 } })).toBe(4)
    expect(stageOf({ step: '', counts: { waiting: 3, labelled: 2 } })).toBe(1)
    expect(stageOf({ step: '', counts: { labelled: 2 } })).toBe(2)
    expect(stageOf({ step: '', counts: { approved: 9 } })).toBe(-1)
  })
})
