import { describe, expect, it } from 'vitest'
import { WaitingMusic } from '../src/chat/music'
import { fitted } from '../src/chat/pictures'
import { waitingWords } from '../src/chat/who'

describe('the words for who waits', () => {
  it('count down from when they were told', () => {
    const place = { ahead: 2, seconds: 90 }
    expect(waitingWords(place, 0, 0)).toBe('前面还有 2 位，预计还要 2 分钟')
    expect(waitingWords(place, 0, 48_000)).toBe('前面还有 2 位，预计还要 45 秒')
    expect(waitingWords(place, 0, 89_000)).toBe('前面还有 2 位，预计还要 5 秒')
    expect(waitingWords(place, 0, 200_000)).toBe('前面还有 2 位，马上就好，请稍候')
    expect(waitingWords({ ahead: 0, seconds: 15 }, 1000, 1000)).toBe('您是下一位，预计还要 15 秒')
  })

  it('promise nothing while nobody is there', () => {
    expect(waitingWords({ ahead: 0, seconds: null }, 0, 0)).not.toMatch(/预计/)
  })
})

/** Counts what is played; the browser's own sound is not there in tests. */
function fakeSound() {
  const heard = { notes: 0, closed: 0 }
  const parameter = {
    value: 0,
    setValueAtTime: () => undefined,
    exponentialRampToValueAtTime: () => undefined,
    cancelScheduledValues: () => undefined,
    setTargetAtTime: () => (heard.closed += 1),
  }
  const node: object = {
    frequency: parameter,
    gain: parameter,
    connect: () => node,
    disconnect: () => undefined,
    start: () => (heard.notes += 1),
    stop: () => undefined,
  }
  const context = {
    currentTime: 0,
    destination: node,
    resume: async () => undefined,
    createGain: () => node,
    createOscillator: () => node,
    createBiquadFilter: () => node,
  }
  return { heard, open: () => context as unknown as AudioContext }
}

function kept() {
  const values = new Map<string, string>()
  return { get: (key: string) => values.get(key) ?? null, set: (key: string, value: string) => void values.set(key, value) }
}

describe('the music for who waits', () => {
  it('begins with the first touch of the page, and ends with the waiting', () => {
    const { heard, open } = fakeSound()
    let touched = false
    const music = new WaitingMusic(kept(), () => undefined, () => touched, open)
    music.wait(true)
    expect(music.playing).toBe(false)
    touched = true
    music.settle()
    expect(music.playing).toBe(true)
    expect(heard.notes).toBeGreaterThan(0)
    music.wait(false)
    expect([music.playing, heard.closed]).toEqual([false, 1])
  })

  it('is silenced by one tap, for the next time too', () => {
    const { heard, open } = fakeSound()
    const store = kept()
    const first = new WaitingMusic(store, () => undefined, () => true, open)
    first.wait(true)
    first.toggle()
    expect([first.playing, first.quiet]).toEqual([false, true])
    const notes = heard.notes
    const second = new WaitingMusic(store, () => undefined, () => true, open)
    second.wait(true)
    expect([second.playing, heard.notes]).toEqual([false, notes])
    second.toggle()
    expect(second.playing).toBe(true)
    second.wait(false)
  })

  it('is not missed where there is no sound', () => {
    const music = new WaitingMusic(kept(), () => undefined, () => true, () => {
      throw new Error('no sound')
    })
    music.wait(true)
    expect(music.playing).toBe(false)
  })
})

it('makes pictures small and never larger', () => {
  expect(fitted(4000, 3000)).toEqual([1920, 1440])
  expect(fitted(300, 200)).toEqual([300, 200])
  expect(fitted(1, 10_000)).toEqual([1, 1920])
})
