/** Browser storage that does without where a browser forbids it (a frame of another site, private windows). */
export interface Keeper {
  get(key: string): string | null
  set(key: string, value: string): void
}

export function keeper(pick: () => Storage): Keeper {
  const memory = new Map<string, string>()
  return {
    get(key) {
      try {
        return pick().getItem(key)
      } catch {
        return memory.get(key) ?? null
      }
    },
    set(key, value) {
      memory.set(key, value)
      try {
        pick().setItem(key, value)
      } catch {
        // kept in memory: the chat works until the page is closed
      }
    },
  }
}
