"""Rasa handles a message once, whoever hands it over again.

Our channels look before they ask (`bot.channels.turns`), but two processes may look at the same moment: when a lease
ended early because a clock was set. Here, inside the conversation's lock and on the tracker that the turn has loaded
anyway, the second one finds the message and repeats what was said to it.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker


class AlreadyHandled(Exception):
    """Rasa knows the message; `said` are the events of its answer."""

    def __init__(self, said: list[BotUttered]) -> None:
        super().__init__()
        self.said = said


def answer_to(tracker: DialogueStateTracker, message_id: str | None) -> list[BotUttered] | None:
    """What the bot said to the message; None when the tracker does not know it."""
    said: list[BotUttered] = []
    for event in reversed(tracker.events):
        if isinstance(event, BotUttered):
            said.append(event)
        elif isinstance(event, UserUttered):
            if event.message_id == message_id:
                return said[::-1]
            said = []
    return None


def looking(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """`MessageProcessor._handle_message_with_tracker` that raises AlreadyHandled."""

    async def handle_with_tracker(self: Any, message: Any, tracker: DialogueStateTracker) -> Any:
        said = answer_to(tracker, message.message_id) if message.message_id else None
        if said is not None:
            raise AlreadyHandled(said)
        return await original(self, message, tracker)

    return handle_with_tracker


def repeating(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """`MessageProcessor.handle_message` that says again what was said to a message already handled."""

    async def handle_message(self: Any, message: Any) -> Any:
        try:
            return await original(self, message)
        except AlreadyHandled as handled:
            for event in handled.said:
                data = {key: value for key, value in (event.data or {}).items() if value}
                await message.output_channel.send_response(message.sender_id, {"text": event.text, **data})
            return getattr(message.output_channel, "messages", None)

    return handle_message
