/** Who has the conversation, as the channel's event `owner` tells it (bot/channels/web_places.py). */

export interface Place {
  /** how many come first */
  ahead: number
  /** expected seconds from when it was told; null: nobody can tell */
  seconds: number | null
}

export interface Who {
  owner: 'bot' | 'waiting' | 'agent' | 'closed'
  agent: string | null
  place: Place | null
  ticket: { contact: boolean } | null
  /** the ended service that may be rated now */
  rating: number | null
}

export const NOBODY_YET: Who = { owner: 'bot', agent: null, place: null, ticket: null, rating: null }

/** The expected time that is left, in words; `told` and `now` in ms. */
export function waitingWords(place: Place, told: number, now: number): string {
  const order = place.ahead ? `前面还有 ${place.ahead} 位` : '您是下一位'
  if (place.seconds === null) return `${order}，客服暂时走开了，请稍候`
  const left = place.seconds - (now - told) / 1000
  if (left <= 0) return `${order}，马上就好，请稍候`
  return `${order}，预计还要 ${left < 60 ? `${Math.max(5, Math.ceil(left / 5) * 5)} 秒` : `${Math.ceil(left / 60)} 分钟`}`
}
