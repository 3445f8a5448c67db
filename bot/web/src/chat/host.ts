/** Words to the page that embeds the chat; they carry nothing private, so any host may hear them. */
export const embedded = window.parent !== window

export function tellHost(what: 'close' | 'message'): void {
  if (embedded) window.parent.postMessage({ dianxiaoer: what }, '*')
}
