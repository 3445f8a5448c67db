const CLOCK = new Intl.DateTimeFormat('zh-CN', { hour: '2-digit', minute: '2-digit', hour12: false })
const DAY = new Intl.DateTimeFormat('zh-CN', { month: 'long', day: 'numeric' })
const QUIET_MS = 5 * 60 * 1000

/** “14:05” for today, “3月2日 14:05” for an earlier day, in the reader's time zone. */
export function timeLabel(iso: string, now: Date = new Date()): string {
  const time = new Date(iso)
  const clock = CLOCK.format(time)
  return time.toDateString() === now.toDateString() ? clock : `${DAY.format(time)} ${clock}`
}

/** Whether a time should stand above a message: at the start and after a pause. */
export function needsTime(iso: string, before?: string): boolean {
  return before === undefined || Date.parse(iso) - Date.parse(before) > QUIET_MS
}
