"""What a manager does and sees on the management site."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

PASSWORD = "browser-test-1"
SHOTS = os.environ.get("SCREENSHOTS")  # a folder to keep pictures in
# Whether every chart of the page shows more than one colour.
DRAWN = """
return [...document.querySelectorAll('.chart canvas')].map(canvas => {
  const {width, height} = canvas
  const pixels = new Uint32Array(canvas.getContext('2d').getImageData(0, 0, width, height).data.buffer)
  return new Set(pixels).size
})"""
FETCH = """
const done = arguments[arguments.length - 1]
fetch(arguments[0], {method: arguments[1] ?? 'GET'}).then(async answer => done({
  status: answer.status, kind: answer.headers.get('content-type'), name: answer.headers.get('content-disposition'),
  bytes: [...new Uint8Array(await answer.arrayBuffer())],
}))"""


def sign_in(page: Chrome, url: str, name: str, path: str = "/") -> Chrome:
    page.get(f"{url}/manage#{path}")
    wait(page, lambda: page.find_elements(By.CSS_SELECTOR, "input[type=password]"))
    page.find_element(By.CSS_SELECTOR, "input:not([type=password])").send_keys(name)
    page.find_element(By.CSS_SELECTOR, "input[type=password]").send_keys(PASSWORD)
    page.find_element(By.XPATH, "//button[normalize-space()='登录']").click()
    return page


def go(page: Chrome, path: str) -> None:
    """Go to another page of the site, as its menu does."""
    page.execute_script("location.hash = arguments[0]", path)


def text_of(page: Chrome) -> str:
    return str(page.find_element(By.TAG_NAME, "body").text)


def see(page: Chrome, text: str) -> None:
    try:
        wait(page, lambda: text in text_of(page))
    except TimeoutException:
        keep(page, "failed")
        raise AssertionError(f"no “{text}” on the page:\n{text_of(page)}") from None


def wait(page: Chrome, condition: Callable[[], Any]) -> Any:
    ignored = [StaleElementReferenceException]
    return WebDriverWait(page, 20, poll_frequency=0.1, ignored_exceptions=ignored).until(lambda _page: condition())


def press(page: Chrome, words: str) -> None:
    path = f"//*[self::button or self::a or self::label][normalize-space()='{words}']"
    button = wait(page, lambda: [b for b in page.find_elements(By.XPATH, path) if b.is_displayed()])[0]
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()


def too_wide(page: Chrome) -> bool:
    return bool(page.execute_script("return document.documentElement.scrollWidth > window.innerWidth"))


def drawn(page: Chrome) -> bool:
    colours = page.execute_script(DRAWN)
    return bool(colours) and all(number > 2 for number in colours)


def fetched(page: Chrome, address: str, method: str = "GET") -> dict[str, Any]:
    """What the signed-in browser gets from `address`: status, kind, name, bytes."""
    return dict(page.execute_async_script(FETCH, address, method))


def link(page: Chrome, words: str) -> str:
    found = wait(page, lambda: page.find_elements(By.XPATH, f"//a[normalize-space()='{words}']"))
    return str(found[0].get_attribute("href"))


def keep(page: Chrome, name: str) -> None:
    """A picture of the whole page, where SCREENSHOTS names a folder."""
    if not SHOTS:
        return
    script = "return [window.innerWidth, Math.min(document.documentElement.scrollHeight, 4000)]"
    width, height = page.execute_script(script)
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    shot = page.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    (Path(SHOTS) / f"manage-{name}.png").write_bytes(base64.b64decode(shot["data"]))
