"""Numbered choices: which of the offered buttons a customer means who writes "2", "2." or 第二个."""

import re
from collections.abc import Sequence

from bot.channels.outgoing import Button

_CHINESE = "一二三四五六七八九"
_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩"
_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")
_LAST = re.compile(r"(我?选|要|就)?最后(一)?[个条项款种]")
# 2 · 2. · (2) · 选2 · 第二个 · 要第2款 · 2号 — and nothing else: "2件" is a quantity, "二十" another number.
_NUMBER = re.compile(
    r"[(（【]?(?:我?(?:选择?|要|就))?(?P<ordinal>第)?(?P<number>[0-9]{1,2}|十|[一二三四五六七八九①②③④⑤⑥⑦⑧⑨⑩])"
    r"(?P<counter>[个条项款种号])?[)）】]?[.。、,，!！~～ ]*(?:吧|的|呢)?[.。!！]?"
)
_LABELLED = re.compile(r"([0-9]{1,2})\. (.+)")  # what WeChat sends when a numbered entry of ours is tapped
_CHATTER = re.compile(r"[\s.。,，!！?？~～、]")


def number_meant(text: str, count: int) -> int | None:
    """The number from 1 to `count` that `text` names as a choice, or None.

    一个 is a quantity unless 第 stands before it; 2个 likewise.
    """
    said = text.strip().translate(_FULL_WIDTH)
    if _LAST.fullmatch(said):
        return count or None
    match = _NUMBER.fullmatch(said)
    if match is None:
        return None
    if match["counter"] not in (None, "号") and not match["ordinal"]:
        return None
    number = _value(match["number"])
    return number if 1 <= number <= count else None


def _value(digits: str) -> int:
    if digits.isascii():
        return int(digits)
    if digits in _CIRCLED:
        return _CIRCLED.index(digits) + 1
    if digits == "十":
        return 10
    return _CHINESE.index(digits) + 1


def choose(text: str, offered: Sequence[Button]) -> Button | None:
    """The button of `offered` that `text` means: by its number or its very title."""
    label = _LABELLED.fullmatch(text.strip())
    if label and 1 <= int(label[1]) <= len(offered) and offered[int(label[1]) - 1].title == label[2]:
        return offered[int(label[1]) - 1]
    said = _CHATTER.sub("", text).lower()
    if said:
        for button in offered:
            if _CHATTER.sub("", button.title).lower() == said:
                return button
    number = number_meant(text, len(offered))
    return offered[number - 1] if number else None
