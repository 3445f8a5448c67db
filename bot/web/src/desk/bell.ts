/** A short sound made by the page itself, and the number of waiting messages in the title. */

let context: AudioContext | null = null
let silent = localStorage.getItem('dianxiaoer.desk.silent') === '1'

export function isSilent(): boolean {
  return silent
}

export function setSilent(on: boolean): void {
  silent = on
  localStorage.setItem('dianxiaoer.desk.silent', on ? '1' : '0')
}

export function ring(urgent = false): void {
  if (silent) return
  try {
    context ??= new AudioContext()
    void context.resume() // made before the first click it is asleep
    const notes = urgent ? [880, 660, 880] : [740, 988]
    notes.forEach((pitch, index) => tone(pitch, index * 0.14))
  } catch {
    // a browser that has not been clicked yet plays no sound
  }
}

function tone(pitch: number, after: number): void {
  if (!context) return
  const start = context.currentTime + after
  const source = context.createOscillator()
  const volume = context.createGain()
  source.frequency.value = pitch
  volume.gain.setValueAtTime(0.0001, start)
  volume.gain.exponentialRampToValueAtTime(0.12, start + 0.02)
  volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.13)
  source.connect(volume).connect(context.destination)
  source.start(start)
  source.stop(start + 0.14)
}

const TITLE = document.title

/** The title of the browser's tab: alerts that nobody has seen, then unread messages. */
export function titleWith(unread: number, alerts: number, title = TITLE): string {
  return `${alerts ? '【提醒】' : ''}${unread ? `(${unread}) ` : ''}${title}`
}

export function showTitle(unread: number, alerts: number): void {
  document.title = titleWith(unread, alerts)
}
