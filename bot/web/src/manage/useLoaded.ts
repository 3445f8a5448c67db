import { onScopeDispose, ref, watch, type Ref, type WatchSource } from 'vue'
import { ApiError } from '../shared/api'

/** What `load` gives, anew whenever `sources` change; only the newest answer counts. */
export function useLoaded<T>(
  sources: WatchSource<unknown>[],
  load: (signal: AbortSignal) => Promise<T>,
): { content: Ref<T | null>; error: Ref<string>; loading: Ref<boolean>; again: () => void } {
  const content = ref(null) as Ref<T | null>
  const error = ref('')
  const loading = ref(false)
  let running: AbortController | null = null

  async function run(): Promise<void> {
    running?.abort()
    const own = new AbortController()
    running = own
    loading.value = true
    try {
      const found = await load(own.signal)
      if (running === own) {
        content.value = found
        error.value = ''
      }
    } catch (reason) {
      if (running === own) error.value = reason instanceof ApiError ? reason.message : '页面出错了，请刷新再试'
    } finally {
      if (running === own) loading.value = false
    }
  }

  watch(sources, () => void run(), { immediate: true })
  onScopeDispose(() => running?.abort())
  return { content, error, loading, again: () => void run() }
}
