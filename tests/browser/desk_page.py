"""What an agent does and sees at the desk, and what a test knows of the shop behind it."""

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

from bot import conversations
from bot.conversations import Store
from bot.desk import accounts
from tests.browser.chat_page import until

PASSWORD = "correct-horse-battery"


@dataclass
class People:
    """Who works at the desk of a running shop; `store` is the one that its servers use."""

    store: Store
    url: str
    browser: Callable[..., Chrome]

    def employ(self, name: str, shown: str, role: str = "agent", **more: Any) -> str:
        """An account; its one-time password."""
        return accounts.create_account(self.store, name, shown, role, **more)

    def ready(self, name: str, shown: str, role: str = "agent", **more: Any) -> None:
        """An account whose password is changed already."""
        accounts.change_password(self.store, name, self.employ(name, shown, role, **more), f"{PASSWORD}-{name}")

    def at_desk(self, name: str, **size: int) -> Chrome:
        """A browser in which `name` has signed in."""
        page = self.browser(**size)
        page.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": COUNT_TONES})
        sign_in(page, self.url, name, f"{PASSWORD}-{name}")
        until(page, lambda: page.find_elements(By.CSS_SELECTOR, ".desk"))
        until(page, lambda: not page.find_elements(By.CSS_SELECTOR, ".off"))
        return page

    def present(self, name: str, presence: str = "online") -> None:
        """Say that `name` is there without a browser of her own; it holds for half a minute."""
        conversations.set_presence(self.store, name, presence)

    def all_away(self) -> None:
        """End every chat of people and send everybody home."""
        for chat, agent, _ in conversations.held(self.store):
            conversations.close(self.store, chat, agent)
        for waiting in conversations.waiting_list(self.store):
            conversations.cancel(self.store, waiting.id)
        for agent in conversations.list_agents(self.store):
            conversations.set_presence(self.store, agent.id, "offline")

    def chat(self, account: str, *texts: str, category: str = "other") -> str:
        """A conversation of a customer without a browser who wants a person."""
        chat = conversations.open_conversation(self.store, "webchat", account)
        for text in texts:
            conversations.receive(self.store, chat, {"text": text})
        conversations.request_person(self.store, chat, conversations.Request("request_human", category))
        return chat


# Sounds are made of oscillators; their number tells whether something was heard.
COUNT_TONES = """
window.tones = 0
const make = AudioContext.prototype.createOscillator
AudioContext.prototype.createOscillator = function () { window.tones += 1; return make.call(this) }
"""


def sign_in(page: Chrome, url: str, name: str, password: str) -> None:
    page.get(f"{url}/desk")
    until(page, lambda: page.find_elements(By.ID, "password"))
    page.find_element(By.ID, "name").send_keys(name)
    page.find_element(By.ID, "password").send_keys(password + Keys.ENTER)


def alt(page: Chrome, key: str) -> None:
    """Alt and a key, as the whole desk can be used."""
    ActionChains(page).key_down(Keys.ALT).send_keys(key).key_up(Keys.ALT).perform()


def typed(page: Chrome, keys: str) -> None:
    """Keys for whatever has the focus."""
    ActionChains(page).send_keys(keys).perform()


def lines(page: Chrome) -> list[tuple[str, str]]:
    """(kind, text) of what the open chat shows."""
    script = """return [...document.querySelectorAll('.messages .line')].map(
        (line) => [line.classList[1], [...line.querySelectorAll('p')].map((p) => p.innerText).join(' ')])"""
    return [(kind, text) for kind, text in page.execute_script(script)]


def hears(page: Chrome, kind: str, words: str) -> None:
    """Wait until the open chat shows a line of this kind with the words."""
    until(page, lambda: any(k == kind and words in text for k, text in lines(page)))


def alerts(page: Chrome) -> str:
    return str(page.find_element(By.CSS_SELECTOR, ".alerts").text)


def listed(page: Chrome, box: str) -> list[str]:
    """What a list holds, after its tab was chosen."""
    for tab in page.find_elements(By.CSS_SELECTOR, "[role=tab]"):
        if tab.text.startswith(box):
            tab.click()
    return [row.text for row in page.find_elements(By.CSS_SELECTOR, ".inbox .row")]


def count_in(page: Chrome, box: str) -> int:
    """The number on a list's tab."""
    tab = next(t for t in page.find_elements(By.CSS_SELECTOR, "[role=tab]") if t.text.startswith(box))
    found = re.search(r"\d+", tab.text)
    return int(found.group()) if found else 0


def loaded_pictures(page: Chrome, where: str) -> int:
    script = f"return [...document.querySelectorAll('{where}')].filter((i) => i.complete && i.naturalWidth > 0).length"
    return int(page.execute_script(script))


def picture(path: Path) -> Path:
    """A small PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = zlib.compress(b"".join(b"\0" + bytes([60, 150, 120]) * 40 for _ in range(30)))
    header = struct.pack(">IIBBBBB", 40, 30, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b""))
    return path
