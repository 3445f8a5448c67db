import { ref } from 'vue'
import { get, onSignedOut, post, send, setCsrf } from '../shared/api'
import type { Me } from './types'

/** Who is signed in; null: nobody, undefined: not known yet. */
export const me = ref<Me | null | undefined>(undefined)

function keep(found: Me): Me {
  setCsrf(found.csrf)
  me.value = found
  return found
}

onSignedOut(() => {
  me.value = null
})

/** Asks the server who this is; a page starts with it. */
export async function load(): Promise<void> {
  try {
    keep(await get<Me>('/api/desk/me'))
  } catch {
    me.value = null
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  keep(await post<Me>('/api/desk/session', { name, password }))
}

export async function signOut(): Promise<void> {
  await send('DELETE', '/api/desk/session')
  me.value = null
}

export async function changePassword(old: string, fresh: string): Promise<void> {
  await post('/api/desk/password', { old, new: fresh })
  await load()
}
