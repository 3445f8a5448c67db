"""The three tiers of intent as data/taxonomy.yml has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.settings import ROOT, SettingsError, read_yaml

PATH = ROOT / "data" / "taxonomy.yml"


@dataclass(frozen=True)
class Taxonomy:
    """Names and Chinese titles of the tiers.

    Attributes:
        base_of: business intent -> base intent.
        titles: name of a base intent, a business intent or an emotion -> Chinese title.
        emotions: names of the emotions.
    """

    base_of: dict[str, str]
    titles: dict[str, str]
    emotions: tuple[str, ...]

    @property
    def bases(self) -> tuple[str, ...]:
        """The base intents, in the file's order."""
        return tuple(dict.fromkeys(self.base_of.values()))

    def require(self, intents: Iterable[str]) -> None:
        """Raise SettingsError when one of `intents` stands in no group."""
        unknown = sorted(set(intents) - set(self.base_of))
        if unknown:
            raise SettingsError(
                f"data/taxonomy.yml 里没有这些业务意图，请把它们写进某个基础意图下：{'、'.join(unknown)}"
            )


@lru_cache(maxsize=4)
def load_taxonomy(path: Path = PATH) -> Taxonomy:
    """Read the taxonomy.

    Raises:
        SettingsError: the file is missing, malformed, or names an intent twice.
    """
    content = read_yaml(path) or {}
    base_of: dict[str, str] = {}
    titles: dict[str, str] = dict(content.get("emotion") or {})
    for base, group in (content.get("base") or {}).items():
        try:
            titles[base] = group["title"]
            intents = dict(group["intents"])
        except (KeyError, TypeError, ValueError):
            raise SettingsError(f"{path.name} 里的 {base} 应有 title 和 intents 两项") from None
        for intent, title in intents.items():
            if intent in base_of:
                raise SettingsError(f"{path.name} 里的 {intent} 出现了两次（{base_of[intent]} 和 {base}），请删掉一个")
            base_of[intent], titles[intent] = base, title
    return Taxonomy(base_of, titles, tuple(content.get("emotion") or {}))
