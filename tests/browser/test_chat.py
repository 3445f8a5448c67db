"""The customer's page in a real browser, on the real servers."""

from typing import Any

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from tests.browser.chat_page import bubbles, press, replies, says, until, write

GREETING = "您好，我是店小二"


@pytest.fixture
def page(shop: Any, browser: Any) -> Chrome:
    page = browser()
    page.get(f"{shop.url}/?sku=S1")
    says(page, GREETING)
    return page


def test_click_through_from_greeting_to_order(page: Chrome) -> None:
    assert replies(page) == ["有现货吗", "推荐一款手机"]
    press(page, "有现货吗")
    says(page, "当前北京仓库有32台现货")
    assert "有现货吗" in bubbles(page) and "/ask_stock" not in "".join(bubbles(page))
    until(page, lambda: replies(page) == ["是的", "换一款"])
    press(page, "是的")
    says(page, "订单已生成")
    link = page.find_element(By.CSS_SELECTOR, ".bubble a")
    assert link.get_attribute("href") == "https://shop.example.com/o/1?a=b" and link.get_attribute("rel")
    says(page, "<b>请在30分钟内付款</b>")  # shown as written, never run
    assert page.find_elements(By.CSS_SELECTOR, ".bubble b") == [] and replies(page) == []


def test_keyboard_alone_is_enough(page: Chrome) -> None:
    assert page.switch_to.active_element.tag_name == "textarea"
    write(page, "第一行" + Keys.SHIFT + Keys.ENTER + Keys.NULL + "有货吗" + Keys.ENTER)
    says(page, "第一行\n有货吗")
    says(page, "32台现货")
    assert page.switch_to.active_element.get_attribute("value") == ""
    until(page, lambda: replies(page))
    ActionChains(page).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
    assert page.switch_to.active_element.text == "换一款"
    page.switch_to.active_element.send_keys(Keys.ENTER)
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, "[aria-label=商品] li"))
    assert page.switch_to.active_element.tag_name == "textarea"


def test_enter_during_composition_does_not_send(page: Chrome) -> None:
    before = bubbles(page)
    write(page, "youhuo")
    page.execute_script(
        "document.querySelector('textarea').dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'Enter', isComposing: true, bubbles: true, cancelable: true}))"
    )
    assert page.find_element(By.TAG_NAME, "textarea").get_attribute("value") == "youhuo"
    assert bubbles(page) == before


def test_product_cards_show_picture_price_stock_and_can_be_chosen(page: Chrome) -> None:
    press(page, "推荐一款手机")
    cards = until(page, lambda: page.find_elements(By.CSS_SELECTOR, "[aria-label=商品] li"))
    assert [card.find_element(By.CLASS_NAME, "stock").text for card in cards] == ["库存 32", "暂时缺货", "库存 3"]
    assert cards[0].find_element(By.CLASS_NAME, "price").text == "¥5,999.00"
    assert cards[0].find_elements(By.TAG_NAME, "img") and not cards[1].find_elements(By.TAG_NAME, "img")
    cards[0].find_element(By.TAG_NAME, "button").click()
    says(page, "32台现货")
    assert "iPhone 14 256G 午夜色" in bubbles(page)


def test_history_is_there_after_a_reload(page: Chrome) -> None:
    write(page, "有货吗" + Keys.ENTER)
    says(page, "32台现货")
    before = bubbles(page)
    page.refresh()
    until(page, lambda: bubbles(page) == before)
    assert replies(page) == ["是的", "换一款"]
    assert page.find_element(By.CSS_SELECTOR, "[role=log]").get_attribute("aria-busy") == "false"


def test_nothing_is_lost_or_doubled_while_the_servers_restart(shop: Any, page: Chrome) -> None:
    write(page, "有货吗" + Keys.ENTER)
    says(page, "32台现货")
    shop.stop("web")
    until(page, lambda: "正在重新连接" in page.find_element(By.TAG_NAME, "main").text)
    write(page, "图片" + Keys.ENTER)
    assert "发送中" in page.find_element(By.CSS_SELECTOR, "[role=log]").text
    shop.stop("rasa")
    shop.start("web")
    shop.start("rasa")
    says(page, "图片在这里")
    until(page, lambda: "正在重新连接" not in page.find_element(By.TAG_NAME, "main").text)
    assert bubbles(page)[-2:] == ["图片", "图片在这里"] and bubbles(page).count("有货吗") == 1


@pytest.mark.parametrize(("width", "height"), [(1280, 860), (360, 640)])
def test_layout_fits_without_sideways_scrolling(shop: Any, browser: Any, width: int, height: int) -> None:
    page = browser(width, height)
    page.get(shop.url)
    says(page, GREETING)
    press(page, "推荐一款手机")
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, "[aria-label=商品] li"))
    write(page, "很长" * 200)
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    assert page.execute_script("return document.documentElement.scrollHeight") <= height
    send = page.find_element(By.CSS_SELECTOR, "form button")
    assert 0 < send.location["x"] < width - send.size["width"] + 1 and send.is_displayed()


def test_a_message_that_is_too_long_is_not_sent(page: Chrome) -> None:
    page.execute_script(
        "const t = document.querySelector('textarea'); t.value = '长'.repeat(501); t.dispatchEvent(new Event('input'))"
    )
    until(page, lambda: "最多 500 字，现在 501 字" in page.find_element(By.TAG_NAME, "form").text)
    write(page, Keys.ENTER)
    assert "长" * 501 not in bubbles(page)


def test_no_errors_in_the_console_and_nothing_from_elsewhere(shop: Any, page: Chrome) -> None:
    names = page.execute_script("return performance.getEntriesByType('resource').map(r => r.name)")
    assert names and all(name.startswith((shop.url, "data:")) for name in names)
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
