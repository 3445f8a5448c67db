"""The main job in a real browser on the whole suite: from the product's page to an order in the database."""

import re
from typing import Any

from selenium.webdriver import Chrome

from bot.shop import find_order
from tests.browser.chat_page import bubbles, press, says, until, write
from tests.browser.conftest import SCREENSHOTS
from tests.running import Suite

SKU = "P1001-04"  # iPhone 14 256G 午夜色


def _shoot(page: Chrome, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.save_screenshot(str(SCREENSHOTS / f"{name}.png"))


def test_click_through_to_an_order(suite: Suite, browser: Any) -> None:
    page = browser(width=900, height=820)
    page.get(f"{suite.web}/?sku={SKU}")
    says(page, "您好")
    write(page, "这款手机有现货吗？\n")
    says(page, "您咨询的是iPhone 14 256G版本吗？当前北京仓库有32台现货，预计今日18:00前可发货。")
    press(page, "是的")
    says(page, "需要我为您生成订单吗？现在下单可享12期免息")
    _shoot(page, "offer")
    press(page, "是的，下单")
    says(page, "订单已生成")
    _shoot(page, "ordered")
    number = re.search(r"DX\d+", "".join(bubbles(page)))
    assert number
    order = find_order(suite.shop_url, number.group())
    assert order and [(line.sku, line.quantity) for line in order.lines] == [(SKU, 1)]
    page.refresh()
    until(page, lambda: any(number.group() in bubble for bubble in bubbles(page)))  # history survives a reload


def test_product_cards_on_a_phone(suite: Suite, browser: Any) -> None:
    page = browser(width=390, height=844)
    page.get(suite.web)
    says(page, "您好")
    press(page, "推荐商品")
    says(page, "给谁用")
    write(page, "随便\n")
    pictures = "return [...document.querySelectorAll('ul[aria-label=商品] img')]"
    until(page, lambda: page.execute_script(f"{pictures}.length") >= 3)
    until(page, lambda: page.execute_script(f"{pictures}.every(i => i.complete && i.naturalWidth > 0)"))
    _shoot(page, "phone-cards")
    assert page.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
