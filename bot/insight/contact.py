"""From a conversation's events to its contacts, the unit that figures count: a pure function.

A contact is one visit: it begins with a customer's message and ends with the conversation's closing, a new session or
an hour of silence, but not while the customer waits for a person. Response times are measured from the first message
that waits to the first reply of bot or agent; the wait for a person ends with the assignment that led to an answer.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot import clock
from bot.events import Event

SILENCE = timedelta(minutes=60)
_REPLIES = ("message.bot", "message.agent")
# What belongs to the last visit however late it comes; other things between two visits belong to none.
_FOLLOWS = ("rating",)
_ENDS_WAIT = ("handoff.assigned", "handoff.cancelled", "handoff.ticket", "conversation.closed")
# Entities of the buttons below an answer of the knowledge base: what they say is about that answer, no new matter.
_ABOUT_ANSWER = {"faq_entry", "faq_asked", "faq_helpful"}
# Taobao counts the average response time of rounds that begin between 08:00 and 24:00 of the shop's day.
ROUND_HOURS = range(8, 24)


@dataclass
class Contact:
    """One visit; milliseconds are whole, None where there is nothing to measure."""

    conversation_id: str
    channel: str
    started_at: datetime
    ended_at: datetime
    messages: Counter[str] = field(default_factory=Counter)  # customer, bot, agent
    intents: Counter[str] = field(default_factory=Counter)
    bases: Counter[str] = field(default_factory=Counter)
    first_response_ms: int | None = None
    rounds: int = 0
    rounds_ms: int = 0
    unclear: int = 0
    lowest_score: int | None = None
    handed_off: bool = False
    handoff_reason: str = ""
    wait_ms: int | None = None
    agent: str = ""
    sla_breaches: int = 0
    stars: int | None = None
    solved_vote: bool | None = None
    tasks: int = 0
    tasks_done: int = 0
    closed: bool = False

    @property
    def intent(self) -> str:
        """The business intent that it was mostly about; "" for greetings alone."""
        return self.intents.most_common(1)[0][0] if self.intents else ""

    @property
    def base(self) -> str:
        """The base intent that it was mostly about."""
        return self.bases.most_common(1)[0][0] if self.bases else "other"

    @property
    def handled_by(self) -> str:
        """bot, agent or nobody: the last of them that answered decides between bot and agent."""
        if self.messages["agent"]:
            return "agent"
        return "bot" if self.messages["bot"] else "nobody"


def contacts_of(events: Iterable[Event]) -> list[Contact]:
    """The contacts of one conversation.

    Args:
        events: all events of one conversation, oldest first.
    """
    return list(_read(events))


def _read(events: Iterable[Event]) -> Iterator[Contact]:
    contact: Contact | None = None
    waiting_since: datetime | None = None
    fresh_session = queued = False
    alive: datetime | None = None  # when somebody said something last, or an agent came
    for event in events:
        over = contact is not None and (
            contact.closed or (not queued and alive is not None and event.at - alive > SILENCE)
        )
        if event.kind == "session.started":
            fresh_session = True
            continue
        if event.kind == "message.customer":
            if _opens_silently(event):
                continue  # the page's own greeting: nobody has said anything yet
            if contact and (over or fresh_session):
                yield contact
                contact, waiting_since, queued = None, None, False
            fresh_session = False
            if contact is None:
                contact = Contact(event.conversation_id, event.channel, event.at, event.at)
            waiting_since = waiting_since or event.at
        elif over and event.kind not in _FOLLOWS:
            continue
        if contact is None:
            continue
        _count(contact, event)
        if event.kind.startswith("message.") or event.kind == "handoff.assigned":
            alive = event.at
        queued = _still_queued(queued, event)
        if event.kind in _REPLIES and waiting_since is not None:
            _answered(contact, waiting_since, event.at)
            waiting_since = None
    if contact:
        yield contact


def _still_queued(before: bool, event: Event) -> bool:
    if event.kind in ("handoff.requested", "handoff.transferred"):
        return True
    if event.kind == "handoff.returned":
        return bool(event.data.get("to") == "queue")
    return before and event.kind not in _ENDS_WAIT


def _opens_silently(event: Event) -> bool:
    text = str(event.data.get("text") or "")
    return text.startswith(("/greet", "/session_start"))


def _answered(contact: Contact, since: datetime, at: datetime) -> None:
    took = max(0, round((at - since).total_seconds() * 1000))
    if contact.first_response_ms is None:
        contact.first_response_ms = took
    if clock.local(since).hour in ROUND_HOURS:
        contact.rounds += 1
        contact.rounds_ms += took


def _count(contact: Contact, event: Event) -> None:
    data = event.data
    if event.kind.startswith("message."):
        contact.messages[event.kind.removeprefix("message.")] += 1
        contact.ended_at = event.at
    if event.kind == "message.customer":
        intent, base = data.get("intent"), data.get("base_intent")
        contact.unclear += intent == "nlu_fallback"
        if base and base != "other" and not _ABOUT_ANSWER & set(data.get("entities") or ()):
            contact.bases[str(base)] += 1
            if intent and intent != "nlu_fallback":
                contact.intents[str(intent)] += 1
        score = data.get("score")
        if isinstance(score, int | float):
            contact.lowest_score = min(int(score), contact.lowest_score or 5)
    elif event.kind == "handoff.requested":
        contact.handed_off = True
        contact.handoff_reason = contact.handoff_reason or str(data.get("reason") or "")
    elif event.kind == "handoff.assigned":
        contact.agent = str(data.get("agent") or "")
        # Who lost the chat before a word does not count, nor does a person who came unasked.
        if contact.handed_off and not contact.messages["agent"] and data.get("wait_ms") is not None:
            contact.wait_ms = int(data["wait_ms"])
    elif event.kind == "message.agent":
        contact.agent = str(data.get("agent") or contact.agent)
    elif event.kind == "sla.breached":
        contact.sla_breaches += 1
    elif event.kind == "rating":
        contact.stars = data.get("stars") or contact.stars
        contact.solved_vote = data["solved"] if data.get("solved") is not None else contact.solved_vote
    elif event.kind == "task.done":
        contact.tasks += 1
        contact.tasks_done += data.get("outcome") == "done"
    elif event.kind == "conversation.closed":
        contact.closed = True
