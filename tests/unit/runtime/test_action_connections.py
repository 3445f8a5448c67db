"""Calls of actions over open connections."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from sanic import Sanic

from bot.launch.action_server import app
from bot.runtime import action_connections
from bot.runtime.action_connections import close_connections, keep_connections


class Server:
    """Answers what it was sent, and knows from which connections."""

    def __init__(self) -> None:
        self.peers: set[object] = set()
        self.heads: list[dict[str, str]] = []
        self.status = 200

    async def answer(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        self.peers.add(request.transport.get_extra_info("peername"))
        self.heads.append(dict(request.headers))
        response = web.json_response(await request.json(), status=self.status)
        response.set_cookie("whose", "the first one's")
        return response

    async def start(self, port: int = 0) -> str:
        made = web.Application()
        made.router.add_post("/webhook", self.answer)
        self.runner = web.AppRunner(made)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", port).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}/webhook"


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(EndpointConfig, "session", action_connections.RASAS_OWN)
    keep_connections()
    made = Server()
    yield made
    await close_connections()
    await made.runner.cleanup()


async def test_calls_one_after_another_share_a_connection(server: Server) -> None:
    url = await server.start()
    for number in range(5):
        # Rasa makes an endpoint anew for each request in places.
        assert await EndpointConfig(url).request(json={"n": number}) == {"n": number}
    assert len(server.peers) == 1
    assert all("Cookie" not in head for head in server.heads)


async def test_calls_at_once_do_not_wait_for_each_other(server: Server) -> None:
    url = await server.start()
    endpoint = EndpointConfig(url)
    answers = await asyncio.gather(*(endpoint.request(json={"n": n}) for n in range(150)))
    assert [answer["n"] for answer in answers if answer] == list(range(150))


async def test_an_error_leaves_the_session_usable(server: Server) -> None:
    endpoint = EndpointConfig(await server.start())
    server.status = 400
    with pytest.raises(ClientResponseError):
        await endpoint.request(json={})
    server.status = 200
    assert await endpoint.request(json={"a": 1}) == {"a": 1}


async def test_endpoints_with_other_credentials_do_not_share(server: Server) -> None:
    url = await server.start()
    secret = EndpointConfig(url, basic_auth={"username": "a", "password": "b"}, headers={"X-Shop": "1"})
    await secret.request(json={})
    await EndpointConfig(url).request(json={})
    assert ["Authorization" in head for head in server.heads] == [True, False]
    assert [head.get("X-Shop") for head in server.heads] == ["1", None]


async def test_they_are_closed_and_made_again(server: Server) -> None:
    endpoint = EndpointConfig(await server.start())
    await endpoint.request(json={})
    await close_connections()
    await endpoint.request(json={})
    assert len(server.peers) == 2


def test_each_event_loop_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EndpointConfig, "session", action_connections.RASAS_OWN)
    keep_connections()

    async def once() -> None:
        server = Server()
        assert await EndpointConfig(await server.start()).request(json={"a": 1}) == {"a": 1}
        await close_connections()
        await server.runner.cleanup()

    for _ in range(2):
        asyncio.run(once())


def test_the_action_server_keeps_them_longer_than_rasa_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sanic, "_app_registry", {})  # other tests make it, too
    assert app().config.KEEP_ALIVE_TIMEOUT > action_connections.IDLE
