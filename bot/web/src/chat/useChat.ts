import { io } from 'socket.io-client'
import { computed, reactive } from 'vue'
import type { PageFacts } from '../shared/messages'
import { keeper } from '../shared/storage'
import { Connection, newState, type State } from './connection'

/** The page's facts from its own address: ?sku=…&product=…&url=…#identity=… (the embed fills them in). */
export function factsFrom(search: string, hash = ''): PageFacts {
  const query = new URLSearchParams(search)
  const facts: PageFacts = {}
  const names = { page_sku: 'sku', page_product: 'product', page_url: 'url' } as const
  for (const [key, name] of Object.entries(names)) {
    const value = query.get(name)
    if (value) facts[key as keyof PageFacts] = value.slice(0, 500)
  }
  const identity = new URLSearchParams(hash.slice(1)).get('identity')
  if (identity) facts.identity = identity.slice(0, 2000)
  return facts
}

/** One conversation for a page: its state, and what the customer can do. */
export function useChat() {
  const state = reactive<State>(newState())
  const socket = io({
    path: '/socket.io',
    query: { page: Math.random().toString(36).slice(2) }, // of several servers a page stays with one, by this
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    reconnectionDelayMax: 5000,
  })
  const connection = new Connection(
    socket,
    state,
    factsFrom(location.search, location.hash),
    keeper(() => localStorage),
    keeper(() => sessionStorage), // each tab has its own outbox
  )
  const timeline = connection.timeline
  const messages = computed(() => (void state.version, timeline.shown))
  const outgoing = computed(() => (void state.version, timeline.outgoing.map((message) => ({ ...message }))))
  const hasOlder = computed(() => (void state.version, timeline.firstId > 1))
  return { state, messages, outgoing, hasOlder, connection }
}
