/** The messages on the wire, as bot/channels/log.py and web_output.py send them. */

export interface QuickReply {
  title: string
  payload: string
}

export interface ProductCard {
  sku: string
  title: string
  image?: string
  price?: string
  stock?: number | string
  stock_text?: string
  button?: string
  payload?: string
  /** why it is shown, as a recommendation's reasons */
  note?: string
}

/** Two products side by side; each row is [what, left, right]. */
export interface Comparison {
  titles: [string, string]
  rows: [string, string, string][]
}

export interface WireMessage {
  id: number
  author: 'customer' | 'bot' | 'agent' | 'system'
  /** who of the staff says it */
  name?: string
  /** ISO 8601 in UTC */
  time: string
  client_id?: string
  text?: string
  quick_replies?: QuickReply[]
  attachment?: { type: string; payload: { src?: string } }
  custom?: { type?: string; cards?: ProductCard[]; titles?: unknown; rows?: unknown }
  notice?: string
  /** how to reach who left the message */
  contact?: string
  hidden?: boolean
}

export type Receipt =
  | { ok: true; id: number; time: string }
  | { ok: false; error: string; retry_after?: number; max_length?: number }

/** The address of the picture that a message carries, where a page may show it. */
export function pictureOf(message: Pick<WireMessage, 'attachment'>): string | undefined {
  const source = message.attachment?.type === 'image' ? message.attachment.payload.src : undefined
  return source && /^(https?:\/\/|\/)/.test(source) ? source : undefined
}

/** What the page knows of where the customer is; the keys that the server passes on to Rasa. */
export interface PageFacts {
  page_sku?: string
  page_product?: string
  page_url?: string
  /** Who the customer is, signed by the shop that embeds the chat. */
  identity?: string
}

/** The comparison that a message carries; nothing when it carries none or one of another shape. */
export function comparisonOf(message: WireMessage): Comparison | undefined {
  const { type, titles, rows } = message.custom ?? {}
  if (type !== 'comparison' || !isTexts(titles, 2) || !Array.isArray(rows)) return undefined
  const whole = rows.filter((row) => isTexts(row, 3)) as Comparison['rows']
  return whole.length ? { titles: titles as Comparison['titles'], rows: whole } : undefined
}

function isTexts(value: unknown, length: number): value is string[] {
  return Array.isArray(value) && value.length === length && value.every((each) => typeof each === 'string')
}
