"""One WebSocket for each page of the desk: all that happens, numbered, so that a page can go on after a reconnect."""

import asyncio
import contextlib
import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from bot import conversations
from bot.conversations import OFFLINE, RESYNC, Happened, Store, Stored, Summary
from bot.desk import sessions
from bot.desk.api import wire
from bot.desk.api.endpoints import Call, endpoint
from bot.desk.api.problems import Problem
from bot.desk.dispatch import HEARTBEAT_SECONDS
from bot.desk.sessions import SignedInAs
from bot.desk_settings import Desk
from bot.waiting import news_within

_LOG = logging.getLogger(__name__)
_SWEEP_SECONDS = 5.0  # wake-ups may get lost; then this finds the news
_CATCH_UP = 1000  # events replayed to a page that was away; after more it reads everything anew
_UNSENT = 2000  # events a slow page may lag behind before its socket is closed
_SOCKETS_PER_ACCOUNT = 10
_LARGEST = 4096  # bytes a page may send at once
_SIGNED_OUT, _LAGGING = 4401, 4408
TO_ALL = ("presence", "agent", "ticket")


@dataclass(eq=False)
class Page:
    """A connected page; it looks on at the conversations in `watched`."""

    me: SignedInAs
    socket: web.WebSocketResponse
    watched: set[str] = field(default_factory=set)
    unsent: "asyncio.Queue[str | None]" = field(default_factory=lambda: asyncio.Queue(_UNSENT))

    def put(self, text: str) -> None:
        """Send soon; a page that does not read is let go and comes back later."""
        try:
            self.unsent.put_nowait(text)
        except asyncio.QueueFull:
            while not self.unsent.empty():
                self.unsent.get_nowait()
            self.unsent.put_nowait(None)

    def may_hear(self, event: Happened) -> bool:
        """Whether the event concerns who sits there."""
        if event.kind in TO_ALL or event.conversation_id in self.watched:
            return True
        me = self.me.account.id
        if event.kind == "owner":
            queue = "waiting" in (event.data.get("before"), event.data.get("owner"))
            return queue or me in (event.agent_id, event.data.get("agent_before")) or self.me.may("supervisor")
        return event.agent_id == me or (event.kind != "message" and self.me.may("supervisor"))


