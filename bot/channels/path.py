"""The one path of all platforms' messages: store, acknowledge, answer in the customer's order.

Connectors verify and translate; what they hand to `accept` is stored once however often the platform delivers it, and
answered by whichever process takes it. Answers leave through `bot.channels.sender`. Both steps live in the tables of
bot/conversations: a process killed at any moment loses nothing, and what it had finished is not done again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from typing import Any

import async_timeout
from rasa.core.channels.channel import UserMessage

from bot.channel_settings import Channels
from bot.channels.collect import CollectingOutput, joined
from bot.channels.feelings import Feelings
from bot.channels.incoming import Incoming
from bot.channels.media import PHOTOS, PREFIX, MediaStore
from bot.channels.moderation import TOO_FAST, Moderation
from bot.channels.reading import read
from bot.channels.speech import Speech
from bot.channels.turns import Turn, answered_before, first_turn, message_id_of, opening_id, turn_answered
from bot.channels.wordless import PICTURE, PICTURE_FAILED, SAYING, as_intent
from bot.conversations import (
    RESYNC,
    Request,
    Store,
    Stored,
    finish,
    hand_over,
    history,
    new_worker,
    open_conversation,
    receive,
    release,
    say,
    take,
    waiting_conversations,
)
from bot.observing import tracing
from bot.observing.context import about
from bot.observing.metrics import MESSAGES
from bot.observing.turns import turn as watched_turn
from bot.runtime.patience import noticing_lost_actions
from bot.waiting import news_within, to_the_end

logger = logging.getLogger(__name__)

_SWEEP = 20.0  # seconds between looks for messages whose wake-up got lost
_RECENT = 60  # messages in which buttons of the bot still count
_AT_ONCE = 16  # conversations that are answered at the same time
_REMEMBERED = 10_000
_FAILED = "utter_channel_failed"
_PICTURE_SECONDS = 20.0  # patience with the platform that keeps a picture

Handler = Callable[[UserMessage], Awaitable[Any]]


class Path:
    """One channel's way from accepted messages to stored answers."""

    def __init__(
        self,
        store: Store,
        channel: str,
        settings: Channels,
        media: MediaStore,
        speech: Speech,
        *,
        answer_timeout: float,
        joins_texts: bool,
    ) -> None:
        self._store = store
        self._channel = channel
        self._settings = settings
        self._timeout = answer_timeout
        self._joins_texts = joins_texts
        self._media = media
        self._speech = speech
        self._worker = new_worker()
        self._app: Any = None
        self._ask_rasa: Handler | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._heard_at: dict[str, float] = {}
        self._untried: set[str] = set()  # ids of messages that came here and that no other process has tried
        self._stopping = False
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._background: set[asyncio.Task[Any]] = set()
        self._unsubscribe: Callable[[], None] | None = None
        self._media_news = asyncio.Event()
        self._moderation = Moderation(channel, settings.messages_per_minute)
        self._feelings = Feelings(store)

    async def start(self, app: Any, handler: Handler) -> None:
        """Begin to answer, first what an earlier process left."""
        self._app, self._ask_rasa = app, handler
        self._unsubscribe = self._store.bus.subscribe({"inbox"}, self._wake)
        for job in (self._sweep(), self._fetch_media(), self._feelings.run(app)):
            self._spawn(job)

    async def stop(self) -> None:
        """Stop at once; what is not finished is done again by who starts next."""
        self._stopping = True
        if self._unsubscribe is not None:
            self._unsubscribe()
        tasks = [*self._tasks.values(), *self._background]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._media.stop()
        await asyncio.to_thread(release, self._store, self._worker)

    async def accept(self, incoming: Incoming, account: str) -> Stored | None:
        """Store a verified message of `account`'s conversation, once; None when it is nothing to keep."""
        with tracing.span("receive", channel=self._channel):
            stored = await asyncio.to_thread(self._accept, incoming, account)
        if incoming.media is not None:
            self._media_news.set()
        if stored is not None and stored.new:
            MESSAGES.labels(self._channel).inc()
            self._feelings.take(stored)
        if stored is not None and stored.new and stored.request is not None:
            if len(self._untried) > _REMEMBERED:  # taken by other processes; forgetting costs a look into the tracker
                self._untried.clear()
            self._untried.add(message_id_of(stored))
        return stored

    def _accept(self, incoming: Incoming, account: str) -> Stored | None:
        conversation = open_conversation(self._store, self._channel, account, address=incoming.address)
        with about(conversation):
            return self._keep(incoming, account, conversation)

    def _keep(self, incoming: Incoming, account: str, conversation: str) -> Stored | None:
        recent = history(self._store, conversation, limit=_RECENT)
        client_id = incoming.external_id[-128:]
        known = next((message for message in recent if message.client_id == client_id), None)
        if known is not None:
            return Stored(**{**vars(known), "new": False})
        media = incoming.media
        name = self._media.note(replace(media, picture=incoming.kind == "image")) if media is not None else ""
        found = read(incoming, recent, PREFIX + name if name else "")
        if found is None:
            return None
        objection = self._moderation.objection(conversation, incoming)
        request = found.request if objection != TOO_FAST else None
        if request is not None:
            request["metadata"] = {**request["metadata"], "channel": self._channel, "account": account}
            if name:
                request["media"] = name
            if trace := tracing.carrier():
                request["trace"] = trace
        stored = receive(self._store, conversation, found.content, client_id=client_id, request=request)
        if name and not stored.new:
            self._media.forget(name)
        if objection and stored.new and stored.route == "bot" and self._moderation.shall_tell(conversation):
            words = self.phrase(objection)
            if words:
                say(self._store, conversation, {"text": words})
        return stored

    def _wake(self, topic: str, data: dict[str, Any]) -> None:
        if topic == RESYNC:
            self._spawn(self._look())
        elif data.get("channel") == self._channel:
            self._heard_at[data["conversation"]] = asyncio.get_running_loop().time()
            self._run(data["conversation"])

    def _run(self, conversation: str) -> None:
        if conversation in self._tasks:
            self._again.add(conversation)
            return
        task = asyncio.get_running_loop().create_task(self._work(conversation))
        self._tasks[conversation] = task
        task.add_done_callback(lambda done: self._done(conversation, done))

    def _done(self, conversation: str, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and task.exception() is not None:  # it stays in the inbox; the next look tries again
            logger.error("The inbox of %s could not be worked through", conversation, exc_info=task.exception())
        self._tasks.pop(conversation, None)
        self._heard_at.pop(conversation, None)
        if conversation in self._again and not self._stopping:
            self._again.discard(conversation)
            self._run(conversation)

    async def _work(self, conversation: str) -> None:
        while True:
            self._again.discard(conversation)
            waiting = await self._take(conversation)
            if not waiting:
                return
            waiting = await self._settle(conversation, waiting)
            if not waiting:
                return
            async with self._slots:
                await self._answer(waiting)

    async def _take(self, conversation: str) -> list[Stored]:
        waiting = await to_the_end(take, self._store, conversation, self._worker)
        self._untried.difference_update(message_id_of(message) for message in waiting if message.tried)
        return waiting

    async def _settle(self, conversation: str, waiting: list[Stored]) -> list[Stored]:
        """Wait a moment for the rest of what the customer is saying in short messages."""
        loop, window = asyncio.get_running_loop(), self._settings.join_seconds
        end = loop.time() + 3 * window
        while self._unfinished(waiting):
            last = self._heard_at.get(conversation)
            quiet_at = min(end, (last if last is not None else loop.time() - window) + window)
            if quiet_at <= loop.time():
                break
            await asyncio.sleep(quiet_at - loop.time())
            waiting = await self._take(conversation)
        return waiting

    def _unfinished(self, waiting: list[Stored]) -> bool:
        if not waiting or not 0 < len(waiting) < self._settings.join_at_most or self._settings.join_seconds <= 0:
            return False
        request = waiting[-1].request or {}
        return bool(request.get("join")) and len(request.get("text", "")) <= self._settings.join_chars

    async def _answer(self, waiting: list[Stored]) -> None:
        turn = first_turn(waiting, self._settings.join_at_most if self._settings.join_seconds > 0 else 1)
        with watched_turn(self._channel, turn.conversation_id, turn.trace) as watched:
            watched.failed = await self._answer_turn(waiting, turn)

    async def _answer_turn(self, waiting: list[Stored], turn: Turn) -> bool:
        """Answer and store it; whether the bot could not."""
        first = message_id_of(waiting[0])
        failed = False
        try:
            before = None if first in self._untried else await answered_before(self._app, first)
            self._untried.discard(first)
            if before is not None:
                turn = turn_answered(waiting, before.text)
            replies = before.contents if before is not None else await self._replies(turn)
        except Exception:
            logger.exception("Rasa could not answer message %s", turn.message_id)
            apology = self.phrase(_FAILED)
            replies, failed = [{"text": apology}] if apology else [], True
        if self._joins_texts:
            replies = joined(replies)
        end = (self._store, turn.conversation_id, turn.through, replies)
        if failed:
            request = Request(reason="bot_failed", note={"message": turn.text[:200]})
            await asyncio.to_thread(hand_over, *end, request)
        else:
            await asyncio.to_thread(finish, *end)
        return failed

    async def _replies(self, turn: Turn) -> list[dict[str, Any]]:
        assert self._ask_rasa is not None
        text = await self._speech.text_of(turn.text, turn.media, self._media)
        failed = PHOTOS in turn.metadata and not await self._picture_came(turn.media)
        intent = None if failed and text == PICTURE else as_intent(text, self._intents())
        if intent is None:
            words = self.phrase(PICTURE_FAILED if failed else SAYING[text])
            if words:
                return [{"text": words}]
        text = intent or text
        if failed:
            turn = replace(turn, metadata={k: v for k, v in turn.metadata.items() if k != PHOTOS})
        output = CollectingOutput(self._channel)
        with noticing_lost_actions() as lost:
            async with async_timeout.timeout(self._timeout):
                if turn.fresh:
                    await self._ask_rasa(self._message("/session_start", output, turn, opening_id(turn.message_id)))
                await self._ask_rasa(self._message(text, output, turn, turn.message_id))
        if lost and not output.contents:
            raise lost[0]
        return output.contents

    async def _picture_came(self, name: str) -> bool:
        """Whether a customer's picture is here: before it is, no flow may count on it."""
        try:
            async with async_timeout.timeout(_PICTURE_SECONDS):
                return await self._media.get(name) is not None
        except asyncio.TimeoutError:
            return False

    def _message(self, text: str, output: CollectingOutput, turn: Turn, message_id: str) -> UserMessage:
        return UserMessage(
            text,
            output,
            turn.conversation_id,
            input_channel=self._channel,
            message_id=message_id,
            metadata=turn.metadata,
        )

    def phrase(self, name: str) -> str:
        """The text of a response in domain.yml, "" without one; for the few things that a channel says by itself."""
        responses = (getattr(self._domain(), "responses", None) or {}).get(name) or []
        return str(responses[0].get("text") or "") if responses else ""

    def _intents(self) -> Collection[str]:
        return getattr(self._domain(), "intents", None) or ()

    def _domain(self) -> Any:
        return getattr(getattr(getattr(self._app, "ctx", None), "agent", None), "domain", None)

    async def _sweep(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(_SWEEP)

    async def _look(self) -> None:
        try:
            for conversation in await asyncio.to_thread(waiting_conversations, self._store, self._channel):
                self._run(conversation)
        except Exception:
            logger.exception("The inbox of %s cannot be read", self._channel)

    async def _fetch_media(self) -> None:
        while not self._stopping:
            self._media_news.clear()
            wait: float | None = _SWEEP
            try:
                wait = await self._media.fetch_due()
            except Exception:
                logger.exception("Files of %s cannot be fetched", self._channel)
            await news_within(self._media_news, _SWEEP if wait is None else min(max(wait, 0.2), _SWEEP))

    def _spawn(self, job: Any) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
