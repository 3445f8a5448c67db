/**
 * Soft music for who waits, made by the page: slow single notes of a pentatonic scale, each fading in and out. It plays
 * only while somebody waits, wants it and has touched the page (browsers allow no sound before).
 */

import type { Keeper } from '../shared/storage'

const QUIET = 'dianxiaoer.quiet'
const SCALE = [261.63, 293.66, 329.63, 392.0, 440.0, 523.25, 587.33, 659.25] // C D E G A, two octaves, in Hz
const VOLUME = 0.05
const BEAT = 1.6 // seconds between notes
const AHEAD = 3 // seconds planned in advance: timers of a hidden page run once a second

export class WaitingMusic {
  playing = false
  private wanted = false
  private context: AudioContext | null = null
  private out: GainNode | null = null
  private timer: ReturnType<typeof setInterval> | undefined
  private next = 0
  private step = 3

  constructor(
    private readonly kept: Keeper,
    private readonly changed: () => void,
    private readonly touched: () => boolean = () => navigator.userActivation?.hasBeenActive ?? false,
    private readonly open: () => AudioContext = () => new AudioContext(),
  ) {}

  get quiet(): boolean {
    return this.kept.get(QUIET) === '1'
  }

  /** One tap: silent from now on, also the next time, or not any more. */
  toggle(): void {
    this.kept.set(QUIET, this.quiet ? '0' : '1')
    this.settle()
    this.changed()
  }

  /** Whether somebody waits. */
  wait(on: boolean): void {
    this.wanted = on
    this.settle()
  }

  /** Starts or stops as things are now; to be called too when the customer touches the page. */
  settle(): void {
    const play = this.wanted && !this.quiet && this.touched()
    if (play === this.playing) return
    if (play) this.start()
    else this.stop()
    this.changed()
  }

  private start(): void {
    try {
      this.context ??= this.open()
    } catch {
      return // no sound on this device
    }
    const context = this.context
    void context.resume()
    const soft = context.createBiquadFilter()
    soft.type = 'lowpass'
    soft.frequency.value = 1400
    this.out = context.createGain()
    this.out.gain.setValueAtTime(0.0001, context.currentTime)
    this.out.gain.exponentialRampToValueAtTime(VOLUME, context.currentTime + 2)
    this.out.connect(soft).connect(context.destination)
    this.next = context.currentTime + 0.1
    this.plan()
    this.timer = setInterval(() => this.plan(), 500)
    this.playing = true
  }

  private stop(): void {
    clearInterval(this.timer)
    this.playing = false
    const { context, out } = this
    this.out = null
    if (!context || !out) return
    out.gain.cancelScheduledValues(context.currentTime)
    out.gain.setTargetAtTime(0, context.currentTime, 0.15)
    setTimeout(() => out.disconnect(), 1000)
  }

  private plan(): void {
    while (this.context && this.out && this.next < this.context.currentTime + AHEAD) {
      this.step = Math.min(SCALE.length - 1, Math.max(0, this.step + Math.floor(Math.random() * 5) - 2))
      this.note(SCALE[this.step]!, this.next)
      if (this.step > 3 && Math.random() < 0.4) this.note(SCALE[this.step - 3]! / 2, this.next)
      this.next += BEAT * (Math.random() < 0.25 ? 2 : 1)
    }
  }

  private note(pitch: number, at: number): void {
    const { context, out } = this
    if (!context || !out) return
    const source = context.createOscillator()
    const volume = context.createGain()
    source.frequency.value = pitch
    volume.gain.setValueAtTime(0.0001, at)
    volume.gain.exponentialRampToValueAtTime(1, at + 0.5)
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 3.2)
    source.connect(volume).connect(out)
    source.start(at)
    source.stop(at + 3.3)
  }
}
