"""The demo: a product's page of an imagined shop, with the chat embed on it."""

from html import escape
from string import Template

from bot.shop import Card, Catalogue, UnknownSku, current_catalogue, product_card

_PAGE = Template("""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
  body { margin: 0; font: 16px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
         color: #1f2937; background: #f6f7f9; }
  header { padding: 14px 24px; background: #fff; border-bottom: 1px solid #e5e7eb; font-weight: 600; }
  main { max-width: 960px; margin: 24px auto; padding: 0 16px; }
  article { display: flex; flex-wrap: wrap; gap: 32px; padding: 32px; background: #fff; border-radius: 16px; }
  article img { width: min(360px, 100%); aspect-ratio: 1; object-fit: contain; border-radius: 12px;
                background: #f3f4f6; }
  article div { flex: 1 1 260px; }
  h1 { margin: 8px 0; font-size: 26px; line-height: 1.3; }
  .price { color: #b42318; font-size: 28px; font-weight: 700; margin: 12px 0; }
  .note { color: #4b5563; }
  ul { display: flex; flex-wrap: wrap; gap: 8px; padding: 0; list-style: none; }
  li a { display: block; padding: 6px 14px; border: 1px solid #d1d5db; border-radius: 999px; color: #1f2937;
         text-decoration: none; background: #fff; }
  li a[aria-current] { border-color: #1d6b57; color: #155443; background: #e9f5f1; }
</style>
</head>
<body>
<header>示例商城</header>
<main>
<article>
  <img src="$image" alt="">
  <div>
    <h1>$title</h1>
    <p class="price">$price</p>
    <p>$stock</p>
    <ul aria-label="规格">$variants</ul>
    <p class="note">这是嵌入示例：右下角的按钮打开客服，客服知道顾客正在看这件商品。</p>
  </div>
</article>
<h2>看看别的</h2>
<ul>$others</ul>
</main>
<script src="/embed.js" data-sku="$sku" data-product="$product"></script>
</body>
</html>
""")


class NoSuchProduct(LookupError):
    """The shop has no such sku; the message is in Chinese."""


def page(shop_url: str, sku: str | None) -> str:
    """The page of the variant `sku`, by default of the shop's first product.

    Raises:
        NoSuchProduct: unknown sku, or a shop without products.
    """
    catalogue = current_catalogue(shop_url)
    if not catalogue.variants:
        raise NoSuchProduct("店铺里还没有商品，请先运行 python -m bot prepare")
    try:
        card = product_card(shop_url, sku or next(iter(catalogue.variants)))
    except UnknownSku:
        raise NoSuchProduct(f"没有编号为 {sku} 的商品") from None
    return _fill(catalogue, card)


def _fill(catalogue: Catalogue, card: Card) -> str:
    shown = catalogue.variants[card["sku"]]
    siblings = [v for v in catalogue.variants.values() if v.product.id == shown.product.id]
    others = [p for p in catalogue.products.values() if p.id != shown.product.id][:8]
    first = {p.id: next((v.sku for v in catalogue.variants.values() if v.product.id == p.id), None) for p in others}
    return _PAGE.substitute(
        title=escape(card["title"]),
        image=escape(card["image"]),
        price=escape(card["price"]),
        stock=escape(card["stock_text"]),
        sku=escape(shown.sku),
        product=escape(shown.product.id),
        variants="".join(_link(v.sku, v.label, v.sku == shown.sku) for v in siblings),
        others="".join(_link(sku, p.name, False) for p in others if (sku := first[p.id])),
    )


def _link(sku: str, words: str, current: bool) -> str:
    return f'<li><a href="/demo?sku={escape(sku)}"{" aria-current=page" if current else ""}>{escape(words)}</a></li>'
