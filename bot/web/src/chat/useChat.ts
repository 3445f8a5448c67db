import { io } from 'socket.io-client'
import { computed, reactive } from 'vue'
import type { PageFacts } from '../shared/messages'
import { keeper } from '../shared/storage'
import { Connection, type State } from './connection'

/** The page's facts from its own address: ?sku=…&product=…&url=… (the embed fills them in). */
export function factsFrom(search: string): PageFacts {
  const query = new URLSearchParams(search)
  const facts: PageFacts = {}
  const names = { page_sku: 'sku', page_product: 'product', page_url: 'url' } as const
  for (const [key, name] of Object.entries(names)) {
    const value = query.get(name)
    if (value) facts[key as keyof PageFacts] = value.slice(0, 500)
  }
  return facts
}

/** One conversation for a page: its state, and what the customer can do. */
export function useChat() {
  const state = reactive<State>({ online: false, ready: false, typing: false, version: 0 })
  const socket = io({
    path: '/socket.io',
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    reconnectionDelayMax: 5000,
  })
  const connection = new Connection(
    socket,
    state,
    factsFrom(location.search),
    keeper(() => localStorage),
    keeper(() => sessionStorage), // each tab has its own outbox
  )
  const timeline = connection.timeline
  const messages = computed(() => (void state.version, timeline.shown))
  const outgoing = computed(() => (void state.version, timeline.outgoing.map((message) => ({ ...message }))))
  const hasOlder = computed(() => (void state.version, timeline.firstId > 1))
  return { state, messages, outgoing, hasOlder, connection }
}
