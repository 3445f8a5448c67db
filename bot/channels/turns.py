"""Turns: which waiting messages the bot answers together, and whether Rasa has answered them already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.events import BotUttered, UserUttered

from bot.channels.collect import contents_of
from bot.conversations import Stored
from bot.runtime.trackers import WindowTrackerStore


@dataclass(frozen=True)
class Turn:
    """Messages up to `through` that make one question; `message_id` is the same when the turn is done again."""

    conversation_id: str
    through: int
    message_id: str
    text: str
    metadata: dict[str, Any]
    fresh: bool
    media: str
    trace: dict[str, str] | None = None


def first_turn(waiting: Sequence[Stored], at_most: int) -> Turn:
    """The first turn of `waiting` (not empty): one message, or up to `at_most` plain ones in a row."""
    joined = [waiting[0]]
    for message in waiting[1:at_most]:
        if not (_joins(joined[-1]) and _joins(message)) or (message.request or {}).get("fresh"):
            break
        joined.append(message)
    requests = [message.request or {} for message in joined]
    return Turn(
        waiting[0].conversation_id,
        joined[-1].number,
        message_id_of(waiting[0]),
        "，".join(str(request.get("text", "")) for request in requests),
        {key: value for request in requests for key, value in (request.get("metadata") or {}).items()},
        bool(requests[0].get("fresh")),
        str(requests[0].get("media") or ""),
        requests[0].get("trace"),
    )


def message_id_of(message: Stored) -> str:
    """The id under which Rasa gets a turn that begins with this message."""
    return f"{message.conversation_id}-{message.number}"


def opening_id(message_id: str) -> str:
    """The id under which Rasa is told, before this message, that a new session begins."""
    return f"{message_id}-s"


def _joins(message: Stored) -> bool:
    return bool((message.request or {}).get("join"))


@dataclass(frozen=True)
class Answered:
    """What Rasa got of a turn and what it said to it."""

    text: str
    contents: list[dict[str, Any]]


async def answered_before(app: Any, message_id: str) -> Answered | None:
    """What Rasa said to a turn before its process was killed; None when it did not get that far.

    Rasa saves a conversation at the end of a turn; then the message stands there under its id with what was said
    after it, and handling it again would act on the state that it has led to. Its events are told again.
    """
    agent = getattr(getattr(app, "ctx", None), "agent", None)
    tracker_store = getattr(agent, "tracker_store", None)
    if tracker_store is None:
        return None
    tracker = await tracker_store.retrieve(message_id.rpartition("-")[0])
    found: Answered | None = None
    for event in tracker.events if tracker is not None else ():
        if isinstance(event, UserUttered):
            if event.message_id == message_id:
                found = Answered(event.text or "", [])
            elif found is not None:
                break
        elif isinstance(event, BotUttered) and found is not None:
            data = {key: value for key, value in (event.data or {}).items() if value}
            found.contents.extend(contents_of({"text": event.text, **data}))
    if found is not None and isinstance(tracker_store, WindowTrackerStore):
        await tracker_store.tell_again(message_id.rpartition("-")[0], (message_id, opening_id(message_id)))
    return found


def turn_answered(waiting: Sequence[Stored], text: str) -> Turn:
    """The turn at the beginning of `waiting` that Rasa got as `text`: what came later is not answered by it."""
    for count in range(len(waiting), 1, -1):
        turn = first_turn(waiting[:count], count)
        if turn.text == text:
            return turn
    return first_turn(waiting, 1)
