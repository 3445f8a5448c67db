"""The lines of the corpus with the places where they stand."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.nlu.judge._problem import JudgeError
from bot.settings import ROOT

_QUESTION = re.compile(r"[?？]\W*$")
_SCORES = {"impatient": (1, 2), "hesitant": (3,), "satisfied": (4, 5), "calm": (3,)}
_CALM = ("calm", 3)


@dataclass(frozen=True)
class Line:
    """One example of an intent; `file` is relative to the project where it can be."""

    text: str
    intent: str
    emotion: str
    score: Any
    file: Path
    number: int

    @property
    def place(self) -> str:
        """`data/nlu/other/greet.yml:7`."""
        return f"{self.file}:{self.number}"

    @property
    def has_sound_score(self) -> bool:
        """Whether the score is one that its emotion may have; an unknown emotion has none."""
        return self.score in _SCORES.get(self.emotion, ())


def normalise(text: str) -> str:
    """`text` without what does not change its meaning: case, width, spaces and punctuation; a final ? stays.

    有货 and 有货？ are different messages: one may answer, the other asks.
    """
    wide = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[\W_]+", "", wide) + ("?" if _QUESTION.search(wide) else "") or wide.strip()


def read_corpus(folder: Path) -> list[Line]:
    """All lines of the Rasa NLU files (.yml) in and under `folder`, sorted by file.

    Raises:
        JudgeError: a file is no Rasa NLU data; names file and line.
    """
    return [line for file in sorted(folder.rglob("*.yml")) for line in _read_file(file)]


def _read_file(file: Path) -> Iterator[Line]:
    shown = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
    try:
        # Composed, not loaded: the nodes know their lines.
        root = yaml.compose(file.read_text(encoding="utf8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" 第 {mark.line + 1} 行" if mark else ""
        raise JudgeError(f"{shown}{place}不是正确的 YAML：{getattr(error, 'problem', error)}") from None
    for block in _items(_fields(root).get("nlu")):
        fields = _fields(block)
        if not isinstance(fields.get("intent"), yaml.ScalarNode):
            continue  # synonyms, lookup tables, regular expressions
        examples = fields.get("examples")
        if examples is None:
            raise JudgeError(f"{shown} 第 {block.start_mark.line + 1} 行的 {fields['intent'].value} 没有 examples")
        for number, text, own in _texts(examples):
            emotion, score = _emotion(own or fields.get("metadata"))
            yield Line(text, fields["intent"].value, emotion, score, shown, number)


def _texts(examples: yaml.Node) -> Iterator[tuple[int, str, yaml.Node | None]]:
    """(line number, text, own metadata) of each example, in both of Rasa's ways to write them."""
    for item in _items(examples):
        fields = _fields(item)
        if "text" in fields:
            for number, text, _ in _texts(fields["text"]):
                yield number, text, fields.get("metadata")
    if isinstance(examples, yaml.ScalarNode):
        # The text of a block starts on the line after its `|`.
        for number, line in enumerate(examples.value.split("\n"), start=examples.start_mark.line + 2):
            text = line.strip().removeprefix("- ").strip()
            if text and text != "-":
                yield number, _without_entities(text), None


def _without_entities(text: str) -> str:
    if "](" not in text and "]{" not in text:
        return text
    from rasa.shared.nlu.training_data.entities_parser import replace_entities

    return str(replace_entities(text))


def _emotion(metadata: yaml.Node | None) -> tuple[str, Any]:
    if metadata is None:
        return _CALM
    values = yaml.SafeLoader("").construct_document(metadata) or {}
    return str(values.get("emotion", _CALM[0])), values.get("score", _CALM[1])


def _fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _items(node: yaml.Node | None) -> list[yaml.Node]:
    return node.value if isinstance(node, yaml.SequenceNode) else []
