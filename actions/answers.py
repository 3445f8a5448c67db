"""Yes, no and stop by the words themselves, so that a short answer counts however it was classified."""

import re
import unicodedata
from functools import lru_cache
from typing import Any, Literal

from bot.settings import ROOT, SettingsError, read_yaml

Answer = Literal["yes", "no", "stop"]
KINDS = ("yes", "no", "stop", "filler", "asking")


@lru_cache(maxsize=1)
def _words() -> dict[str, list[str]]:
    content = read_yaml(ROOT / "data" / "answers.yml") or {}
    for kind in KINDS:
        if not isinstance(content.get(kind), list):
            raise SettingsError(f"data/answers.yml 缺少词表 {kind}，请写成 {kind}: [词, 词]")
    return {kind: [plain(_as_word(word)) for word in content[kind]] for kind in KINDS}


def _as_word(value: Any) -> str:
    # YAML reads a bare yes, no, y or n as a truth value.
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


@lru_cache(maxsize=32)
def _pattern(*kinds: str) -> re.Pattern[str]:
    words = sorted({word for kind in kinds for word in _words()[kind]}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words)))


@lru_cache(maxsize=1)
def _kind_of() -> dict[str, str]:
    return {word: kind for kind in ("filler", "yes", "no", "stop") for word in _words()[kind]}


def plain(text: str) -> str:
    """`text` in half width and lower case, without punctuation, spaces and emoji."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).lower())


def read_answer(text: str) -> Answer | None:
    """What `text` answers when it consists of answer words only; otherwise None.

    A refusal anywhere wins, because it costs less to ask again than to act against the customer's will.
    """
    if re.search(r"[?？]", text):
        return None
    rest = plain(text)
    kinds = {_kind_of()[word] for word in _pattern("yes", "no", "stop", "filler").findall(rest)}
    if not rest or not made_of(rest, "yes", "no", "stop", "filler") or "吗" in rest:
        return None
    answers: tuple[Answer, ...] = ("stop", "no", "yes")
    return next((answer for answer in answers if answer in kinds), None)


def made_of(text: str, *kinds: str) -> bool:
    """Whether nothing is left of `text` without the words of `kinds`."""
    return re.fullmatch(f"(?:{_pattern(*kinds).pattern})*", plain(text)) is not None


def without_question_words(text: str) -> str:
    """What is left of a question for stock without the words that such questions consist of."""
    return _pattern(*KINDS).sub("", plain(text))
