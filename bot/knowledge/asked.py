"""What customers asked the knowledge base, what came of it, and whether it helped."""

import re
from datetime import timedelta
from typing import Literal

from sqlalchemy import delete, select, update

from bot.clock import now
from bot.db import writing
from bot.events.masking import mask_text
from bot.knowledge.search import Found
from bot.knowledge.tables import AskedRow
from bot.settings import get_settings

FollowedBy = Literal["handoff", "repeat", "chosen"]
_NUMBER = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,4}\d{6,}(?!\d)|(?<!\d)\d{7,}(?!\d)")


def note_asked(url: str, conversation: str, text: str, found: Found) -> int:
    """Keep a question, personal data masked, and return its number.

    When the conversation asked for the same entry a short while before, that time counts as not well answered.
    """
    best = found.entries[0].id if found.entries and found.outcome != "none" else None
    moment = now()
    with writing(url) as session:
        if best and conversation:
            since = moment - timedelta(minutes=get_settings().operations.knowledge.repeat_minutes)
            before = (
                select(AskedRow)
                .where(AskedRow.conversation == conversation, AskedRow.at >= since, AskedRow.entry_id == best)
                .order_by(AskedRow.seq.desc())
                .limit(1)
            )
            row = session.scalars(before).first()
            if row is not None and row.followed_by is None and not row.helpful:
                row.followed_by = "repeat"
        new = AskedRow(
            at=moment, conversation=conversation[:80], text=mask_question(text), outcome=found.outcome, entry_id=best,
            score=round(found.probability, 4),
        )  # fmt: skip
        session.add(new)
        session.flush()
        return int(new.seq)


def mask_question(text: str) -> str:
    """`text` without phones, order numbers and other personal data, at most 500 characters."""
    return _NUMBER.sub("[单号]", mask_text(text))[:500]


def note_helpful(url: str, conversation: str, seq: int, helpful: bool) -> bool:
    """A customer's 有用 or 没用 about her own question; whether there is such a question."""
    with writing(url) as session:
        mine = (AskedRow.seq == seq, AskedRow.conversation == conversation)
        return bool(session.execute(update(AskedRow).where(*mine).values(helpful=helpful)).rowcount)


def note_chosen(url: str, conversation: str, seq: int, entry_id: str) -> None:
    """The customer chose an entry from those offered to her question."""
    with writing(url) as session:
        mine = (AskedRow.seq == seq, AskedRow.conversation == conversation, AskedRow.outcome == "near")
        session.execute(update(AskedRow).where(*mine).values(entry_id=entry_id, followed_by="chosen"))


def note_hand_over(url: str, conversation: str) -> None:
    """The conversation went to a person: its last question, when it was a short while ago, was not well answered."""
    since = now() - timedelta(minutes=get_settings().operations.knowledge.repeat_minutes)
    with writing(url) as session:
        last = (
            select(AskedRow)
            .where(AskedRow.conversation == conversation, AskedRow.at >= since)
            .order_by(AskedRow.seq.desc())
            .limit(1)
        )
        row = session.scalars(last).first()
        if row is not None and not row.helpful:
            row.followed_by = "handoff"


def forget_asked(url: str) -> int:
    """Delete questions older than `knowledge.keep_days`; how many."""
    before = now() - timedelta(days=get_settings().operations.knowledge.keep_days)
    with writing(url) as session:
        return int(session.execute(delete(AskedRow).where(AskedRow.at < before)).rowcount)
