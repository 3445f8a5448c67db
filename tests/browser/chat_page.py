"""What a customer does and sees on the chat page."""

import re
from collections.abc import Callable
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait


def until(page: Chrome, condition: Callable[[], Any], seconds: float = 45) -> Any:
    return WebDriverWait(page, seconds, poll_frequency=0.1).until(lambda _: condition())


def bubbles(page: Chrome) -> list[str]:
    texts = page.execute_script("return [...document.querySelectorAll('.bubble, .system')].map(b => b.innerText)")
    return [re.sub("^(我|客服)：\n?", "", text).strip() for text in texts]


def says(page: Chrome, words: str) -> None:
    until(page, lambda: any(words in bubble for bubble in bubbles(page)))


def write(page: Chrome, text: str) -> None:
    page.find_element(By.TAG_NAME, "textarea").send_keys(text)


def press(page: Chrome, words: str) -> None:
    script = "return [...document.querySelectorAll('button')].find(b => b.innerText.trim() === arguments[0])"
    until(page, lambda: page.execute_script(script, words)).click()


def replies(page: Chrome) -> list[str]:
    return [button.text for button in page.find_elements(By.CSS_SELECTOR, ".replies button")]
