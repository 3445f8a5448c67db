"""One inspected conversation to read through: its words, personal data masked, and what was found in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from bot import clock
from bot.conversations.log import AGENT, BOT, CUSTOMER
from bot.conversations.tables import Message
from bot.db import reading
from bot.events import mask_text
from bot.quality.chat_log import text_of
from bot.quality.figures import Finding, findings
from bot.quality.outside import find
from bot.quality.tables import TalkRow
from bot.settings import Settings

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Said:
    """A message; `at` is its moment, of a call also `seconds` from the beginning."""

    number: int
    side: str
    agent: str
    at: datetime
    text: str
    seconds: float | None = None


@dataclass(frozen=True)
class Transcript:
    """A conversation with its score, verdicts and findings."""

    talk_id: str
    conversation_id: str
    kind: str
    channel: str
    agent: str
    started_at: datetime
    score: float | None
    verdicts: dict[str, str]
    lines: tuple[Said, ...]
    findings: tuple[Finding, ...]


def transcript(settings: Settings, talk_id: str, agent: str | None = None) -> Transcript | None:
    """An inspected conversation; with `agent` only when it or one of its findings is hers. None when there is none."""
    url = settings.events_url
    with reading(url) as session:
        row = session.get(TalkRow, talk_id)
    if row is None:
        return None
    _, found = findings(url, row.day, row.day, talk_id=talk_id)
    if agent is not None and agent not in {row.agent, *(one.agent for one in found)}:
        return None
    return Transcript(
        row.id,
        row.conversation_id,
        row.kind,
        row.channel,
        row.agent,
        row.started_at,
        row.score,
        row.verdicts,
        tuple(_lines(settings, row)),
        tuple(found),
    )


def _lines(settings: Settings, row: TalkRow) -> list[Said]:
    outside = find(settings.events_url, row.conversation_id)
    if outside is not None:
        call = row.kind == "call"
        return [
            Said(
                line.number,
                line.side,
                line.agent,
                line.at,
                line.text,
                round((line.at - row.started_at).total_seconds(), 1) if call else None,
            )
            for line in outside[1].lines
        ]
    query = select(Message.number, Message.author, Message.sender, Message.content, Message.created_at).where(
        Message.conversation_id == row.conversation_id,
        Message.created_at >= row.started_at - _SECOND,
        Message.created_at <= row.ended_at + _SECOND,
        Message.author.in_((CUSTOMER, BOT, AGENT)),
    )
    with reading(settings.chat_url) as session:
        rows = session.execute(query.order_by(Message.number)).all()
    return [
        Said(one.number, one.author, one.sender or "", clock.as_utc(one.created_at), mask_text(text_of(one.content)))
        for one in rows
    ]
