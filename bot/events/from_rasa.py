"""Rasa's tracker events as events of the house; what no figure needs is left out."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from bot.events.model import Event

_SILENT = ("action_listen", "action_validate_slot_mappings", "action_extract_slots")


def from_rasa(body: Mapping[str, Any]) -> Event | None:
    """The event of a body that Rasa hands to its event broker ({"sender_id", "event", "timestamp", …}), or None."""
    sender, timestamp = body.get("sender_id"), body.get("timestamp")
    told = _READERS.get(str(body.get("event")))
    if told is None or not sender or timestamp is None:
        return None
    found = told(body)
    if found is None:
        return None
    kind, actor, data = found
    at = datetime.fromtimestamp(float(timestamp), timezone.utc)
    return Event(kind, str(sender), at, _id(body), str(body.get("input_channel") or ""), actor, data)


def _id(body: Mapping[str, Any]) -> str:
    # Rasa gives its events no ids; the same event published again has the same time to the microsecond.
    names = ("sender_id", "event", "timestamp", "name", "text", "message_id")
    told = json.dumps([body.get(name) for name in names], ensure_ascii=False, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _user(body: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    parsed = body.get("parse_data") or {}
    intent, base, emotion = (parsed.get(n) or {} for n in ("intent", "base_intent", "emotion"))
    data = {
        "text": body.get("text") or "",
        "message_id": body.get("message_id"),
        "intent": intent.get("name"),
        "confidence": _number(intent.get("confidence")),
        "base_intent": base.get("name"),
        "emotion": emotion.get("name"),
        "score": emotion.get("score"),
        "entities": sorted({str(e.get("entity")) for e in parsed.get("entities") or []}),
    }
    return "message.customer", "customer", data


def _bot(body: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    data, metadata = body.get("data") or {}, body.get("metadata") or {}
    custom = data.get("custom")
    told = {
        "text": body.get("text") or "",
        "response": metadata.get("utter_action"),
        "buttons": len(data.get("buttons") or []),
        "custom": custom.get("type") if isinstance(custom, dict) else None,
    }
    return "message.bot", "bot", told


def _action(body: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]] | None:
    if body.get("name") in (None, *_SILENT):
        return None
    data = {name: body.get(name) for name in ("name", "policy")} | {"confidence": _number(body.get("confidence"))}
    return "action", "bot", data


def _loop(body: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    return "form", "bot", {"name": body.get("name")}


def _session(_body: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    return "session.started", "", {}


def _number(value: Any) -> float | None:
    return round(float(value), 4) if isinstance(value, int | float) else None


_READERS: dict[str, Any] = {
    "user": _user,
    "bot": _bot,
    "action": _action,
    "active_loop": _loop,
    "session_started": _session,
}
