import type { Unit } from '../manage/types'

const DIGITS: Record<Unit, number> = { 秒: 1, '%': 1, 分: 2, 元: 2, 次: 2, 句: 2 }

/** A figure's value with its unit, — where there is none. */
export function withUnit(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return '—'
  const text = value.toLocaleString('zh-CN', {
    minimumFractionDigits: DIGITS[unit],
    maximumFractionDigits: DIGITS[unit],
  })
  if (unit === '元') return `¥${text}`
  return unit === '%' ? `${text}%` : `${text} ${unit}`
}

export function yuan(fen: number | null): string {
  return fen === null ? '' : withUnit(fen / 100, '元')
}

/** How much a value changed, in points for shares and in percent for others; null where it cannot be told. */
export function change(now: number | null, before: number | null, unit: Unit): { text: string; up: boolean } | null {
  if (now === null || before === null) return null
  const points = unit === '%' || unit === '分'
  const by = points ? now - before : before === 0 ? NaN : ((now - before) / before) * 100
  if (!Number.isFinite(by) || Math.abs(by) < 0.05) return null
  const digits = unit === '分' ? 2 : 1
  return { text: `${Math.abs(by).toFixed(digits)}${unit === '%' ? ' 个百分点' : points ? ' 分' : '%'}`, up: by > 0 }
}

const DAY = new Intl.DateTimeFormat('zh-CN', {
  timeZone: 'Asia/Shanghai',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})

/** A moment (ISO, UTC) as 11-25 14:03 in the shop's time. */
export function moment(iso: string): string {
  const parts = Object.fromEntries(DAY.formatToParts(new Date(iso)).map((p) => [p.type, p.value]))
  return `${parts['month']}-${parts['day']} ${parts['hour']}:${parts['minute']}`
}
