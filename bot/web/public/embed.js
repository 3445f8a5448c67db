// One line on any page: <script src="https://客服地址/embed.js" data-sku="…" data-product="…" data-label="联系客服" data-identity="店铺签的 JWT，可不写"></script>
;(() => {
  const script = document.currentScript
  if (!(script instanceof HTMLScriptElement) || document.getElementById('dianxiaoer-chat')) return
  const origin = new URL(script.src).origin
  const query = new URLSearchParams({ url: location.href.slice(0, 500) })
  for (const name of ['sku', 'product']) {
    const value = script.dataset[name]
    if (value) query.set(name, value)
  }
  const label = script.dataset.label || '联系客服'

  const host = document.createElement('div')
  host.id = 'dianxiaoer-chat'
  const root = host.attachShadow({ mode: 'open' }) // the page's own styles stop here
  const style = document.createElement('style')
  style.textContent = `
    button { position: fixed; right: calc(20px + env(safe-area-inset-right)); bottom: calc(20px + env(safe-area-inset-bottom));
      z-index: 2147483000; display: flex; align-items: center; gap: 8px; height: 52px; padding: 0 22px; border: 0;
      border-radius: 999px; font: 600 16px/1 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; color: #fff;
      background: #1d6b57; box-shadow: 0 6px 20px rgb(0 0 0 / 25%); cursor: pointer; }
    button:hover { background: #155443; }
    button:focus-visible { outline: 3px solid #fff; box-shadow: 0 0 0 6px #155443; }
    b { min-width: 20px; padding: 3px 6px; border-radius: 999px; font-size: 13px; background: #b42318; }
    b:empty { display: none; }
    iframe { position: fixed; right: 20px; bottom: 88px; z-index: 2147483000; width: 400px;
      height: min(640px, calc(100vh - 110px)); border: 0; border-radius: 16px; background: #f4f6f7;
      box-shadow: 0 12px 40px rgb(0 0 0 / 25%); }
    [hidden] { display: none; }
    @media (max-width: 520px) {
      iframe { inset: 0; width: 100%; height: 100%; border-radius: 0; }
      button[aria-expanded=true] { display: none; }
    }`
  const button = document.createElement('button')
  button.type = 'button'
  button.setAttribute('aria-expanded', 'false')
  const words = document.createElement('span')
  words.textContent = label
  const unread = document.createElement('b')
  button.append(words, unread)
  root.append(style, button)

  /** @type {HTMLIFrameElement | null} */
  let frame = null
  let waiting = 0

  /** @param {boolean} open */
  function show(open) {
    if (open && !frame) {
      frame = document.createElement('iframe') // loaded when first wanted: costs the page nothing before
      frame.title = '在线客服'
      // In the fragment, which no server and no log ever sees.
      const identity = script?.dataset.identity
      frame.src = `${origin}/?${query}${identity ? `#identity=${encodeURIComponent(identity)}` : ''}`
      root.insertBefore(frame, button)
    }
    if (!frame) return
    frame.hidden = !open
    button.setAttribute('aria-expanded', String(open))
    words.textContent = open ? '收起' : label
    waiting = 0
    unread.textContent = ''
    if (open) frame.focus()
    else button.focus()
  }

  button.addEventListener('click', () => show(!frame || frame.hidden))
  root.addEventListener('keydown', (event) => {
    if (/** @type {KeyboardEvent} */ (event).key === 'Escape' && frame && !frame.hidden) show(false)
  })
  addEventListener('message', (event) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== origin) return
    if (event.data?.dianxiaoer === 'close') show(false)
    if (event.data?.dianxiaoer === 'message' && frame.hidden) unread.textContent = String(++waiting)
  })

  if (document.body) document.body.append(host)
  else addEventListener('DOMContentLoaded', () => document.body.append(host))
})()
