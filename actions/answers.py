"""Yes, no and stop by the words themselves, so that a short answer counts however it was classified."""

import re
import unicodedata
from functools import lru_cache
from typing import Any, Literal

from bot.settings import ROOT, SettingsError, read_yaml

Answer = Literal["yes", "no", "stop"]
KINDS = ("affirm", "deny", "stop", "filler", "question", "asking")
INQUIRY = "inquiry"
CHOICES = ("first", "second", "third")
ANSWERS: dict[str, Answer] = {"stop": "stop", "deny": "no", "affirm": "yes"}  # the weightier first


@lru_cache(maxsize=1)
def _words() -> dict[str, list[str]]:
    content = read_yaml(ROOT / "data" / "answers.yml") or {}
    for kind in (*KINDS, INQUIRY, *CHOICES):
        if not isinstance(content.get(kind), list):
            raise SettingsError(f"data/answers.yml 缺少词表 {kind}，请写成 {kind}: [词, 词]")
    return {kind: [_fold(_as_word(word)) for word in content[kind]] for kind in (*KINDS, INQUIRY, *CHOICES)}


def _as_word(value: Any) -> str:
    # YAML reads a bare yes, no, y or n as a truth value.
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


@lru_cache(maxsize=32)
def _pattern(*kinds: str) -> re.Pattern[str]:
    words = sorted({word for kind in kinds for word in _words()[kind]}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words)))


@lru_cache(maxsize=1)
def _kind_of() -> dict[str, str]:
    return {word: kind for kind in ("filler", "affirm", "deny", "stop") for word in _words()[kind]}


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().strip()


def plain(text: str) -> str:
    """`text` in half width and lower case, without punctuation, spaces and emoji."""
    return re.sub(r"[\W_]", "", _fold(text))


def is_question(text: str) -> bool:
    """Whether `text` asks something, however its words may look."""
    return any(word in _fold(text) for word in _words()["question"])


def asks(text: str) -> bool:
    """Whether `text` inquires about something rather than to want it done."""
    return any(word in _fold(text) for word in _words()[INQUIRY])


def read_answer(text: str) -> Answer | None:
    """What `text` answers when it consists of answer words only; otherwise None.

    A refusal anywhere wins, because it costs less to ask again than to act against the customer's will.
    """
    rest = plain(text)
    if is_question(text) or not made_of(rest, *ANSWERS, "filler"):
        return None
    kinds = {_kind_of()[word] for word in _pattern(*ANSWERS, "filler").findall(rest)}
    return next((answer for kind, answer in ANSWERS.items() if kind in kinds), None)


def read_choice(text: str) -> int | None:
    """Which of the choices offered `text` names by its place, counted from 0; None when it names none."""
    found = [place for place, kind in enumerate(CHOICES) if plain(text) and made_of(text, kind, "filler")]
    return found[0] if len(found) == 1 else None


def made_of(text: str, *kinds: str) -> bool:
    """Whether nothing is left of `text` without the words of `kinds`."""
    return re.fullmatch(f"(?:{_pattern(*kinds).pattern})*", plain(text)) is not None


def without_question_words(text: str) -> str:
    """What is left of a question for stock without the words that such questions consist of."""
    return _pattern(*KINDS).sub("", plain(text))
