"""What the customers of the load test say, from scripts.yml: conversations in which hardly a question comes twice."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.settings import read_yaml

FILE = Path(__file__).with_name("scripts.yml")
_BLANK = re.compile(r"\{(\w+)\}")
_FREE = ("hello", "end")  # drawn anew for every line; other words stay the same through a conversation


@dataclass(frozen=True)
class Line:
    """One message of a script: its intent, and the wordings of which one is said."""

    intent: str
    wordings: tuple[str, ...]


@dataclass(frozen=True)
class Script:
    """A conversation from its first message to its last; `weight` is its share among the others."""

    title: str
    weight: float
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Scripts:
    """All scripts with the words for their blanks."""

    words: dict[str, tuple[str, ...]]
    scripts: tuple[Script, ...]

    @property
    def intents(self) -> list[str]:
        """Every intent that is said, once."""
        return list(dict.fromkeys(line.intent for script in self.scripts for line in script.lines))

    def conversations(self, chance: random.Random) -> Iterator[list[str]]:
        """The messages of one conversation after the other, without end."""
        weights = [script.weight for script in self.scripts]
        while True:
            (script,) = chance.choices(self.scripts, weights)
            kept = {name: chance.choice(words) for name, words in self.words.items()}
            yield [self._said(line, kept, chance) for line in script.lines]

    def _said(self, line: Line, kept: dict[str, str], chance: random.Random) -> str:
        def word(blank: re.Match[str]) -> str:
            name = blank.group(1)
            return chance.choice(self.words[name]) if name in _FREE else kept[name]

        return _BLANK.sub(word, chance.choice(line.wordings))


@lru_cache(maxsize=1)
def load_scripts(path: Path = FILE) -> Scripts:
    """Read the file.

    Raises:
        SettingsError: it is missing or no YAML.
        KeyError: a line names a word that is not there.
    """
    content = read_yaml(path)
    words = {name: tuple(map(str, values)) for name, values in content["words"].items()}
    scripts = tuple(
        Script(one["title"], float(one.get("weight", 1)), tuple(_line(turn) for turn in one["turns"]))
        for one in content["scripts"]
    )
    for script in scripts:
        for blank in _BLANK.findall("".join("".join(line.wordings) for line in script.lines)):
            words[blank]
    return Scripts(words, scripts)


def _line(turn: dict[str, object]) -> Line:
    said = turn["say"]
    assert isinstance(said, list)
    return Line(str(turn["intent"]), tuple(map(str, said)))
