"""What customers wrote in some days, as the event store has it: masked, with the bot's understanding."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bot.db import reading
from bot.events.tables import EventRow
from bot.nlu.judge.corpus import normalise

_MASKED = re.compile(r"\*\*|\[(?:证件号|电话|卡号)\]")
_PAYLOAD = re.compile(r"^/(\w+)")
_LONGEST = 200


@dataclass(frozen=True)
class Heard:
    """A message; `chosen` is the intent whose button the customer pressed after it, where that was another one."""

    text: str
    conversation_id: str
    at: datetime
    intent: str
    confidence: float
    base: str
    emotion: str
    score: int | None
    chosen: str = ""

    @property
    def key(self) -> str:
        """The same for messages that differ only in case, width, spaces and punctuation."""
        return key_of(self.text)


def key_of(text: str) -> str:
    """The same for texts that differ only in case, width, spaces and punctuation."""
    return hashlib.sha256(normalise(text).encode()).hexdigest()


def heard_between(url: str, begin: datetime, end: datetime) -> list[Heard]:
    """The messages with `begin` <= at < `end`, oldest first; without buttons, and without what had to be masked."""
    query = select(EventRow).where(EventRow.kind == "message.customer", EventRow.at >= begin, EventRow.at < end)
    with reading(url) as session:
        rows = session.execute(query.order_by(EventRow.conversation_id, EventRow.at, EventRow.seq)).scalars().all()
    found: list[Heard] = []
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        text = str(row.data.get("text") or "").strip()
        if not text or len(text) > _LONGEST or _PAYLOAD.match(text) or _MASKED.search(text):
            continue
        intent = str(row.data.get("intent") or "")
        following = after if after is not None and after.conversation_id == row.conversation_id else None
        found.append(
            Heard(
                text,
                row.conversation_id,
                row.at,
                intent,
                float(row.data.get("confidence") or 0.0),
                str(row.data.get("base_intent") or ""),
                str(row.data.get("emotion") or "calm"),
                row.data.get("score"),
                _chosen(intent, following),
            )
        )
    return sorted(found, key=lambda heard: heard.at)


def _chosen(intent: str, after: EventRow | None) -> str:
    pressed = _PAYLOAD.match(str(after.data.get("text") or "")) if after is not None else None
    # An unclear message is asked back with intents as buttons: what is pressed is what was meant.
    return pressed[1] if pressed and intent == "nlu_fallback" and pressed[1] not in ("nlu_fallback", "inform") else ""
