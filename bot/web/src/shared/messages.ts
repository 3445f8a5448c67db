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
}

export interface WireMessage {
  id: number
  author: 'customer' | 'bot'
  /** ISO 8601 in UTC */
  time: string
  client_id?: string
  text?: string
  quick_replies?: QuickReply[]
  attachment?: { type: string; payload: { src?: string } }
  custom?: { type?: string; cards?: ProductCard[] }
  notice?: string
  hidden?: boolean
}

export type Receipt =
  | { ok: true; id: number; time: string }
  | { ok: false; error: string; retry_after?: number; max_length?: number }

/** What the page knows of where the customer is; the keys that the server passes on to Rasa. */
export interface PageFacts {
  page_sku?: string
  page_product?: string
  page_url?: string
}
