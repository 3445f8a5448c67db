"""What a question before a purchase is after, by the words of data/presale_words.yml."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from actions.answers import plain
from bot.settings import ROOT, SettingsError, read_yaml
from bot.shop.presale import Demand

FILE = ROOT / "data" / "presale_words.yml"


@dataclass(frozen=True)
class Need:
    """What someone looks for: words that a product page should hold, demands on parameters.

    `narrow` tells whether that is more than a kind of goods.
    """

    words: tuple[str, ...] = ()
    demands: tuple[Demand, ...] = ()
    narrow: bool = False


def says(ask: str, text: str) -> bool:
    """Whether `text` holds one of the words that the file lists for `ask`."""
    return _holds(text, _words()["asks"][ask])


def named_in(name: str, text: str) -> bool:
    """Whether `text` names the coupon `name` by what stands before its terms: 新客 for 新客满200减20."""
    cuts = [at for at in (name.find(word) for word in _words()["coupon_terms"]) if at > 0]
    cuts += [at for at, sign in enumerate(name) if at and sign.isdigit()]
    return name[: min(cuts, default=len(name))] in text


def payments_in(text: str) -> list[str]:
    """The ids of the ways to pay that `text` names."""
    return [method for method, words in _words()["payments"].items() if _holds(text, words)]


def abroad_in(text: str) -> str | None:
    """A place outside of the shop's country that `text` names."""
    return next((place for place in _words()["abroad"] if place in text), None)


def category_in(text: str, categories: set[str]) -> str | None:
    """The shop's category that `text` asks for: by its own name, else by what belongs to it."""
    named = next((category for category in sorted(categories) if category in text), None)
    if named:
        return named
    return next((c for c, words in _words()["categories"].items() if c in categories and _holds(text, words)), None)


def need_in(text: str) -> Need:
    """What `text` wants of a product."""
    found = [need for need in _words()["needs"].values() if _holds(text, need["said"])]
    return Need(
        tuple(word for need in found for word in need.get("word", [])),
        tuple(_demand(**need["demand"]) for need in found if "demand" in need),
        any(not need.get("kind") for need in found),
    )


def _demand(parameter: str, at_least: float | None = None, contains: str | None = None) -> Demand:
    if at_least is not None:
        return Demand(parameter, "at_least", at_least)
    return Demand(parameter, "contains", str(contains))


def _holds(text: str, words: list[str]) -> bool:
    folded = plain(text)
    return any(plain(word) in folded for word in words)


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    content = read_yaml(FILE) or {}
    for name in ("asks", "payments", "abroad", "categories", "needs"):
        if not content.get(name):
            raise SettingsError(f"{FILE.name} 缺少 {name}，请参照文件里的说明补上")
    for name, need in content["needs"].items():
        if not need.get("said") or not (need.get("word") or need.get("demand")):
            raise SettingsError(f"{FILE.name} 的 needs 里“{name}”要写 said，以及 word 或 demand")
    return dict(content)
