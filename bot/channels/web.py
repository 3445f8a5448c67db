"""The web page's channel: Rasa's socket events over a chat log, so that nothing is lost, doubled or out of order.

From the page: `session_request` {session_id, last_id, metadata} and `user_uttered` {session_id, message, client_id,
metadata}; the acknowledgement says whether the message is stored: {ok, id} or {ok: false, error, retry_after}.
To the page: `session_confirm` (the session id), `session_history` {messages}, `bot_uttered` (a message), `typing` {on}.
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import rasa.core.channels.channel
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from rasa.core.channels.socketio import SocketBlueprint, SocketIOInput
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse
from socketio import AsyncServer

from bot.channels import log, payloads
from bot.channels.lanes import Lanes
from bot.channels.limits import RateLimit
from bot.channels.web_options import WebOptions, read_options
from bot.channels.web_output import WebOutput
from bot.db import upgrade
from bot.settings import Settings, get_settings

logger = logging.getLogger(__name__)

_TOKEN = re.compile(r"[\w-]{16,128}")
_CLIENT_ID = re.compile(r"[\w-]{8,64}")
_METADATA = ("page_sku", "page_product", "page_url")
_MAX_FRAME = 64 * 1024  # bytes of one socket frame, well above any allowed message
_FIRST_PAGE, _CATCH_UP = 50, 1000  # messages replayed to a page that knows none, and to one that was away


class WebChat(SocketIOInput):
    """Rasa's socket channel for the customer's page; options as in `WebOptions`, limits from data/operations.yml."""

    @classmethod
    def name(cls) -> str:
        return "webchat"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> InputChannel:
        return cls(read_options(credentials or {}), get_settings())

    def __init__(self, options: WebOptions, settings: Settings) -> None:
        super().__init__(**options.of_rasa(), session_persistence=True)
        self._options = options
        self._url = settings.chat_url
        self._max_length = settings.operations.web.message_max_length
        self._messages = RateLimit(settings.operations.web.messages_per_minute)
        self._sessions = RateLimit(options.sessions_per_minute)
        self._lanes = Lanes(self._answer)
        self._on_new_message: Callable[[UserMessage], Awaitable[Any]] | None = None

    def get_output_channel(self) -> OutputChannel | None:
        return None if self.sio is None else self._output()

    def _output(self, answers: int | None = None) -> WebOutput:
        assert self.sio is not None
        return WebOutput(self.sio, self._url, self._lanes, self.bot_message_evt, self.namespace, answers)

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The Sanic blueprint with the socket's handlers; it migrates the chat log and resumes what was left."""
        # Cross-origin pages are allowed as in Rasa's channel: a session is a secret of the page, never a cookie.
        sio = AsyncServer(async_mode="sanic", cors_allowed_origins=[], max_http_buffer_size=_MAX_FRAME)
        self.sio = sio
        self._on_new_message = on_new_message
        blueprint = SocketBlueprint(sio, self.socketio_path, "webchat_webhook", __name__)
        sio.on("connect", self._connect, namespace=self.namespace)
        sio.on("session_request", self._session_request, namespace=self.namespace)
        sio.on("history_request", self._history_request, namespace=self.namespace)
        sio.on(self.user_message_evt, self._user_uttered, namespace=self.namespace)

        @blueprint.route("/", methods=["GET"])
        async def health(_: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @blueprint.listener("before_server_start")
        async def prepare(_app: Sanic, _loop: Any) -> None:
            await asyncio.to_thread(upgrade, self._url, "channels")

        @blueprint.listener("after_server_start")
        async def resume(_app: Sanic, _loop: Any) -> None:
            for message in await asyncio.to_thread(log.unanswered, self._url, self.name()):
                self._lanes.put(message)

        @blueprint.listener("before_server_stop")
        async def stop(_app: Sanic, _loop: Any) -> None:
            await self._lanes.close()

        return blueprint

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> bool:
        if not self.jwt_key:
            return True
        token = auth.get("token") if isinstance(auth, dict) else None
        decode = rasa.core.channels.channel.decode_bearer_token
        return bool(token and decode(token, self.jwt_key, self.jwt_algorithm or "HS256"))

    async def _session_request(self, sid: str, data: Any = None) -> dict[str, Any]:
        data = data if isinstance(data, dict) else {}
        conversation = await self._known(data.get("session_id"))
        token, new = data.get("session_id"), conversation is None
        if conversation is None:
            wait = self._sessions.take(self._address(sid))
            if wait:
                return _refusal("too_fast", retry_after=round(wait, 1))
            token = log.new_token()
            conversation = log.conversation_of(token)
            await asyncio.to_thread(log.open_conversation, self._url, conversation, self.name())
        last_id = data.get("last_id")
        after = last_id if isinstance(last_id, int) and last_id > 0 and not new else 0
        lane = self._lanes[conversation]
        async with lane.lock:  # nothing may be said between the replay and joining the room
            missed = await self._history(conversation, after=after, limit=_CATCH_UP if after else _FIRST_PAGE)
            await self.sio.enter_room(sid, conversation, namespace=self.namespace)
            await self._emit("session_confirm", token, sid)
            await self._emit("session_history", {"messages": missed}, sid)
        if new and self._options.initial_payload:
            request = {"text": self._options.initial_payload, "metadata": _metadata(data.get(self.metadata_key))}
            await self._store(conversation, {"hidden": True}, None, request, None)
        await self._emit("typing", {"on": lane.busy}, sid)
        return {"ok": True}

    async def _history_request(self, sid: str, data: Any = None) -> dict[str, Any]:
        data = data if isinstance(data, dict) else {}
        conversation = await self._known(data.get("session_id"))
        before = data.get("before")
        if conversation is None or not isinstance(before, int):
            return _refusal("no_session")
        return {"ok": True, "messages": await self._history(conversation, before=before, limit=_FIRST_PAGE)}

    async def _user_uttered(self, sid: str, data: Any = None) -> dict[str, Any]:
        data = data if isinstance(data, dict) else {}
        text, client_id = data.get("message"), data.get("client_id") or uuid.uuid4().hex
        if not isinstance(text, str) or not text.strip():
            return _refusal("empty")
        if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
            return _refusal("bad_client_id")
        if len(text) > self._max_length:
            return _refusal("too_long", max_length=self._max_length)
        conversation = await self._known(data.get("session_id"))
        if conversation is None:
            return _refusal("no_session")
        earlier = await asyncio.to_thread(log.find_by_client_id, self._url, conversation, client_id)
        if earlier is not None:
            return _receipt(earlier)
        wait = self._messages.take(conversation)
        if wait:
            return _refusal("too_fast", retry_after=round(wait, 1))
        shown, text = await self._read(conversation, text.strip())
        await self.sio.enter_room(sid, conversation, namespace=self.namespace)
        request = {"text": text, "metadata": _metadata(data.get(self.metadata_key))}
        return _receipt(await self._store(conversation, {"text": shown}, client_id, request, sid))

    async def _read(self, conversation: str, text: str) -> tuple[str, str]:
        """What pages show and what Rasa gets of a customer's `text`."""
        if not text.startswith(payloads.PREFIX):
            return text, text
        recent = await asyncio.to_thread(log.history, self._url, conversation, limit=100)
        title = payloads.offered(recent).get(text)
        return (title, text) if title else (text, payloads.as_plain_text(text))

    async def _store(
        self,
        conversation: str,
        content: dict[str, Any],
        client_id: str | None,
        request: dict[str, Any],
        sid: str | None,
    ) -> log.Stored:
        lane = self._lanes[conversation]
        async with lane.lock:
            stored = await asyncio.to_thread(
                log.append, self._url, conversation, log.CUSTOMER, content, client_id=client_id, request=request
            )
            if stored.new:
                self._lanes.put(stored)
                others = {"messages": [stored.to_wire()]}
                await self._emit("session_history", others, conversation, skip_sid=sid)
        return stored

    async def _answer(self, message: log.Stored) -> None:
        assert self._on_new_message is not None
        request, output = message.request or {}, self._output(answers=message.number)
        question = UserMessage(
            request.get("text", ""),
            output,
            message.conversation_id,
            input_channel=self.name(),
            message_id=f"{message.conversation_id}-{message.number}",
            metadata=request.get("metadata") or {},
        )
        await self._emit("typing", {"on": True}, message.conversation_id)
        try:
            await asyncio.wait_for(self._on_new_message(question), self._options.answer_timeout)
        except Exception:
            logger.exception("Rasa could not answer message %s", question.message_id)
            await output.say(message.conversation_id, {"notice": "failed"})
        await asyncio.to_thread(log.finish, self._url, message.conversation_id, message.number)
        await self._emit("typing", {"on": False}, message.conversation_id)

    async def _known(self, token: Any) -> str | None:
        """The conversation that a session id opens, or None."""
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return None
        conversation = log.conversation_of(token)
        exists = await asyncio.to_thread(log.conversation_exists, self._url, conversation)
        return conversation if exists else None

    async def _history(self, conversation: str, **what: Any) -> list[dict[str, Any]]:
        found = await asyncio.to_thread(log.history, self._url, conversation, **what)
        return [message.to_wire() for message in found]

    async def _emit(self, event: str, data: Any, to: str, skip_sid: str | None = None) -> None:
        await self.sio.emit(event, data, room=to, skip_sid=skip_sid, namespace=self.namespace)

    def _address(self, sid: str) -> str:
        """The customer's address as the last own proxy in the chain saw it."""
        request = self.sio.get_environ(sid, namespace=self.namespace)["sanic.request"]
        hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        proxies = self._options.own_proxies
        return hops[-proxies] if 0 < proxies <= len(hops) else request.ip


def _metadata(data: Any) -> dict[str, str]:
    """The page's facts for Rasa: short strings under known names."""
    data = data if isinstance(data, dict) else {}
    return {key: data[key][:500] for key in _METADATA if isinstance(data.get(key), str) and data[key]}


def _receipt(stored: log.Stored) -> dict[str, Any]:
    return {"ok": True, "id": stored.number, "time": stored.time.isoformat()}


def _refusal(error: str, **details: Any) -> dict[str, Any]:
    return {"ok": False, "error": error, **details}
