import { expect, it } from 'vitest'
import { change, moment, withUnit, yuan } from '../src/shared/format'
import { daysBefore } from '../src/manage/period'

it('shows figures with their unit', () => {
  expect(withUnit(3.14159, '秒')).toBe('3.1 秒')
  expect(withUnit(85, '%')).toBe('85.0%')
  expect(withUnit(1234.5, '元')).toBe('¥1,234.50')
  expect(withUnit(null, '分')).toBe('—')
  expect(yuan(9900)).toBe('¥99.00')
  expect(yuan(null)).toBe('')
})

it('tells changes in points for shares and in percent for others', () => {
  expect(change(14, 12, '%')).toEqual({ text: '2.0 个百分点', up: true })
  expect(change(9, 10, '秒')).toEqual({ text: '10.0%', up: false })
  expect(change(4.1, 4.2, '分')).toEqual({ text: '0.10 分', up: false })
  expect(change(1, null, '秒')).toBeNull()
  expect(change(1, 0, '秒')).toBeNull()
  expect(change(5, 5, '%')).toBeNull()
})

it('counts days and shows moments in the shop time', () => {
  expect(daysBefore('2026-03-01', 1)).toBe('2026-02-28')
  expect(moment('2026-11-24T16:05:00+00:00')).toBe('11-25 00:05')
})
