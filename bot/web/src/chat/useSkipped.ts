import { ref } from 'vue'
import { keeper } from '../shared/storage'

const KEY = 'dianxiaoer.skipped'

/** Cards that the customer did not want to see any more in this tab, or is through with. */
export function useSkipped() {
  const kept = keeper(() => sessionStorage)
  const skipped = ref((kept.get(KEY) ?? '').split(',').filter(Boolean))

  function skip(card: string) {
    skipped.value = [...skipped.value, card].slice(-20)
    kept.set(KEY, skipped.value.join(','))
  }

  return { skipped, skip }
}
