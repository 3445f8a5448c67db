"""A person at the desk as her browser acts: cookie, CSRF token, live events."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient, TestServer

PASSWORD = "correct-horse-battery"


class Person:
    """`post("/password", old=…)` and the like under /api/desk; `listen` opens the live events."""

    def __init__(self, server: TestServer, name: str) -> None:
        self.client = TestClient(server, cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.origin = f"http://{server.host}:{server.port}"
        self.name, self.password = name, f"{PASSWORD}-{name}"
        self.csrf = ""
        self.events: list[dict[str, Any]] = []
        self.socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None

    async def sign_in(self, password: str = "", **headers: str) -> aiohttp.ClientResponse:
        data = {"name": self.name, "password": password or self.password}
        answer = await self.client.post("/api/desk/session", json=data, headers={"Origin": self.origin, **headers})
        if answer.status == 200:
            self.csrf = (await answer.json())["csrf"]
        return answer

    async def ask(self, method: str, path: str, /, data: Any = None, **more: Any) -> aiohttp.ClientResponse:
        headers = {"Origin": self.origin, "X-CSRF-Token": self.csrf, **more.pop("headers", {})}
        return await self.client.request(method, f"/api/desk{path}", json=data, headers=headers, **more)

    async def get(self, path: str, status: int = 200) -> Any:
        answer = await self.ask("GET", path)
        assert answer.status == status, await answer.text()
        return await answer.json()

    async def post(self, path: str, /, status: int = 200, method: str = "POST", **body: Any) -> Any:
        answer = await self.ask(method, path, body or None)
        assert answer.status == status, await answer.text()
        return await answer.json()

    async def say(self, chat: str, text: str, client_id: str = "", status: int = 200) -> Any:
        body = {"text": text, "client_id": client_id or uuid.uuid4().hex}
        return await self.post(f"/conversations/{chat}/messages", status, **body)

    async def listen(self, after: int | None = None) -> None:
        path = "/api/desk/events" + ("" if after is None else f"?after={after}")
        self.socket = await self.client.ws_connect(path, headers={"Origin": self.origin})
        self._reader = asyncio.create_task(self._read())
        before = len(self._hellos())
        await self.until(lambda: len(self._hellos()) > before)

    def _hellos(self) -> list[dict[str, Any]]:
        return [e for e in self.events if e["type"] in ("hello", "resync")]

    async def _read(self) -> None:
        assert self.socket is not None
        async for frame in self.socket:
            if frame.type == aiohttp.WSMsgType.TEXT:
                self.events.append(frame.json())

    async def hang_up(self) -> None:
        if self.socket is not None:
            await self.socket.close()
            self.socket = None
        if self._reader is not None:
            await self._reader

    async def close(self) -> None:
        await self.hang_up()
        await self.client.session.close()

    def heard(self, kind: str, **what: Any) -> list[dict[str, Any]]:
        return [e for e in self.events if e["type"] == kind and what.items() <= e.items()]

    async def until(self, condition: Callable[[], Any], seconds: float = 20) -> None:
        for _ in range(int(seconds * 100)):
            if condition():
                return
            await asyncio.sleep(0.01)
        raise AssertionError(self.events)
