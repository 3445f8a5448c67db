"""The one way through every connector: verify → dedupe → store → ack → process → send; on SQLite and PostgreSQL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from rasa.core.channels.channel import UserMessage
from serving import Running, echo, until
from sides import SIDES, Side, opened

from bot.conversations import history

Start = Callable[..., Any]
ON_POSTGRES = ("feishu", "wechat")
PLACES = [*(("sqlite", name) for name in sorted(SIDES)), *(("postgres", name) for name in ON_POSTGRES)]


@pytest.fixture(params=PLACES, ids="-".join)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Side, str]]:
    """A platform, and the database of the conversations ("" is the SQLite file of the server's own folder)."""
    kind, name = request.param
    async with opened(name) as side:
        yield side, request.getfixturevalue("postgres_url") if kind == "postgres" else ""


@pytest.fixture
def start(place: tuple[Side, str], running: Start) -> Start:
    """Starts a process of the connector; a second one shares the first one's store."""
    side, chat_url = place

    async def begin(bot: Any = echo) -> Running:
        return await running(side.make, bot, chat_url=chat_url)  # type: ignore[no-any-return]

    return begin


def lines(side: Side, server: Running) -> list[tuple[str, str]]:
    """(author, words) of the customer's conversation as it is stored."""
    messages = history(server.store, side.conversation(server), limit=100)
    return [(message.author, message.content.get("text", "")) for message in messages]


class Forger:
    """In place of a platform's HTTP client: what it signed is delivered with another signature."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self.statuses: list[int] = []

    @contextlib.asynccontextmanager
    async def post(self, url: str, **given: Any) -> AsyncIterator[aiohttp.ClientResponse]:
        for part in ("params", "headers"):
            signed = {k: v[::-1] if "sign" in k.lower() else v for k, v in dict(given.get(part) or {}).items()}
            given |= {part: signed} if part in given else {}
        async with self._http.post(url, **given) as answer:
            self.statuses.append(answer.status)
            yield answer

    async def close(self) -> None:
        await self._http.close()


async def test_what_the_platform_did_not_sign_is_refused_and_leaves_nothing(
    place: tuple[Side, str], start: Start
) -> None:
    side, server = place[0], await start()
    genuine = side.platform.http
    side.platform.http = forger = Forger(genuine)
    with contextlib.suppress(AssertionError, aiohttp.ClientError, ValueError):  # as the platform takes a refusal
        await side.say(server, "冒充的")
    assert forger.statuses and all(status in (400, 401, 403) for status in forger.statuses)
    assert lines(side, server) == []
    side.platform.http = genuine
    await side.say(server, "真的", "m1")
    await until(lambda: "回：真的" in "".join(side.told()))
    # What waits at 微信客服 is fetched by the next call that is genuine; the others had nothing but the forged one.
    assert side.told() == ["回：真的"] or server.connector.channel == "wechat_kf"


async def test_a_message_is_stored_before_it_is_acknowledged_and_answered_afterwards(
    place: tuple[Side, str], start: Start
) -> None:
    side, may_answer = place[0], asyncio.Event()

    async def waits(message: UserMessage) -> None:
        await may_answer.wait()
        await echo(message)

    server = await start(waits)
    await side.say(server, "有货吗", "m1")
    if server.connector.channel == "wechat_kf":  # its callback only tells that there is something to read
        await until(lambda: ("customer", "有货吗") in lines(side, server))
    assert lines(side, server) == [("customer", "有货吗")] and side.told() == []
    may_answer.set()
    await until(lambda: side.told() == ["回：有货吗"])
    await until(lambda: lines(side, server) == [("customer", "有货吗"), ("bot", "回：有货吗")])


async def test_the_same_message_to_two_processes_at_once_is_heard_and_answered_once(
    place: tuple[Side, str], start: Start
) -> None:
    side, servers = place[0], [await start(), await start()]
    await asyncio.gather(*(side.say(server, "在吗", "m1") for server in (*servers, *servers)))
    await side.say(servers[1], "多少钱", "m2")
    await until(lambda: "回：多少钱" in side.told())
    await asyncio.gather(*(side.say(server, "在吗", "m1") for server in servers))  # the platform tries once more
    await side.say(servers[0], "谢谢", "m3")
    await until(lambda: "回：谢谢" in side.told())
    assert side.told() == ["回：在吗", "回：多少钱", "回：谢谢"]
    assert sorted([*servers[0].heard, *servers[1].heard]) == sorted(["在吗", "多少钱", "谢谢"])
    assert [words for author, words in lines(side, servers[0]) if author == "customer"] == ["在吗", "多少钱", "谢谢"]
