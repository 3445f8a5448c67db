"""Chats as the conversations' log has them, with intents and emotions from the event store: read only."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select

from bot import clock
from bot.conversations.log import AGENT, BOT, CUSTOMER
from bot.conversations.tables import Conversation, Message, Ticket
from bot.conversations.tables import Event as DeskEvent
from bot.db import reading
from bot.events.tables import EventRow
from bot.quality.shop_facts import facts_of
from bot.quality.talk import Fact, Line, Talk
from bot.settings import Settings

_BATCH = 400  # conversations of one query
_AFTER = timedelta(hours=12)  # a visit of the day may go on into the night
_FACTS_WITHIN = timedelta(days=3)
_MOVES = ("request", "claim", "take", "transfer")
_LEAVES = ("goodbye", "thank")
_SIDES = {CUSTOMER: "customer", BOT: "bot", AGENT: "agent"}


def chats_of(settings: Settings, day: date, silence: timedelta) -> Iterator[list[Talk]]:
    """The visits that begin on a day of the shop and are over, in batches.

    A visit ends when the conversation is closed or nobody says anything for `silence`.
    """
    start = clock.as_utc(datetime.combine(day, time(), clock.shop_zone()))
    end = clock.as_utc(datetime.combine(day + timedelta(days=1), time(), clock.shop_zone()))
    url = settings.chat_url
    before, first, last, after = (_first_id(url, at) for at in (start - silence, start, end, end + _AFTER))
    inside = select(Message.conversation_id).where(Message.id >= first, Message.id < last).distinct()
    with reading(url) as session:
        ids = sorted(session.execute(inside).scalars())
    for place in range(0, len(ids), _BATCH):
        part = ids[place : place + _BATCH]
        yield _Batch(settings, part, before, after, silence).talks(start, end)


class _Batch:
    def __init__(self, settings: Settings, ids: Sequence[str], before: int, after: int, silence: timedelta) -> None:
        self._settings, self._silence, self._now = settings, silence, clock.now()
        rows = select(
            Message.conversation_id, Message.number, Message.author, Message.sender, Message.content, Message.created_at
        ).where(Message.conversation_id.in_(ids), Message.id >= before, Message.id < after)
        accounts = select(Conversation.id, Conversation.channel, Conversation.account).where(Conversation.id.in_(ids))
        with reading(settings.chat_url) as session:
            self._messages: dict[str, list[Any]] = defaultdict(list)
            for row in session.execute(rows.order_by(Message.conversation_id, Message.number)):
                self._messages[row.conversation_id].append(row)
            self._accounts = {row.id: (row.channel, row.account) for row in session.execute(accounts)}
            self._closed, self._desk = _desk_events(session, ids)
        self._understood = _understood(settings.events_url, ids, self._since())

    def _since(self) -> datetime:
        return min((rows[0].created_at for rows in self._messages.values()), default=self._now) - self._silence

    def talks(self, start: datetime, end: datetime) -> list[Talk]:
        """The visits that begin within [start, end) and are over."""
        found = []
        for name, rows in self._messages.items():
            for visit, closed in _visits(rows, self._closed[name], self._silence):
                over = closed or self._now - visit[-1].created_at > self._silence
                if start <= visit[0].created_at < end and over:
                    talk = self._talk(name, visit, closed)
                    if talk is not None:
                        found.append(talk)
        self._add_shop_facts(found)
        return found

    def _talk(self, name: str, rows: Sequence[Any], closed: bool) -> Talk | None:
        intent: tuple[str | None, int | None] = (None, None)
        lines = []
        for row in rows:
            side = _SIDES.get(row.author)
            text = text_of(row.content)
            if side is None or not text:
                continue
            line = Line(row.number, side, row.created_at, text, row.sender or "" if side == "agent" else "")
            if side == "customer":
                # Short messages in a row make one turn, which is understood under the number of its first.
                intent = self._understood.get((name, row.number), intent)
                line.intent, line.score = intent
            else:
                intent = (None, None)
            lines.append(line)
        if not any(line.side == "customer" for line in lines):
            return None
        until = min(self._now, lines[-1].at + _FACTS_WITHIN)
        ended = closed or any(line.intent in _LEAVES for line in lines[-3:])
        facts = [fact for fact in self._desk[name] if lines[0].at <= fact.at <= until]
        channel = self._accounts[name][0]
        return Talk(f"{name}:{lines[0].number}", name, channel, lines, "chat", facts, ended, until)

    def _add_shop_facts(self, talks: Sequence[Talk]) -> None:
        accounts = {self._accounts[talk.conversation_id] for talk in talks}
        if not accounts:
            return
        first, last = min(talk.started_at for talk in talks), max(talk.until for talk in talks)
        known = facts_of(self._settings.shop_url, accounts, first, last)
        for talk in talks:
            mine = known[self._accounts[talk.conversation_id]]
            talk.facts += [fact for fact in mine if talk.started_at <= fact.at <= talk.until]


def _visits(rows: Sequence[Any], closed: Sequence[datetime], silence: timedelta) -> Iterator[tuple[list[Any], bool]]:
    """Messages of one conversation as visits, and whether each was closed."""
    visit: list[Any] = []
    for row in rows:
        if visit:
            ended = any(visit[-1].created_at <= at <= row.created_at for at in closed)
            # Words of the house at the closing belong to the visit that they close.
            if (ended and row.author == CUSTOMER) or row.created_at - visit[-1].created_at > silence:
                yield visit, ended
                visit = []
        visit.append(row)
    if visit:
        yield visit, any(at >= visit[0].created_at for at in closed)


def text_of(content: Mapping[str, Any]) -> str:
    """What a message says; a picture, a voice message and cards by their kind."""
    text = str(content.get("text") or "").strip()
    if text:
        return text
    kind = (content.get("attachment") or {}).get("type")
    if kind:
        return {"image": "[图片]", "audio": "[语音]", "video": "[视频]"}.get(str(kind), "[文件]")
    return "[卡片]" if content.get("custom") or content.get("cards") else ""


def _first_id(url: str, moment: datetime) -> int:
    """The id of the first message at or after `moment`: ids grow with time, so that no index on time is needed."""
    with reading(url) as session:
        low, high = 0, int(session.execute(select(func.coalesce(func.max(Message.id), 0))).scalar_one()) + 1
        while low < high:
            middle = (low + high) // 2
            query = select(Message.id, Message.created_at).where(Message.id >= middle).order_by(Message.id).limit(1)
            row = session.execute(query).first()
            if row is None or row.created_at >= moment:
                high = middle
            else:
                low = row.id + 1
    return low


def _desk_events(session: Any, ids: Sequence[str]) -> tuple[dict[str, list[datetime]], dict[str, list[Fact]]]:
    closed: dict[str, list[datetime]] = defaultdict(list)
    facts: dict[str, list[Fact]] = defaultdict(list)
    query = select(DeskEvent.conversation_id, DeskEvent.at, DeskEvent.data).where(
        DeskEvent.conversation_id.in_(ids), DeskEvent.kind == "owner"
    )
    for row in session.execute(query):
        move = row.data.get("move")
        if move == "close":
            closed[row.conversation_id].append(row.at)
        elif move in _MOVES:
            facts[row.conversation_id].append(Fact(row.at, "handoff"))
    tickets = select(Ticket.conversation_id, Ticket.created_at).where(Ticket.conversation_id.in_(ids))
    for row in session.execute(tickets):
        facts[row.conversation_id].append(Fact(row.created_at, "ticket"))
    return closed, facts


def _understood(url: str, ids: Sequence[str], since: datetime) -> dict[tuple[str, int], tuple[str | None, int | None]]:
    """(conversation, number of the message) → what the bot understood: intent, score."""
    query = select(EventRow.conversation_id, EventRow.data).where(
        EventRow.conversation_id.in_(ids), EventRow.kind == "message.customer", EventRow.at >= since
    )
    found: dict[tuple[str, int], tuple[str | None, int | None]] = {}
    with reading(url) as session:
        for conversation, data in session.execute(query):
            number = str(data.get("message_id") or "").rpartition("-")[2]
            if number.isascii() and number.isdigit():
                intent = data.get("intent")
                found[conversation, int(number)] = (None if intent == "nlu_fallback" else intent, data.get("score"))
    return found
