"""Labelling and its review; one person labels, another approves."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.clock import now
from bot.db import reading, writing
from bot.learning.tables import DrawnRow
from bot.nlu.taxonomy import load_taxonomy

PAGE = 50
SCORES = {"impatient": (1, 2), "hesitant": (3,), "satisfied": (4, 5), "calm": (3,)}
_OPEN = ("waiting", "labelled", "skipped")


class LabelError(ValueError):
    """A label or a step that cannot be; the message is in Chinese."""


@dataclass(frozen=True)
class Drawn:
    """A drawn message as pages show it."""

    id: int
    week: str
    text: str
    conversation_id: str
    at: datetime
    reason: str
    predicted: str
    confidence: float
    emotion_predicted: str
    suggestions: list[str]
    status: str
    intent: str
    emotion: str
    score: int | None
    labelled_by: str
    reviewed_by: str
    note: str


def count_by_status(url: str, week: str = "") -> dict[str, int]:
    """How many drawn messages stand where; of one week, or of all."""
    query = select(DrawnRow.status, func.count()).group_by(DrawnRow.status)
    if week:
        query = query.where(DrawnRow.week == week)
    with reading(url) as session:
        return Counter(dict(session.execute(query).all()))


def list_drawn(url: str, status: str, page: int = 1) -> list[Drawn]:
    """A page of the drawn messages with `status`, the oldest week first."""
    query = select(DrawnRow).where(DrawnRow.status == status).order_by(DrawnRow.week, DrawnRow.id)
    with reading(url) as session:
        rows = session.execute(query.offset((page - 1) * PAGE).limit(PAGE)).scalars().all()
    return [Drawn(**{name: getattr(row, name) for name in Drawn.__dataclass_fields__}) for row in rows]


def label(url: str, drawn: int, who: str, intent: str, emotion: str, score: int | None = None) -> None:
    """Say what a message means; it can be said again until it is reviewed.

    Raises:
        LabelError: no such intent, emotion or score, or the message is reviewed already.
        LookupError: no such message.
    """
    taxonomy = load_taxonomy()
    if intent not in taxonomy.base_of:
        raise LabelError(f"没有“{intent}”这个业务意图，请从列表里选")
    if emotion not in SCORES:
        raise LabelError(f"没有“{emotion}”这种情感，请从列表里选")
    score = SCORES[emotion][-1] if score is None else score
    if score not in SCORES[emotion]:
        allowed = "或".join(map(str, SCORES[emotion]))
        raise LabelError(f"“{taxonomy.titles[emotion]}”的情绪分应是 {allowed}")
    values = {"intent": intent, "emotion": emotion, "score": score, "labelled_by": who}
    _change(url, drawn, _OPEN, status="labelled", **values)


def skip(url: str, drawn: int, who: str) -> None:
    """Nobody can say what it means, or it is of no use.

    Raises:
        LabelError: the message is reviewed already.
        LookupError: no such message.
    """
    _change(url, drawn, _OPEN, status="skipped", labelled_by=who)


def take_back(url: str, drawn: int, who: str) -> None:
    """One's own label, or that one skipped it, is taken back: the message waits again.

    Raises:
        LabelError: somebody else labelled it, or it is reviewed already.
        LookupError: no such message.
    """
    with writing(url) as session:
        row = session.get(DrawnRow, drawn)
        if row is None:
            raise LookupError("没有这句话")
        if row.status not in ("labelled", "skipped"):
            raise LabelError("这句话已经审核过了，不能再改")
        if row.status == "labelled" and row.labelled_by != who:
            raise LabelError("别人标的句子不能收回，可以在“审核”里退回重标")
        row.status, row.changed_at = "waiting", now()


def review(url: str, drawn: Sequence[int], who: str, approve: bool, kept_back_percent: int) -> int:
    """Approve labels, or send them back to be labelled again; how many. A part of the approved ones is kept back.

    Raises:
        LabelError: one of them is one's own label, or is not to be reviewed. Nothing is changed then.
    """
    with writing(url) as session:
        rows = session.execute(select(DrawnRow).where(DrawnRow.id.in_(drawn))).scalars().all()
        if len(rows) != len(set(drawn)) or any(row.status != "labelled" for row in rows):
            raise LabelError("有的句子已经被别人处理了，请刷新再看")
        if any(row.labelled_by == who for row in rows):
            raise LabelError("自己标的句子要由别人审核")
        for row in rows:
            kept = _chance(row.key) < kept_back_percent
            row.status = ("kept" if kept else "approved") if approve else "waiting"
            row.reviewed_by, row.changed_at = who, now()
        return len(rows)


def _chance(key: str) -> int:
    # By the text alone: the same message is always kept back, or never.
    return int(hashlib.sha256(f"kept:{key}".encode()).hexdigest()[:8], 16) % 100


def _change(url: str, drawn: int, among: Sequence[str], **values: Any) -> None:
    with writing(url) as session:
        row = session.get(DrawnRow, drawn)
        if row is None:
            raise LookupError("没有这句话")
        if row.status not in among:
            raise LabelError("这句话已经审核过了，不能再改")
        for name, value in values.items():
            setattr(row, name, value)
        row.changed_at = now()
