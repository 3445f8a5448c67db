"""Invented questions to the knowledge base, so that the heat map has something to show from the first start.

The words are the entries' own ways to ask, and those of data/insight/demo_questions.yml that no entry answers.
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select

from bot import clock
from bot.db import reading, writing
from bot.knowledge import Entry, load_entries
from bot.knowledge.tables import AskedRow
from bot.settings import ROOT, read_yaml

DAYS, A_DAY = 60, 30
UNKNOWN = ROOT / "data" / "insight" / "demo_questions.yml"
_POORLY = 12  # so many entries answer badly


def fill_questions(url: str, seed: int = 11) -> int:
    """Fill an empty list of questions; how many."""
    with reading(url) as session:
        if session.execute(select(func.count()).select_from(AskedRow)).scalar_one():
            return 0
    entries = load_entries(url)[1]
    if not entries:
        return 0
    draw = random.Random(seed)
    rows = [*_answered(entries, draw), *_unanswered(draw)]
    rows.sort(key=lambda row: row["at"])
    with writing(url) as session:
        session.connection().execute(insert(AskedRow.__table__), rows)
    return len(rows)


def _answered(entries: list[Entry], draw: random.Random) -> Iterator[dict[str, Any]]:
    order = draw.sample(entries, len(entries))
    weights = [1 / (place + 3) for place in range(len(order))]  # few questions are asked most of the time (Zipf)
    poorly = {entry.id for entry in order[3 : 3 + 3 * _POORLY : 3]}
    for entry in draw.choices(order, weights, k=DAYS * A_DAY):
        bad = entry.id in poorly
        near = draw.random() < (0.35 if bad else 0.08)
        judged = not near and draw.random() < 0.3
        yield {
            **_row(draw, draw.choice(entry.questions)),
            "outcome": "near" if near else "answered",
            "entry_id": entry.id,
            "score": round(draw.uniform(0.3, 0.69) if near else draw.uniform(0.72, 0.99), 4),
            "helpful": draw.random() > (0.6 if bad else 0.08) if judged else None,
            "followed_by": _followed(draw, near, bad),
        }


def _followed(draw: random.Random, near: bool, bad: bool) -> str | None:
    if near:
        return "chosen" if draw.random() < 0.5 else None
    return draw.choice(("handoff", "repeat")) if draw.random() < (0.3 if bad else 0.03) else None


def _unanswered(draw: random.Random) -> Iterator[dict[str, Any]]:
    for group in read_yaml(UNKNOWN):
        for _ in range(group["times"]):
            followed = "handoff" if draw.random() < 0.3 else None
            told = {"outcome": "none", "entry_id": None, "helpful": None, "followed_by": followed}
            yield {**_row(draw, draw.choice(group["ways"])), "score": round(draw.uniform(0, 0.24), 4), **told}


def _row(draw: random.Random, text: str) -> dict[str, Any]:
    at = clock.now() - timedelta(days=draw.random() * DAYS)
    return {"at": at, "conversation": f"demo-{draw.randrange(10**9):09}", "text": text}
