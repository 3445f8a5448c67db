"""What all platforms' channels have in common: Rasa's InputChannel around the common path and the sender."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, json, text
from sqlalchemy.exc import SQLAlchemyError

from bot.channels import shared
from bot.channels.checks import Refused
from bot.channels.collect import SayingOutput
from bot.channels.incoming import Incoming, Media
from bot.channels.media import MediaStore
from bot.channels.options import Options
from bot.channels.outgoing import Outgoing
from bot.channels.path import Path
from bot.channels.sender import Sender
from bot.channels.speech import Speech
from bot.conversations import Outgoing as Delivery
from bot.conversations import Store, Stored, current_store
from bot.db import upgrade
from bot.settings import Settings, get_settings

logger = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024
Endpoint = Callable[[Request], Coroutine[Any, Any, HTTPResponse | None]]


class Connector(InputChannel):
    """A platform's channel. Subclasses add the routes, translate, and implement `deliver` and `fetch`."""

    channel: str
    routes: Sequence[tuple[str, str, str]] = ()  # method, path, name of the method that answers
    joins_texts = False  # whether a turn's words go in one message, because the platform counts messages

    def __init__(self, options: Options, settings: Settings | None = None, store: Store | None = None) -> None:
        self.settings = settings or get_settings()
        self.store = store or current_store()
        self.url = self.store.url
        numbers = self.settings.operations.channels
        self.largest_media = numbers.media_max_mb * 1024 * 1024
        self.media = MediaStore(self.url, self.channel, self.settings.var / "media", self.fetch)
        speech = Speech(options.speech)
        self.path = Path(
            self.store,
            self.channel,
            numbers,
            self.media,
            speech,
            answer_timeout=options.answer_timeout,
            joins_texts=self.joins_texts,
        )
        self.sender = Sender(self.store, self.channel, numbers, self)

    @classmethod
    def name(cls) -> str:
        return cls.channel

    def get_output_channel(self) -> OutputChannel | None:
        return SayingOutput(self.channel, self.store)

    async def accept(self, incoming: Incoming, account: str = "") -> Stored | None:
        """Hand a verified message to the common path."""
        return await self.path.accept(incoming, account or incoming.customer)

    async def deliver(self, delivery: Delivery, outgoing: Outgoing) -> str | None:
        """Send one utterance (see `sender.Deliverer`)."""
        raise NotImplementedError

    async def fetch(self, media: Media) -> bytes:
        """The bytes of a customer's file.

        Raises:
            ApiError: it cannot be had.
        """
        raise NotImplementedError

    async def opened(self) -> None:
        """Called when the server starts, before the first message."""

    async def closed(self) -> None:
        """Called when the server stops, after the last message."""

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The routes, and what runs beside them while the server lives."""
        blueprint = Blueprint(f"{self.channel}_webhook", __name__)

        @blueprint.route("/", methods=["GET"])
        async def health(_: Request) -> HTTPResponse:
            return json({"status": "ok"})

        for method, path, name in self.routes:
            endpoint = self._guarded(getattr(self, name))
            # The body is read in pieces, so that one that is too large is not even received.
            blueprint.add_route(endpoint, path, methods=[method], stream=True, name=f"{self.channel}_{name}")

        @blueprint.listener("before_server_start")
        async def prepare(_app: Sanic, _loop: Any) -> None:
            for room in ("conversations", "channels"):
                await asyncio.to_thread(upgrade, self.url, room)
            await self.store.bus.start()

        @blueprint.listener("after_server_start")
        async def start(app: Sanic, _loop: Any) -> None:
            await self.opened()
            await self.sender.start()
            await self.path.start(app, on_new_message)

        @blueprint.listener("before_server_stop")
        async def stop(_app: Sanic, _loop: Any) -> None:
            await self.path.stop()
            await self.sender.stop()
            await self.closed()

        return blueprint

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> HTTPResponse | None:
            try:
                return await endpoint(request)
            except Refused as refused:
                logger.info("%s refused a request: %s", self.channel, refused)
                return json({"error": str(refused)}, status=refused.status)
            except SQLAlchemyError:
                logger.exception("%s cannot store a message", self.channel)
            except Exception:
                logger.exception("%s could not take a request", self.channel)
            # Not stored, so not acknowledged: the platform delivers it again.
            return text("unavailable", status=503)

        return answer

    async def remembered_parts(self, delivery: Delivery, parts: Sequence[Any], send: Callable[[Any, str], Any]) -> None:
        """Send the `parts` of one utterance, none twice when a later one fails: `await send(part, its own key)`."""
        key, done = f"parts:{delivery.key}", 0
        if len(parts) > 1 and delivery.attempts > 1:
            done = int(await asyncio.to_thread(shared.get_value, self.url, key) or 0)
        for number, part in enumerate(parts[done:], done):
            await send(part, part_key(delivery.key, number))
            if len(parts) > 1:
                await asyncio.to_thread(shared.set_value, self.url, key, str(number + 1), 86400.0)


def part_key(key: str, number: int) -> str:
    """The key of one part of a message: at most 32 characters, the same at each attempt."""
    return key if number == 0 else f"{key[:30]}{number:02d}"


async def body_of(request: Request, largest: int = LARGEST_BODY) -> bytes:
    """The body, read only as far as it may be long.

    Raises:
        Refused: it is longer.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > largest:
        raise Refused("body is too large", 413)
    body = bytearray()
    assert request.stream is not None
    while (piece := await request.stream.read()) is not None:
        body += piece
        if len(body) > largest:
            raise Refused("body is too large", 413)
    return bytes(body)


def query_of(request: Request) -> dict[str, str]:
    """The query's parameters, of repeated ones the first."""
    return {name: values[0] for name, values in request.args.items() if values}
