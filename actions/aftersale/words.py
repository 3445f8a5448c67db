"""Answers by the words in them, as data/service_words.yml lists them."""

import re
from functools import lru_cache

from actions.answers import plain
from bot.settings import ROOT, SettingsError, read_yaml

FILE = ROOT / "data" / "service_words.yml"


@lru_cache(maxsize=1)
def _groups() -> dict[str, dict[str, re.Pattern[str]]]:
    content = read_yaml(FILE) or {}
    groups: dict[str, dict[str, re.Pattern[str]]] = {}
    for group, meanings in content.items():
        for meaning, words in (meanings if isinstance(meanings, dict) else {"": None}).items():
            if not isinstance(words, list) or not words:
                raise SettingsError(f"data/service_words.yml 的 {group} 里，{meaning} 后面应写词表：[词, 词]")
            pattern = re.compile("|".join(str(word) for word in words))
            groups.setdefault(str(group), {})[str(meaning)] = pattern
    return groups


def meaning(group: str, text: str) -> str | None:
    """The first meaning of `group` that one of its words in `text` gives; None without any."""
    folded = plain(text)
    found = _groups().get(group)
    if found is None:
        raise SettingsError(f"data/service_words.yml 缺少 {group}，请从版本库恢复它")
    return next((name for name, pattern in found.items() if pattern.search(folded)), None)


def meanings(group: str, text: str) -> list[str]:
    """All meanings of `group` in `text`."""
    return [name for name, pattern in _groups().get(group, {}).items() if pattern.search(plain(text))]


def pattern(name: str) -> re.Pattern[str]:
    """A regular expression of the group `pattern`."""
    found = _groups().get("pattern", {}).get(name)
    if found is None:
        raise SettingsError(f"data/service_words.yml 的 pattern 里缺少 {name}，请从版本库恢复它")
    return found


def says(group: str, name: str, text: str) -> bool:
    """Whether the whole `text` is one of the words of a meaning."""
    pattern = _groups().get(group, {}).get(name)
    return bool(pattern and pattern.fullmatch(plain(text)))


def names(group: str) -> list[str]:
    """The meanings of `group`."""
    return list(_groups().get(group, {}))
