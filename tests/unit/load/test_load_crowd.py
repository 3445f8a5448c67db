"""The customers of the load test against a small server on this machine."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.launch.load.crowd import Crowd
from bot.launch.load.scripts import load_scripts
from bot.launch.load.search import figures


class Bot:
    """Answers after `seconds`, one at a time when `single`; remembers who said what and who spoke twice at once."""

    def __init__(self) -> None:
        self.seconds, self.single, self.answer = 0.0, False, [{"text": "好"}]
        self.said: dict[str, list[str]] = defaultdict(list)
        self.talking: set[str] = set()
        self.overlaps = 0
        self._one = asyncio.Lock()

    async def hear(self, request: web.Request) -> web.Response:
        body = await request.json()
        sender = body["sender"]
        self.overlaps += sender in self.talking
        self.talking.add(sender)
        self.said[sender].append(body["message"])
        if self.single:
            async with self._one:
                await asyncio.sleep(self.seconds)
        else:
            await asyncio.sleep(self.seconds)
        self.talking.discard(sender)
        return web.json_response(self.answer, status=200 if self.answer is not None else 500)


@pytest.fixture
async def bot() -> AsyncIterator[tuple[Bot, str]]:
    made = Bot()
    app = web.Application()
    app.router.add_post("/webhooks/rest/webhook", made.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    yield made, f"http://127.0.0.1:{port}/webhooks/rest/webhook"
    await runner.cleanup()


async def test_messages_come_at_the_rate_however_slow_the_answers(bot: tuple[Bot, str]) -> None:
    made, url = bot
    made.seconds = 0.3
    async with Crowd(url, load_scripts(), size=5) as crowd:
        step = await crowd.play(60.0, 2.0, settle=0.3)
    found = figures(step)
    assert 80 <= found.turns <= 165 and found.failures == 0 and not found.collapsed
    assert 300 <= found.p50_ms <= 450
    assert made.overlaps == 0 and crowd.turns == sum(map(len, made.said.values())) > found.turns


async def test_a_queue_is_seen_in_the_times_and_ends_the_step(bot: tuple[Bot, str]) -> None:
    made, url = bot
    made.seconds, made.single = 0.05, True  # twenty a second
    async with Crowd(url, load_scripts(), size=10) as crowd:
        easy = figures(await crowd.play(8.0, 2.0))
        began = time.monotonic()
        hard = figures(await crowd.play(80.0, 30.0))
    assert easy.good and easy.p50_ms < 200
    assert hard.collapsed and not hard.good and time.monotonic() - began < 25


async def test_conversations_are_said_from_their_beginning_in_order(bot: tuple[Bot, str]) -> None:
    made, url = bot
    scripts = load_scripts()
    async with Crowd(url, scripts, size=3) as crowd:
        await crowd.play(100.0, 1.5)
    starts = [line.wordings for script in scripts.scripts for line in script.lines[:1]]
    assert max(map(len, made.said.values())) >= 4
    lengths = {len(script.lines) for script in scripts.scripts}
    assert all(len(said) <= max(lengths) for said in made.said.values())
    plain = {word for wordings in starts for word in wordings if "{" not in word}
    greeted = [said[0] for said in made.said.values() if len(said[0]) <= 4]
    assert greeted and set(greeted) <= plain


@pytest.mark.parametrize("answer", [[], None])
async def test_no_answer_is_a_failure_and_the_customer_goes(
    bot: tuple[Bot, str], answer: list[dict[str, str]] | None
) -> None:
    made, url = bot
    made.answer = answer  # type: ignore[assignment]
    async with Crowd(url, load_scripts(), size=4) as crowd:
        found = figures(await crowd.play(40.0, 1.0))
    assert found.failures == found.turns > 10 and not found.good
    assert all(len(said) == 1 for said in made.said.values())


async def test_a_server_that_is_away_is_a_failure() -> None:
    async with Crowd("http://127.0.0.1:9/webhook", load_scripts(), size=2) as crowd:
        found = figures(await crowd.play(20.0, 0.5))
    assert found.failures == found.turns > 0
