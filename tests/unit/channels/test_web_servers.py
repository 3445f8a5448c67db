"""Several Rasa servers with the same web chats: pages with any of them get everything, in order, once."""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage

from bot import conversations
from bot.channels import web
from bot.conversations.bus import Bus
from bot.conversations.bus_local import LocalBus
from bot.conversations.bus_redis import RedisBus
from bot.settings import Settings

Servers = Callable[..., Awaitable[Any]]


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    if not shutil.which("redis-server"):
        pytest.skip("本机没有 redis-server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path), "--save", ""]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    yield f"redis://127.0.0.1:{port}/0"
    process.kill()
    process.wait()


@pytest.fixture(params=["SQLite and the local bus", "PostgreSQL and Redis"])
def outside(request: pytest.FixtureRequest) -> dict[str, str]:
    """The services of the servers; they must outlive them."""
    if request.param != "PostgreSQL and Redis":
        return {}
    return {"chat": request.getfixturevalue("postgres_url"), "redis": request.getfixturevalue("redis_url")}


@pytest.fixture
async def server(outside: dict[str, str], serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Starts a server that knows of the others only through database and bus, as in a process of its own."""
    more = {"chat_url": outside["chat"]} if outside else {}
    buses: list[Bus] = []

    def own_bus(_settings: Settings) -> Bus:
        buses.append(RedisBus(outside["redis"]) if outside else LocalBus(str(tmp_path / "bus")))
        return buses[-1]

    monkeypatch.setattr(web, "bus_of", own_bus)

    async def start(bot: Any = None) -> Any:
        return await (serve(bot, **more) if bot else serve(**more))

    yield start
    for bus in buses:
        await bus.close()


async def echo(message: UserMessage) -> None:
    await asyncio.sleep(0.002)  # long enough for others to come in between
    await message.output_channel.send_text_message(message.sender_id, f"回：{message.text}")


async def test_pages_on_either_server_get_all_in_order_and_once(server: Servers, page: Any) -> None:
    servers = [await server(echo), await server(echo)]
    pages = [page() for _ in range(4)]
    await pages[0].open(servers[0])
    for number, other in enumerate(pages[1:], start=1):
        other.session_id = pages[0].session_id
        await other.open(servers[number % 2])
    count = 12

    async def talk(one: Any, name: int) -> list[int]:
        return [(await one.say(f"{name}-{n}"))["id"] for n in range(count)]

    own = await asyncio.gather(*(talk(one, name) for name, one in enumerate(pages)))
    total = 2 * count * len(pages)

    def complete(number: int) -> bool:
        return len({*pages[number].heard, *own[number]}) >= total

    for number, one in enumerate(pages):
        await one.until(lambda number=number: complete(number))
    for number, one in enumerate(pages):
        assert one.heard == sorted(set(one.heard)), f"page {number} out of order or twice"
        assert {*one.heard, *own[number]} == set(range(1, total + 1))
    asked = [message.text for each in servers for message in each.asked]
    assert sorted(asked) == sorted(f"{name}-{n}" for name in range(len(pages)) for n in range(count))
    # In the order in which they were stored, whichever server took them.
    chat = conversations.conversation_of(pages[0].session_id)
    log = conversations.history(servers[0].store, chat, limit=500)
    said = [m.content["text"] for m in log if m.author == "customer"]
    answers = [m.content["text"] for m in log if m.author == "bot"]
    assert answers == [f"回：{text}" for text in said]


async def test_every_page_sees_the_bot_think(server: Servers, page: Any) -> None:
    release = asyncio.Event()

    async def slow(message: UserMessage) -> None:
        await release.wait()
        await echo(message)

    servers = [await server(slow), await server(slow)]
    here, there = page(), page()
    await here.open(servers[0])
    there.session_id = here.session_id
    await there.open(servers[1])
    await here.say("在吗")
    for one in (here, there):
        await one.until(lambda one=one: one.typing[-1:] == [True])
    late = page()
    late.session_id = here.session_id
    await late.open(servers[0] if servers[1].asked else servers[1])  # the one that is not answering
    await late.until(lambda: late.typing == [True])
    release.set()
    for one in (here, there, late):
        await one.until(lambda one=one: one.typing[-1:] == [False] and one.texts()[-1:] == ["回：在吗"])


async def test_what_a_server_leaves_when_it_stops_another_answers_at_once(server: Servers, page: Any) -> None:
    async def never(message: UserMessage) -> None:
        await asyncio.Event().wait()

    leaving = await server(never)
    customer = page()
    await customer.open(leaving)
    await customer.say("下单")
    await customer.until(lambda: leaving.asked)
    staying = await server(echo)
    back = page()
    back.session_id = customer.session_id
    await back.open(staying)
    await customer.close()
    await leaving.stop()
    await back.until(lambda: back.texts() == ["下单", "回：下单"])
    assert staying.asked[0].message_id == leaving.asked[0].message_id
