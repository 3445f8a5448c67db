"""A loop under way out of data/learning_demo.yml, so that its page has something to show.

The figures of its models are invented, and so is what the bot took the messages for; the names of the models begin
with `demo-`, and there are no archives to them.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.clock import local, now
from bot.db import reading, writing
from bot.learning.drawing import week_before, week_of
from bot.learning.heard import key_of
from bot.learning.labels import SCORES
from bot.learning.tables import DrawnRow, ModelRow
from bot.settings import ROOT, read_yaml

PATH = ROOT / "data" / "learning_demo.yml"
MARK = "demo-"
_REVIEWER = "demo-boss"
# How many weeks ago what stands there was said.
_WEEKS = {"waiting": 0, "labelled": 0, "skipped": 0, "approved": 1, "kept": 1, "clash": 1}
_REVIEWED = ("approved", "kept", "clash")
_COMPARED = ("base_accuracy", "business_accuracy")
_GAP = timedelta(hours=3, minutes=7)


def fill(url: str, path: Path = PATH) -> int:
    """Put the demo's messages and models into a loop that has none; how many messages."""
    with reading(url) as session:
        if not path.is_file() or session.execute(select(DrawnRow.id).limit(1)).scalar() is not None:
            return 0
    written = read_yaml(path)
    rows = [row for status in _WEEKS for row in _drawn(status, written[status], written["agents"])]
    count = len(rows)
    with writing(url) as session:
        session.add_all([*rows, *map(_model, written["models"])])
    return count


def _drawn(status: str, lines: list[dict[str, Any]], agents: list[str]) -> list[DrawnRow]:
    _, begin, _ = week_before()
    monday = begin - timedelta(weeks=_WEEKS[status])
    rows = []
    for place, line in enumerate(lines):
        at = monday + timedelta(hours=10) + place * _GAP
        emotion = line.get("emotion", "calm")
        labelled = {"emotion": emotion, "score": line.get("score", SCORES[emotion][-1])} if "meant" in line else {}
        rows.append(
            DrawnRow(
                key=key_of(line["text"]),
                week=week_of(local(monday).date()),
                text=line["text"],
                conversation_id=f"{MARK}{status}-{place}",
                at=at,
                reason=line["reason"],
                predicted=line["heard"],
                confidence=line["sure"],
                emotion_predicted=line.get("mood", "calm"),
                suggestions=line["near"],
                status=status,
                intent=line.get("meant", ""),
                labelled_by="" if status == "waiting" else agents[place % len(agents)],
                reviewed_by=_REVIEWER if status in _REVIEWED else "",
                note=line.get("note", ""),
                changed_at=now(),
                **labelled,
            )
        )
    return rows


def _model(line: Mapping[str, Any]) -> ModelRow:
    trained: datetime = now() - timedelta(days=line["days"])
    both = {
        kind: {
            name: {"n": line[kind]["n"], **{figure: line[kind][figure][place] for figure in _COMPARED}}
            for place, name in enumerate(("live", "candidate"))
        }
        for kind in ("fixed", "replay")
    }
    told = {name: line[name] for name in ("replayed", "changed", "surer", "less_sure", "moves", "examples")}
    return ModelRow(
        name=f"{MARK}{local(trained):%Y%m%d}.tar.gz",
        data_hash=MARK,
        lines=line["lines"],
        status=line["status"],
        figures={**both, **told, "refusals": line.get("refusals", []), "against": ""},
        trained_at=trained,
        decided_at=trained + timedelta(hours=1),
    )
