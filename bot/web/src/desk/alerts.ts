/** What must not be missed: shown on top of the page, heard, and in the title while the page is hidden. */

import { ref } from 'vue'
import { ring, showTitle } from './bell'
import { chats, nameOf, titleOf, unread } from './state'

export interface Alert {
  id: number
  conversation: string
  text: string
  urgent: boolean
}

const MOST = 20
export const alerts = ref<Alert[]>([])
let last = 0
let unseen = 0

export function alert(conversation: string, text: string, urgent: boolean): void {
  const chat = chats.get(conversation)
  const where = chat ? `${titleOf(chat)}${chat.agent ? `（${nameOf(chat.agent)}）` : ''}：` : ''
  alerts.value = [{ id: ++last, conversation, text: where + text, urgent }, ...alerts.value].slice(0, MOST)
  if (document.hidden) unseen += 1
  told()
  ring(urgent)
}

export function dismiss(id: number): void {
  alerts.value = alerts.value.filter((one) => one.id !== id)
}

/** Brings the title up to date. */
export function told(): void {
  showTitle(unread.value, unseen)
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return
  unseen = 0
  told()
})
