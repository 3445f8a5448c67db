"""How customers feel while a person has the chat: the bot hears nothing then, so its pipeline alone reads their words.

The curve on the customer's card goes on, and a mood that falls raises the alert. Nothing waits for it: a message that
cannot be read in time, or whose process dies, has no point on the curve.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.conversations import Store, Stored, feel, history
from bot.nlu.likeness import likeness
from bot.nlu.mood import CALM, NEUTRAL, Mood, Said, heard, mood, seconds_waited
from bot.settings import get_settings

logger = logging.getLogger(__name__)

_UNREAD = 100  # messages that may wait; of more than that the newest go without
_KEPT = 5000  # messages whose reading is remembered
_LOOK_BACK = 40  # messages of both sides in which an unanswered question is looked for


class Feelings:
    """One channel's; the messages are read one after the other, so that the bot's own turns come in between."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._app: Any = None
        self._unread: asyncio.Queue[Stored] | None = None
        self._read: OrderedDict[tuple[str, int], tuple[Said, Mapping[str, Any]]] = OrderedDict()

    def take(self, message: Stored) -> None:
        """Read a customer's message soon, where it went to a person and has words."""
        if self._unread is None or not message.new or message.route != "person" or not _words(message):
            return
        try:
            self._unread.put_nowait(message)
        except asyncio.QueueFull:
            logger.warning("The mood of message %s of %s is not read", message.number, message.conversation_id)

    async def run(self, app: Any) -> None:
        """Read until it is cancelled; `app` is Rasa's, with the agent."""
        self._app, self._unread = app, asyncio.Queue(_UNREAD)
        while True:
            message = await self._unread.get()
            try:
                await self._feel(message)
            except Exception:  # the chat with the person goes on without
                logger.exception("The mood of message %s of %s is not known", message.number, message.conversation_id)

    async def _feel(self, message: Stored) -> None:
        recent = await asyncio.to_thread(
            history, self._store, message.conversation_id, before=message.number + 1, limit=_LOOK_BACK
        )
        numbers = get_settings().operations.emotion
        mine = [one for one in recent if one.author == "customer" and _words(one)][-numbers.look_back - 1 :]
        said = {}
        for one in mine:
            found = await self._reading(one)
            if found is None:
                return
            said[one.number] = found[0]
        if message.number not in said:
            return
        felt = (await self._reading(message) or (None, {}))[1]
        name, score = str(felt.get("name") or CALM), int(felt.get("score") or NEUTRAL)
        waiting = seconds_waited(messages_and_answers(recent, said))
        joined: Mood = await asyncio.to_thread(mood, list(said.values()), name, score, waiting, likeness, numbers)
        await asyncio.to_thread(
            feel,
            self._store,
            message.conversation_id,
            message.number,
            joined.emotion,
            joined.score,
            numbers.handoff_score,
        )

    async def _reading(self, message: Stored) -> tuple[Said, Mapping[str, Any]] | None:
        """What a message wants, and the emotion of its words; None while there is no model."""
        key = (message.conversation_id, message.number)
        if key not in self._read:
            agent: Any = getattr(getattr(self._app, "ctx", None), "agent", None)
            if not getattr(agent, "processor", None):  # no model is loaded yet
                return None
            words, request = _words(message), message.request or {}
            parsed = await agent.parse_message(words)
            said = heard(words, message.time.timestamp(), parsed, request.get("metadata") or {})
            self._read[key] = (said, parsed.get("emotion") or {})
            while len(self._read) > _KEPT:
                self._read.popitem(last=False)
        return self._read[key]


def messages_and_answers(messages: Sequence[Stored], said: Mapping[int, Said]) -> Iterator[Said | None]:
    """What the customer wrote, as far as it is in `said`, and None for what an agent or the bot answered."""
    for message in messages:
        if message.author in ("agent", "bot"):
            yield None
        elif message.number in said:
            yield said[message.number]


def _words(message: Stored) -> str:
    """What the customer wrote; "" for a button, a picture or a recording."""
    request = str((message.request or {}).get("text") or "")
    return "" if request.startswith("/") else str(message.content.get("text") or "").strip()