class Hub:
    """The connected pages of this process."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk
        self._pages: dict[str, set[Page]] = {}
        self._agent_of: dict[str, str | None] = {}
        self._last = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False

    async def start(self) -> None:
        """Begin to follow the events; the bus must have been started."""
        self._woken = asyncio.Event()
        self._last = await asyncio.to_thread(conversations.last_event, self._store)
        held = await asyncio.to_thread(conversations.held, self._store)
        self._agent_of = {conversation: agent for conversation, agent, _ in held}
        self._unsubscribe = self._store.bus.subscribe({"events", "typing"}, self._wake)
        self._begin(self._follow())
        self._begin(self._beat())

    async def stop(self) -> None:
        """Say goodbye to all pages; who comes back within the grace time has not been away."""
        self._stopping = True
        self._unsubscribe()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(page.socket.close(code=1001) for page in self._all()), return_exceptions=True)

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _all(self) -> list[Page]:
        return [page for pages in self._pages.values() for page in pages]

    def _wake(self, topic: str, data: dict[str, Any]) -> None:
        if topic in ("events", RESYNC):
            self._woken.set()
        elif topic == "typing" and data.get("author") == "customer":
            conversation = str(data.get("conversation"))
            self._send_typing(conversation, {"author": "customer", "on": bool(data.get("on"))})

    def _send_typing(self, conversation: str, what: dict[str, Any], but: Page | None = None) -> None:
        agent = self._agent_of.get(conversation)
        text = _text({"type": "typing", "conversation": conversation, **what})
        for page in self._all():
            if page is not but and (page.me.account.id == agent or conversation in page.watched):
                page.put(text)

    async def _follow(self) -> None:
        while True:
            await news_within(self._woken, _SWEEP_SECONDS)
            self._woken.clear()
            try:
                while news := await asyncio.to_thread(conversations.events_after, self._store, self._last):
                    await self._send(news)
            except Exception:  # the database may be away; the next wake-up or sweep goes on where this stopped
                _LOG.exception("the desk's pages could not be told the news")
                await asyncio.sleep(1)

    async def _send(self, news: list[Happened]) -> None:
        # Most of what is said concerns nobody here: the bot's chats. A page that arrives meanwhile may hear more.
        wired: dict[int, str] = {}
        while wanted := [event for event in news if event.number not in wired and self._is_heard(event)]:
            wired |= await asyncio.to_thread(self._wired, wanted)
        for event in news:
            if event.kind == "owner" and event.conversation_id:
                self._remember(event)
            for page in self._all():
                if page.may_hear(event):
                    page.put(wired[event.number])
            self._last = event.number

    def _is_heard(self, event: Happened) -> bool:
        return any(page.may_hear(event) for page in self._all())

    def _remember(self, event: Happened) -> None:
        assert event.conversation_id is not None
        if event.agent_id is None:
            self._agent_of.pop(event.conversation_id, None)
        else:
            self._agent_of[event.conversation_id] = event.agent_id

    def _wired(self, news: list[Happened]) -> dict[int, str]:
        """The events as pages get them, with the messages and conversations they are about: once for all pages."""
        said = [(e.conversation_id, e.data["number"]) for e in news if e.kind == "message" and e.conversation_id]
        found = conversations.messages(self._store, said)
        changed = list(dict.fromkeys(e.conversation_id for e in news if e.kind == "owner" and e.conversation_id))
        shown = {one.id: one for one in conversations.summaries(self._store, changed)}
        return {event.number: _text(self._wire(event, found, shown)) for event in news}

    def _wire(self, event: Happened, found: dict[tuple[str, int], Stored], shown: dict[str, Summary]) -> dict[str, Any]:
        known = {"event": event.number, "type": event.kind, "at": wire.iso(event.at)}
        known |= {"conversation": event.conversation_id, "agent": event.agent_id}
        if event.kind == "message":
            message = found.get((event.conversation_id or "", event.data["number"]))
            return known | {"message": wire.message(message) if message is not None else None}
        if event.kind == "owner":
            one = shown.get(event.conversation_id or "")
            return known | event.data | {"now": wire.conversation(one, self._desk) if one is not None else None}
        return known | event.data

    async def _beat(self) -> None:
        """Tell that the connected agents live, and let go whose session has ended."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                if self._pages:
                    await asyncio.to_thread(conversations.seen, self._store, list(self._pages))
                for page in self._all():
                    if not await asyncio.to_thread(sessions.is_signed_in, self._store, page.me.token_hash):
                        await page.socket.close(code=_SIGNED_OUT, message="请重新登录".encode())
            except Exception:
                _LOG.exception("the heartbeat of the desk failed")

    async def connect(self, call: Call) -> web.WebSocketResponse:
        """Serve one page until it goes.

        Raises:
            Problem: too_many pages of one account.
        """
        account = call.me.account
        if len(self._pages.get(account.id, ())) >= _SOCKETS_PER_ACCOUNT:
            raise Problem("too_many", "打开的客服台页面太多，请关掉一些")
        after = call.request.query.get("after", "")
        socket = web.WebSocketResponse(heartbeat=15, max_msg_size=_LARGEST)
        await socket.prepare(call.request)
        page = Page(call.me, socket)
        await self._arrive(account.id, account.role)
        writer = asyncio.create_task(self._write(page))
        try:
            await self._catch_up(page, int(after) if after.isascii() and after.isdigit() and len(after) < 16 else None)
            await self._read(page)
        finally:  # the server may cancel the handler when the line is lost: nothing here may wait
            writer.cancel()
            self._leave(page)
        return socket

    async def _catch_up(self, page: Page, after: int | None) -> None:
        """Put what the page missed in front, up to the number heard last; from then on it hears all."""
        while True:
            upto = self._last
            oldest = await asyncio.to_thread(conversations.first_event, self._store)
            if after is None or not oldest <= after <= upto or upto - after > _CATCH_UP:
                missed, wired, hello = [], {}, {"type": "hello" if after is None else "resync", "event": upto}
            else:
                missed = await asyncio.to_thread(conversations.events_after, self._store, after, limit=_CATCH_UP)
                missed = [event for event in missed if event.number <= upto]
                wired = await asyncio.to_thread(self._wired, missed)
                hello = {"type": "hello", "event": after}
            if upto == self._last:
                break
        page.put(_text(hello))
        for event in missed:
            if page.may_hear(event):
                page.put(wired[event.number])
        self._pages.setdefault(page.me.account.id, set()).add(page)

    async def _arrive(self, agent_id: str, role: str) -> None:
        """Who was offline is back: agents at once for customers, supervisors only to look on."""
        found = await asyncio.to_thread(conversations.list_agents, self._store)
        mine = next((agent for agent in found if agent.id == agent_id), None)
        if mine is not None and mine.presence == OFFLINE:
            presence = conversations.ONLINE if role == "agent" else conversations.AWAY
            await asyncio.to_thread(conversations.set_presence, self._store, agent_id, presence)
        elif mine is not None:
            await asyncio.to_thread(conversations.seen, self._store, [agent_id])

    def _leave(self, page: Page) -> None:
        pages = self._pages.get(page.me.account.id, set())
        pages.discard(page)
        if not pages:
            self._pages.pop(page.me.account.id, None)
            if not self._stopping:
                self._begin(self._gone(page.me.account.id, time.time()))

    async def _gone(self, agent_id: str, since: float) -> None:
        await asyncio.sleep(self._desk.grace_seconds)
        if agent_id not in self._pages:
            with contextlib.suppress(LookupError):
                await asyncio.to_thread(
                    conversations.set_presence_if_stale, self._store, agent_id, time.time() - since - 0.01
                )

    async def _write(self, page: Page) -> None:
        with contextlib.suppress(ConnectionError):
            while (text := await page.unsent.get()) is not None:
                await page.socket.send_str(text)
            await page.socket.close(code=_LAGGING, message="页面太慢，请重新连接".encode())

    async def _read(self, page: Page) -> None:
        async for frame in page.socket:
            if frame.type != WSMsgType.TEXT:
                break
            with contextlib.suppress(ValueError, AttributeError, TypeError):
                await self._heard(page, json.loads(frame.data))

    async def _heard(self, page: Page, said: dict[str, Any]) -> None:
        conversation = str(said.get("conversation", ""))[:64]
        if said.get("type") == "typing" and self._agent_of.get(conversation) == page.me.account.id:
            what = {"author": "agent", "on": bool(said.get("on"))}
            self._store.bus.publish("typing", {"conversation": conversation, **what})
            self._send_typing(conversation, what, but=page)
        elif said.get("type") == "watch" and page.me.may("supervisor"):
            if not said.get("on"):
                page.watched.discard(conversation)
            elif len(page.watched) < 50:
                page.watched.add(conversation)


def _text(event: dict[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False)


HUB = web.AppKey("desk_hub", Hub)


@endpoint("GET", "/events")
async def events(call: Call) -> Any:
    """The WebSocket; `after`: the number of the last event that the page has."""
    if call.request.headers.get("Upgrade", "").lower() != "websocket":
        raise Problem("bad_request", "这个地址只接受 WebSocket 连接")
    return await call.request.app[HUB].connect(call)
