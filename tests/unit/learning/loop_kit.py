"""A small shop's loop: a few intents, a few lines each, and customers who write the rest of the corpus."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bot.events import Event
from bot.events.store import add
from bot.learning.project import Project
from bot.nlu.judge.corpus import Line, read_corpus
from bot.nlu.taxonomy import load_taxonomy
from bot.settings import ROOT, Settings

INTENTS = ("ask_stock", "ask_price", "ask_invoice", "return_goods", "track_logistics", "give_suggestion")
CONFIG = """recipe: default.v1
assistant_id: loop
language: zh
pipeline:
  - name: bot.nlu.tokenizer.ChineseTokenizer
  - name: bot.nlu.featurizer.ChineseBertFeaturizer
    prefix: ""
    sequence: false
  - name: bot.nlu.intent.TieredIntentClassifier
"""


def write_lines(file: Path, lines: list[Line]) -> None:
    """A Rasa file with these lines."""
    file.parent.mkdir(parents=True, exist_ok=True)
    blocks = []
    for intent in dict.fromkeys(line.intent for line in lines):
        texts = "".join(f"    - {line.text}\n" for line in lines if line.intent == intent)
        blocks.append(f"- intent: {intent}\n  examples: |\n{texts}")
    file.write_text('version: "3.1"\n\nnlu:\n' + "\n".join(blocks), encoding="utf8")


@dataclass
class World:
    """`weeks[i]` are the lines that customers write in week i; `unseen` what the loop never gets to see."""

    project: Project
    weeks: list[list[Line]]
    unseen: list[Line]
    meant: dict[str, Line] = field(default_factory=dict)

    def customers_write(self, week: int, monday: datetime, understood: dict[str, tuple[str, float]]) -> None:
        """The messages of a week into the event store; `understood` text → the bot's intent and confidence."""
        events = []
        for number, line in enumerate(self.weeks[week]):
            at = monday + timedelta(minutes=number)
            intent, confidence = understood.get(line.text, ("nlu_fallback", 0.3))
            base = load_taxonomy().base_of.get(intent, "")
            data = {"text": line.text, "intent": intent, "confidence": confidence, "base_intent": base, "score": 3}
            events.append(Event("message.customer", f"c{week}-{number}", at, actor="customer", data=data))
            self.meant[line.text] = line
        add(self.project.url, events)


def small_world(folder: Path, settings: Settings, start: int = 4, a_week: int = 120) -> World:
    """Begin with `start` lines an intent; three weeks of customers write `a_week` others each."""
    chance = random.Random(7)
    by_intent: dict[str, list[Line]] = {}
    for intent in INTENTS:
        lines = [
            line
            for line in read_corpus(ROOT / "data" / "nlu" / load_taxonomy().base_of[intent])
            if line.intent == intent and line.emotion == "calm" and len(line.text) < 40
        ]
        chance.shuffle(lines)
        by_intent[intent] = lines
    each = a_week // len(INTENTS)
    first = [line for lines in by_intent.values() for line in lines[:start]]
    root = folder / "shop"
    for intent, lines in by_intent.items():
        write_lines(root / "data" / "nlu" / load_taxonomy().base_of[intent] / f"{intent}.yml", lines[:start])
    (root / "config.yml").write_text(CONFIG, encoding="utf8")
    fixed = [line for lines in by_intent.values() for line in lines[start : start + 12]]
    write_lines(root / "tests" / "nlu" / "fixed.yml", fixed)
    after = start + 12
    weeks = [
        [line for lines in by_intent.values() for line in lines[after + week * each : after + (week + 1) * each]]
        for week in range(3)
    ]
    end = after + 3 * each
    unseen = [line for lines in by_intent.values() for line in lines[end : end + 40]]
    assert len(first) == start * len(INTENTS) and all(len(week) == each * len(INTENTS) for week in weeks)
    return World(Project(settings, root, nlu_only=True), weeks, unseen)
