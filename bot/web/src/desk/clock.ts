import { onScopeDispose, ref } from 'vue'
import { serverSkew } from '../shared/api'

const now = ref(Date.now())
let users = 0
let timer: ReturnType<typeof setInterval> | undefined

/** The server's current time (ms), refreshed every second while somebody looks: promises are counted by its clock. */
export function useNow() {
  users += 1
  timer ??= setInterval(() => (now.value = Date.now() + serverSkew()), 1000)
  onScopeDispose(() => {
    users -= 1
    if (!users) {
      clearInterval(timer)
      timer = undefined
    }
  })
  return now
}

/** Seconds as 8 秒, 1:05, 1:02:03. */
export function lasting(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < 60) return `${whole} 秒`
  const parts = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const shown = parts[0] ? parts : parts.slice(1)
  return shown.map((part, index) => (index ? String(part).padStart(2, '0') : part)).join(':')
}
