import { createSSRApp } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { expect, it } from 'vitest'
import ComparisonTable from '../src/chat/ComparisonTable.vue'
import MessageBubble from '../src/chat/MessageBubble.vue'
import ProductCards from '../src/chat/ProductCards.vue'
import { comparisonOf, type WireMessage } from '../src/shared/messages'

const custom = {
  type: 'comparison',
  titles: ['iPhone 14', 'iPhone 13'],
  rows: [
    ['价格', '¥5,399.00', '¥4,299.00'],
    ['重量', '172克', '<b>173克</b>'],
  ],
}
const message = (content: WireMessage['custom']): WireMessage => ({ id: 1, author: 'bot', time: '', text: '差别', custom: content })

it('shows both products as columns, each difference as a row, and no markup of its content', async () => {
  const html = await renderToString(createSSRApp(ComparisonTable, { comparison: comparisonOf(message(custom)) }))
  expect(html.match(/scope="col"/g)).toHaveLength(2)
  expect(html.match(/scope="row"/g)).toHaveLength(2)
  expect(html).toMatch(/价格<\/th><td[^>]*>¥5,399.00<\/td><td[^>]*>¥4,299.00</)
  expect(html).toContain('&lt;b&gt;173克')
})

it('stands in the bubble of its message, and only there', async () => {
  const shown = async (content: WireMessage['custom']) =>
    renderToString(createSSRApp(MessageBubble, { message: message(content), first: true, latest: false }))
  expect(await shown(custom)).toContain('aria-label="商品比较"')
  expect(await shown({ type: 'product_cards', cards: [] })).not.toContain('商品比较')
})

it.each([
  undefined,
  {},
  { ...custom, type: 'product_cards' },
  { ...custom, titles: ['one'] },
  { ...custom, titles: 'ab' },
  { ...custom, rows: 'none' },
  { ...custom, rows: [['only two', 'cells']] },
  { ...custom, rows: [[1, 2, 3]] },
])('is nothing for %j', (content) => {
  expect(comparisonOf(message(content))).toBeUndefined()
})

it('leaves out rows of another shape', () => {
  expect(comparisonOf(message({ ...custom, rows: [...custom.rows, ['x']] }))?.rows).toHaveLength(2)
})

it('shows on a card why it is recommended', async () => {
  const cards = [{ sku: 'P1', title: '老人机', note: '近90天最低价' }]
  expect(await renderToString(createSSRApp(ProductCards, { cards }))).toContain('近90天最低价')
})
