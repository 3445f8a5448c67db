"""The one-line embed on a page of another shop's making."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Keys
from selenium.webdriver.common.by import By

from tests.browser.test_chat import GREETING, says, until, write

BUTTON = "return document.getElementById('dianxiaoer-chat').shadowRoot.querySelector('button')"
FRAME = "return document.getElementById('dianxiaoer-chat').shadowRoot.querySelector('iframe')"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def product_page(shop: Any, tmp_path: Path) -> Iterator[str]:
    """A product page with the embed, on the web server's host (a frame from the same site) but not from its port."""
    embed = f'<script src="{shop.url}/embed.js" data-sku="S1"></script>'
    (tmp_path / "index.html").write_text(f"<!doctype html><title>商品</title><h1>手机</h1>{embed}", encoding="utf8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_page_that_is_not_configured_cannot_show_the_chat(browser: Any, product_page: str) -> None:
    page = browser()
    page.get(product_page)
    page.execute_script(BUTTON).click()
    page.switch_to.frame(until(page, lambda: page.execute_script(FRAME)))
    until(page, lambda: "chrome-error" in page.execute_script("return location.href") or not page.page_source)
    assert page.find_elements(By.TAG_NAME, "textarea") == []


def test_the_demo_opens_the_chat_and_gives_the_focus_back(shop: Any, browser: Any) -> None:
    from bot.db import engine_for
    from bot.shop import upgrade_and_seed

    url = f"sqlite:///{shop.var}/shop.db"
    upgrade_and_seed(url, progress=lambda *_: None)
    engine_for(url).dispose()
    page = browser()
    page.get(f"{shop.url}/demo")
    assert page.execute_script(FRAME) is None
    button = page.execute_script(BUTTON)
    assert (button.text, button.get_attribute("aria-expanded")) == ("联系客服", "false")
    button.send_keys(Keys.ENTER)
    assert button.get_attribute("aria-expanded") == "true"
    frame = page.execute_script(FRAME)
    assert "sku=" in frame.get_attribute("src") and "url=http" in frame.get_attribute("src")
    page.switch_to.frame(frame)
    says(page, GREETING)
    write(page, "有货吗" + Keys.ENTER)
    says(page, "32台现货")
    page.find_element(By.TAG_NAME, "textarea").send_keys(Keys.ESCAPE)
    page.switch_to.default_content()
    until(page, lambda: button.get_attribute("aria-expanded") == "false")
    focused = "return document.getElementById('dianxiaoer-chat').shadowRoot.activeElement?.tagName"
    assert page.execute_script(focused) == "BUTTON" and not frame.is_displayed()
