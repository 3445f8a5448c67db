"""From the conversations' own log to the events that figures are computed from."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.conversations import Happened, Stored
from bot.desk_settings import Desk
from bot.events import Event

_Told = tuple[str, str, dict[str, Any]]  # kind, actor, data


def events_of(happened: Happened, message: Stored | None, channel: str, desk: Desk) -> list[Event]:
    """What `happened` is for the figures, often nothing; told again it has the same ids.

    Messages that the bot gets are told by Rasa and left out here.

    Args:
        happened: an event of the conversations' log.
        message: the message that it is about, where it is about one.
        channel: of its conversation, "" without one.
        desk: for the promised times.
    """
    read = _READERS.get(happened.kind)
    found = [] if read is None else read(happened, message, desk)
    where = happened.conversation_id or f"agent/{happened.agent_id}"
    return [
        Event(kind, where, _time(happened, message, kind), _id(happened, place), channel, actor, data)
        for place, (kind, actor, data) in enumerate(found)
    ]


def _time(happened: Happened, message: Stored | None, kind: str) -> datetime:
    # A message that waited for the bot and went to a person counts from when the customer wrote it.
    return message.time if message is not None and kind.startswith("message.") else happened.at


def _id(happened: Happened, place: int) -> str:
    # The number alone would come again in a store that was made anew.
    told = f"{happened.number}|{happened.at.isoformat()}|{happened.kind}|{happened.conversation_id}|{place}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _message(happened: Happened, message: Stored | None, _desk: Desk) -> list[_Told]:
    if message is None:
        return []
    if message.author == "agent":
        agent = message.sender or happened.agent_id or ""
        return [("message.agent", agent, {"text": _text(message.content), "agent": agent})]
    return _heard(message) if happened.data.get("passed") else []


def _passed(_happened: Happened, message: Stored | None, _desk: Desk) -> list[_Told]:
    return [] if message is None else _heard(message)


def _heard(message: Stored) -> list[_Told]:
    data = {"text": _text(message.content), "message_id": f"{message.conversation_id}-{message.number}"}
    return [("message.customer", "customer", data)]


def _owner(happened: Happened, _message: Stored | None, _desk: Desk) -> list[_Told]:
    told = _MOVES.get(str(happened.data.get("move")))
    return [] if told is None else [told(happened, happened.data)]


def _requested(_happened: Happened, data: Mapping[str, Any]) -> _Told:
    return "handoff.requested", "", {name: data.get(name) for name in ("reason", "category", "priority", "position")}


def _assigned(happened: Happened, data: Mapping[str, Any]) -> _Told:
    waited = data.get("waited")
    wait_ms = None if waited is None else round(1000 * waited)
    about = {"agent": happened.agent_id, "wait_ms": wait_ms, "category": data.get("category")}
    return "handoff.assigned", happened.agent_id or "", about


def _transferred(_happened: Happened, data: Mapping[str, Any]) -> _Told:
    about = {"agent": data.get("by"), "to": data.get("to"), "category": data.get("category")}
    return "handoff.transferred", str(data.get("by") or ""), about


def _returned(_happened: Happened, data: Mapping[str, Any]) -> _Told:
    agent = data.get("agent_before")
    to = "queue" if data.get("owner") == "waiting" else "bot"
    return "handoff.returned", str(agent or ""), {"agent": agent, "to": to, "reason": data.get("reason") or to}


def _cancelled(_happened: Happened, _data: Mapping[str, Any]) -> _Told:
    return "handoff.cancelled", "customer", {}


def _closed(_happened: Happened, data: Mapping[str, Any]) -> _Told:
    agent = data.get("by")
    return "conversation.closed", str(agent or ""), {"by": "agent", "agent": agent, "resolved": data.get("resolved")}


def _ticket(happened: Happened, _message: Stored | None, _desk: Desk) -> list[_Told]:
    data = happened.data
    about = {name: data.get(name) for name in ("ticket", "state", "category")} | {"agent": happened.agent_id}
    ticket: _Told = ("handoff.ticket", happened.agent_id or "", about)
    if data.get("state") != "open" or data.get("queued"):
        return [ticket]
    # A person was wanted and none was there: the request is a hand-off all the same.
    request = {"reason": data.get("reason"), "category": data.get("category"), "priority": None, "position": None}
    return [("handoff.requested", "", request), ticket]


def _sla(happened: Happened, _message: Stored | None, desk: Desk) -> list[_Told]:
    data = happened.data
    about = {"limit_s": desk.answer_within.get(str(data.get("category"))), "level": data.get("level")}
    about |= {"late_s": data.get("late"), "category": data.get("category"), "agent": happened.agent_id}
    return [("sla.breached", happened.agent_id or "", about)]


def _alert(happened: Happened, _message: Stored | None, _desk: Desk) -> list[_Told]:
    about = {name: happened.data.get(name) for name in ("reason", "words", "score")} | {"agent": happened.agent_id}
    return [("alert", "", about)]


def _presence(happened: Happened, _message: Stored | None, _desk: Desk) -> list[_Told]:
    about = {"agent": happened.agent_id, "status": happened.data.get("presence")}
    return [("agent.presence", happened.agent_id or "", about)]


def _rating(happened: Happened, _message: Stored | None, _desk: Desk) -> list[_Told]:
    about = {name: happened.data.get(name) for name in ("stars", "solved", "comment")} | {"agent": happened.agent_id}
    return [("rating", "customer", about)]


def _text(content: Mapping[str, Any]) -> str:
    attachment = content.get("attachment")
    return str(content.get("text") or (f"[{attachment.get('type')}]" if isinstance(attachment, dict) else ""))


_READERS: dict[str, Callable[[Happened, Stored | None, Desk], list[_Told]]] = {
    "message": _message,
    "passed": _passed,
    "owner": _owner,
    "ticket": _ticket,
    "sla": _sla,
    "alert": _alert,
    "presence": _presence,
    "rating": _rating,
}
_MOVES: dict[str, Callable[[Happened, Mapping[str, Any]], _Told]] = {
    "request": _requested,
    "claim": _assigned,
    "take": _assigned,
    "transfer": _transferred,
    "return": _returned,
    "give_back": _returned,
    "cancel": _cancelled,
    "close": _closed,
}
