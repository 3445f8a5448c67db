"""The web page's channel: Rasa's socket events over the conversations' log: nothing lost, doubled or out of order.

From the page: `session_request` {session_id, last_id, metadata} and `user_uttered` {session_id, message or image,
client_id, metadata}; the acknowledgement says whether it is stored: {ok, id} or {ok: false, error, retry_after}.
`user_typing` {on}; with a session_id `cancel_waiting`, `leave_message` {text, contact, client_id} and `rate` {of,
stars, solved}, answered by {ok}.
To the page: `session_confirm` (the session id), `session_history` {messages}, `bot_uttered` (a message of bot, agent or
system, by `author`), `typing` {on, author}, `owner` {owner: bot, waiting, agent or closed; agent: name or null; place:
{ahead, seconds} of who waits; ticket: {contact} of an open one; rating: the closing that may be rated, or null}.

Of several servers any may answer a message, and a conversation's pages may be with all of them: each sends its own
pages what the log has. Only polling asks that a page stays with its server (see `bot.launch.nginx`).
"""

import asyncio
import logging
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import async_timeout
import rasa.core.channels.channel
from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from rasa.core.channels.socketio import SocketBlueprint, SocketIOInput
from sanic import Blueprint, Sanic, response
from sanic.request import Request as HttpRequest
from sanic.response import HTTPResponse
from socketio import AsyncServer
from sqlalchemy.exc import SQLAlchemyError

from bot import conversations
from bot.channels import shared
from bot.channels.feelings import Feelings
from bot.channels.identity import Identity, read_identity
from bot.channels.lanes import Lane, Lanes
from bot.channels.turns import answered_before, message_id_of, opening_id
from bot.channels.web_care import Care, refusal
from bot.channels.web_options import WebOptions, read_options
from bot.channels.web_output import WebOutput, parts_of
from bot.channels.web_places import Places
from bot.channels.web_reading import checked, facts
from bot.conversations import RESYNC, Request, Store, Stored, bus_of
from bot.db import upgrade
from bot.limits import RateLimit
from bot.observing import tracing
from bot.observing.context import about
from bot.observing.metrics import DELIVERIES, MESSAGES, REFUSED
from bot.observing.turns import turn
from bot.runtime.patience import noticing_lost_actions
from bot.settings import Settings, get_settings
from bot.shop.account_links import link_account

logger = logging.getLogger(__name__)

_TOKEN = re.compile(r"[\w-]{16,128}")
_MAX_FRAME = 64 * 1024  # bytes of one socket frame, well above any allowed message
_FIRST_PAGE, _CATCH_UP = 50, 1000  # messages replayed to a page that knows none, and to one that was away
_REMEMBERED = 10_000
_SWEEP_SECONDS = 30  # wake-ups may get lost; then this finds the news
Handler = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
_NEW_SESSION = "/session_start"  # Rasa's own: empties the slots as the domain's session_config says


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
        self._store = Store(settings.chat_url, bus_of(settings))
        self._shop_url = settings.shop_url
        self._max_length = settings.operations.web.message_max_length
        self._media = settings.var / "media"
        self._messages = RateLimit(settings.operations.web.messages_per_minute)
        self._sessions = RateLimit(options.sessions_per_minute)
        self._typing = RateLimit(120)
        self._caring = RateLimit(60)
        self._proxies = options.own_proxies if settings.own_proxies is None else settings.own_proxies
        self._lanes = Lanes(self._store, self.name(), self._answer, options.answer_timeout + 30)
        self._places = Places(self._store, self._lanes, self._emit)
        self._feelings = Feelings(self._store)
        self._care = Care(self._store, self._max_length)
        self._pages: dict[str, tuple[str, Lane]] = {}  # socket id → the conversation it shows
        self._tasks: set[asyncio.Task[Any]] = set()
        self._app: Any = None
        self._untried: set[str] = set()  # ids of messages that came to this process and that it has not asked yet
        self._on_new_message: Callable[[UserMessage], Awaitable[Any]] | None = None

    def get_output_channel(self) -> OutputChannel | None:
        return None if self.sio is None else WebOutput(self._store)

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The Sanic blueprint with the socket's handlers; it migrates the tables and resumes what was left."""
        # Cross-origin pages are allowed as in Rasa's channel: a session is a secret of the page, never a cookie.
        sio = AsyncServer(async_mode="sanic", cors_allowed_origins=[], max_http_buffer_size=_MAX_FRAME)
        self.sio = sio
        self._on_new_message = on_new_message
        blueprint = SocketBlueprint(sio, self.socketio_path, "webchat_webhook", __name__)
        sio.on("connect", self._connect, namespace=self.namespace)
        sio.on("session_request", self._session_request, namespace=self.namespace)
        sio.on("history_request", self._history_request, namespace=self.namespace)
        sio.on("user_typing", self._user_typing, namespace=self.namespace)
        for event in (self._care.cancel_waiting, self._care.leave_message, self._care.rate):
            sio.on(event.__name__, self._for_known(event), namespace=self.namespace)
        sio.on("disconnect", self._disconnect, namespace=self.namespace)
        sio.on(self.user_message_evt, self._user_uttered, namespace=self.namespace)

        @blueprint.route("/", methods=["GET"])
        async def health(_: HttpRequest) -> HTTPResponse:
            return response.json({"status": "ok"})

        @blueprint.listener("before_server_start")
        async def prepare(_app: Sanic, _loop: Any) -> None:
            for room in ("conversations", "channels"):
                await asyncio.to_thread(upgrade, self._store.url, room)

        @blueprint.listener("after_server_start")
        async def resume(app: Sanic, _loop: Any) -> None:
            self._app = app
            self._unsubscribe = self._store.bus.subscribe({"message", "inbox", "owner", "typing"}, self._wake)
            await self._store.bus.start()
            self._start(self._sweep_now_and_then())
            self._start(self._places.run())
            self._start(self._feelings.run(app))

        @blueprint.listener("before_server_stop")
        async def stop(_app: Sanic, _loop: Any) -> None:
            self._unsubscribe()
            for task in list(self._tasks):
                task.cancel()
            await self._lanes.close()

        return blueprint

    async def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> bool:
        if not self.jwt_key:
            return True
        token = auth.get("token") if isinstance(auth, dict) else None
        decode = rasa.core.channels.channel.decode_bearer_token
        return bool(token and decode(token, self.jwt_key, self.jwt_algorithm or "HS256"))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _wake(self, topic: str, data: dict[str, Any]) -> None:
        """News of the conversations, from this process or another."""
        conversation = data.get("conversation", "")
        if topic in ("owner", RESYNC):
            self._places.moved()
        if topic == RESYNC:
            self._start(self._sweep())
        elif topic == "inbox" and data.get("channel") == self.name():
            self._lanes.wake(conversation)
        elif self._lanes.is_watched(conversation):
            if topic == "message":
                self._start(self._send_news(conversation))
            elif topic == "owner":
                self._start(self._places.tell(conversation))
            elif topic == "typing" and data.get("author") in ("agent", "bot"):
                typing = {"on": bool(data.get("on")), "author": data["author"]}
                self._start(self._emit("typing", typing, conversation))

    async def _sweep_now_and_then(self) -> None:
        while True:
            try:
                await self._sweep()
            except Exception:  # the database may be away for a while
                logger.exception("The sweep for unread news failed")
            await asyncio.sleep(_SWEEP_SECONDS)

    async def _sweep(self) -> None:
        for conversation in await asyncio.to_thread(conversations.waiting_conversations, self._store, self.name()):
            self._lanes.wake(conversation)
        watched = {name: lane.sent for name, lane in self._lanes.watched().items()}
        newest = await asyncio.to_thread(conversations.last_numbers, self._store, list(watched))
        for conversation, number in newest.items():
            if number > (watched[conversation] or 0):
                await self._send_news(conversation)

    async def _send_news(self, conversation: str) -> None:
        """Send the pages of a conversation what they do not know yet."""
        lane = self._lanes[conversation]
        async with lane.lock:
            if lane.sent is not None:
                await self._send_rest(conversation, lane)

    async def _send_rest(self, conversation: str, lane: Lane) -> None:
        news = await asyncio.to_thread(
            conversations.history, self._store, conversation, after=lane.sent or 0, limit=_CATCH_UP
        )
        for message in news:
            if message.author == "customer":
                own = lane.senders.pop(message.client_id or "", None)
                await self._emit("session_history", {"messages": [message.to_wire()]}, conversation, skip_sid=own)
            else:
                await self._say(conversation, message)
            lane.sent = message.number

    async def _say(self, conversation: str, message: Stored) -> None:
        trace = tracing.last_turn(conversation)
        with about(conversation), tracing.continued(trace), tracing.span("send", channel=self.name()):
            await self._emit(self.bot_message_evt, message.to_wire(), conversation)
        DELIVERIES.labels(self.name(), "sent").inc()

    async def _session_request(self, sid: str, data: Any = None) -> dict[str, Any]:
        data = data if isinstance(data, dict) else {}
        identity = self._identity(data)
        conversation = await self._known(data.get("session_id"))
        if conversation is not None and not await asyncio.to_thread(self._may_open, conversation, identity):
            conversation = None
        token, new = data.get("session_id"), conversation is None
        if conversation is None:
            wait = self._sessions.take(self._address(sid))
            if wait:
                return refusal("too_fast", retry_after=round(wait, 1))
            token = conversations.new_token()
            conversation = conversations.conversation_of(token)
            await asyncio.to_thread(
                conversations.open_conversation, self._store, self.name(), conversation, conversation_id=conversation
            )
        if identity is not None and identity.fresh:
            await asyncio.to_thread(self._tie, conversation, identity.customer)
        last_id = data.get("last_id")
        after = last_id if isinstance(last_id, int) and last_id > 0 and not new else 0
        lane = self._lanes[conversation]
        async with lane.lock:  # nothing may be said between the replay and joining the room
            if lane.sent is not None:  # pages that are here already must not miss what the new one gets below
                await self._send_rest(conversation, lane)
            newest = await asyncio.to_thread(conversations.last_numbers, self._store, [conversation])
            # Set before the replay is read: `_wake` passes over lanes that have sent nothing.
            lane.sent = max(lane.sent or 0, newest.get(conversation, 0))
            missed = await self._history(conversation, after=after, limit=_CATCH_UP if after else _FIRST_PAGE)
            lane.sent = max([lane.sent, *(message["id"] for message in missed)])
            await self._show(sid, conversation)
            await self._emit("session_confirm", token, sid)
            await self._emit("session_history", {"messages": missed}, sid)
        if new and self._options.initial_payload:
            request = {"text": self._options.initial_payload, "metadata": facts(data.get(self.metadata_key))}
            await self._receive(conversation, {"hidden": True}, None, request, None)
        busy = lane.busy or await asyncio.to_thread(conversations.is_answering, self._store, conversation)
        await self._emit("typing", {"on": busy, "author": "bot"}, sid)
        await self._places.tell(conversation, sid)
        return {"ok": True}

    def _identity(self, data: dict[str, Any]) -> Identity | None:
        facts = data.get(self.metadata_key)
        token = facts.get("identity") if isinstance(facts, dict) else None
        return read_identity(self._options.identity_key, token)

    def _may_open(self, conversation: str, identity: Identity | None) -> bool:
        """Whether the page may show the chat: one that was tied to a customer is for that customer alone."""
        owner = shared.get_value(self._store.url, f"webchat:{conversation}")
        return owner is None or (identity is not None and identity.customer == owner)

    def _tie(self, conversation: str, customer: str) -> None:
        """From now on the chat is that of a customer whom the shop knows."""
        if shared.get_value(self._store.url, f"webchat:{conversation}") is None:
            shared.set_value(self._store.url, f"webchat:{conversation}", customer)
        try:
            link_account(self._shop_url, self.name(), conversation, customer)
        except SQLAlchemyError:  # the chat works without the shop's data
            logger.exception("The shop does not know customer %s", customer)

    async def _history_request(self, sid: str, data: Any = None) -> dict[str, Any]:
        data = data if isinstance(data, dict) else {}
        conversation = await self._known(data.get("session_id"))
        before = data.get("before")
        if conversation is None or not isinstance(before, int):
            return refusal("no_session")
        return {"ok": True, "messages": await self._history(conversation, before=before, limit=_FIRST_PAGE)}

    async def _user_uttered(self, sid: str, data: Any = None) -> dict[str, Any]:
        data = data if isinstance(data, dict) else {}
        client_id = data.get("client_id") or uuid.uuid4().hex
        said = checked(data, client_id, self.metadata_key, self._max_length, self._media)
        if isinstance(said, dict):
            if said["error"] == "too_long":
                REFUSED.labels(self.name(), "too_long").inc()
            return said
        conversation = await self._known(data.get("session_id"))
        if conversation is None:
            return refusal("no_session")
        earlier = await asyncio.to_thread(conversations.find_by_client_id, self._store, conversation, client_id)
        if earlier is not None:
            return _receipt(earlier)
        wait = self._messages.take(conversation)
        if wait:
            REFUSED.labels(self.name(), "too_fast").inc()
            return refusal("too_fast", retry_after=round(wait, 1))
        recent: list[Stored] = []
        if said.is_payload:
            recent = await asyncio.to_thread(conversations.history, self._store, conversation, limit=100)
        shown, request = said.read(recent, self._options.image_payload)
        await self._show(sid, conversation)
        return _receipt(await self._receive(conversation, shown, client_id, request, sid))

    async def _receive(
        self,
        conversation: str,
        content: dict[str, Any],
        client_id: str | None,
        request: dict[str, Any],
        sid: str | None,
    ) -> Stored:
        lane = self._lanes[conversation]
        if sid is not None and client_id is not None:
            lane.senders[client_id] = sid
        with about(conversation), tracing.span("receive", channel=self.name()):
            if trace := tracing.carrier():
                request = {**request, "trace": trace}
            stored = await asyncio.to_thread(
                conversations.receive, self._store, conversation, content, client_id=client_id, request=request
            )
        if stored.new:
            MESSAGES.labels(self.name()).inc()
            self._feelings.take(stored)
            if len(self._untried) > _REMEMBERED:  # taken by other processes; forgetting costs a look into the tracker
                self._untried.clear()
            self._untried.add(message_id_of(stored))
        if not stored.new:
            lane.senders.pop(client_id or "", None)
        return stored

    async def _answer(self, message: Stored) -> None:
        trace = (message.request or {}).get("trace")
        with turn(self.name(), message.conversation_id, trace) as watched:
            watched.failed = await self._answer_turn(message)

    async def _answer_turn(self, message: Stored) -> bool:
        """Answer and store it; whether the bot could not."""
        request, replies, failed = message.request or {}, list[dict[str, Any]](), False
        mine = message_id_of(message)
        self._bot_types(message.conversation_id, True)
        try:
            # What came to this process Rasa cannot know yet; what another left it may have answered already.
            untried = mine in self._untried and not message.tried
            before = None if untried else await answered_before(self._app, mine)
            self._untried.discard(mine)
            if before is not None:
                replies += parts_of(before.contents)
            else:
                await self._ask(message, request, replies)
        except Exception:
            logger.exception("Rasa could not answer message %s of %s", message.number, message.conversation_id)
            replies.append({"notice": "failed"})
            failed = True
        end = (self._store, message.conversation_id, message.number, replies)
        if failed:
            wanted = Request(reason="bot_failed", note={"message": str(request.get("text", ""))[:200]})
            await asyncio.to_thread(conversations.hand_over, *end, wanted)
        else:
            await asyncio.to_thread(conversations.finish, *end)
        self._bot_types(message.conversation_id, False)
        return failed

    async def _ask(self, message: Stored, request: dict[str, Any], replies: list[dict[str, Any]]) -> None:
        """Let Rasa answer into `replies`.

        Raises:
            Exception: whatever kept it from that.
        """
        assert self._on_new_message is not None
        mine, text, metadata = message_id_of(message), request.get("text", ""), request.get("metadata") or {}
        output, silent = WebOutput(self._store, replies), WebOutput(self._store, [])
        with noticing_lost_actions() as lost:
            async with async_timeout.timeout(self._options.answer_timeout):
                if request.get("fresh"):
                    await self._on_new_message(self._to_rasa(message, opening_id(mine), _NEW_SESSION, silent, {}))
                await self._on_new_message(self._to_rasa(message, mine, text, output, metadata))
        if lost and not replies:
            raise lost[0]

    def _bot_types(self, conversation: str, on: bool) -> None:
        # Not to our own pages alone: those of the conversation may be with another server.
        self._store.bus.publish("typing", {"conversation": conversation, "author": "bot", "on": on})

    def _to_rasa(
        self, message: Stored, message_id: str, text: str, output: WebOutput, metadata: dict[str, Any]
    ) -> UserMessage:
        return UserMessage(
            text,
            output,
            message.conversation_id,
            input_channel=self.name(),
            message_id=message_id,
            metadata=metadata,
        )

    async def _user_typing(self, sid: str, data: Any = None) -> None:
        conversation, _ = self._pages.get(sid, ("", None))
        if conversation and isinstance(data, dict) and not self._typing.take(sid):
            self._store.bus.publish(
                "typing", {"conversation": conversation, "author": "customer", "on": bool(data.get("on"))}
            )

    def _for_known(self, handler: Handler) -> Handler:
        """A page's event about a conversation that must exist; who has it may be another afterwards."""

        async def handle(_sid: str, data: Any = None) -> dict[str, Any]:
            data = data if isinstance(data, dict) else {}
            conversation = await self._known(data.get("session_id"))
            if conversation is None:
                return refusal("no_session")
            wait = self._caring.take(conversation)
            if wait:
                return refusal("too_fast", retry_after=round(wait, 1))
            answer = await handler(conversation, data)
            if answer["ok"]:
                await self._places.tell(conversation)
            return answer

        return handle

    async def _show(self, sid: str, conversation: str) -> None:
        """From now on the page `sid` hears all that is said in the conversation."""
        lane = self._lanes[conversation]
        self._pages[sid] = (conversation, lane)  # keeps the lane alive
        if lane.sent is None:
            newest = await asyncio.to_thread(conversations.last_numbers, self._store, [conversation])
            lane.sent = lane.sent if lane.sent is not None else newest.get(conversation, 0)
        await self.sio.enter_room(sid, conversation, namespace=self.namespace)

    async def _disconnect(self, sid: str, *_: Any) -> None:
        self._pages.pop(sid, None)

    async def _known(self, token: Any) -> str | None:
        """The conversation that a session id opens, or None."""
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return None
        conversation = conversations.conversation_of(token)
        exists = await asyncio.to_thread(conversations.conversation_exists, self._store, conversation)
        return conversation if exists else None

    async def _history(self, conversation: str, **what: Any) -> list[dict[str, Any]]:
        found = await asyncio.to_thread(conversations.history, self._store, conversation, **what)
        return [message.to_wire() for message in found]

    async def _emit(self, event: str, data: Any, to: str, skip_sid: str | None = None) -> None:
        await self.sio.emit(event, data, room=to, skip_sid=skip_sid, namespace=self.namespace)

    def _address(self, sid: str) -> str:
        """The customer's address as the last own proxy in the chain saw it."""
        request = self.sio.get_environ(sid, namespace=self.namespace)["sanic.request"]
        hops = [hop.strip() for hop in request.headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        return hops[-self._proxies] if 0 < self._proxies <= len(hops) else request.ip


def _receipt(stored: Stored) -> dict[str, Any]:
    return {"ok": True, "id": stored.number, "time": stored.time.isoformat()}
