"""`python -m bot bench-load`: the bots on the same machine, the same scripts, the same search.

All of them run at once, and their steps go by turns: many a machine becomes faster and slower within minutes, so that
what comes first and what comes last cannot be compared. Who does not have the turn computes next to nothing.
"""

import asyncio
import math
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis

from bot.launch import fronted
from bot.launch.load import cpu, ours, template
from bot.launch.load.crowd import Crowd, problems
from bot.launch.load.notes import Notes
from bot.launch.load.report import Contender, Row, write_table
from bot.launch.load.report import table as as_table
from bot.launch.load.scripts import load_scripts
from bot.launch.load.search import Figures, figures, highest_rate
from bot.launch.ports import free_ports
from bot.launch.problems import LaunchError
from bot.launch.steps import newest_model, say
from bot.launch.supervise import HOST, Server, start, stop
from bot.settings import ROOT

SHARES = (0.25, 0.5, 0.75, 1.0)
_WARM_RATE, _SETTLE = 3.0, 2.0  # turns a second while warming up; seconds of a step that are not counted
# The 95th percentile of a few turns is often low by chance, which makes whoever is slow seem faster.
_TURNS, _LONGEST = 150, 20.0  # how many a step counts at least, where that takes no more seconds
_PORTS_IN_A_ROW = fronted.MOST_RASAS + 1  # servers behind nginx take the ports after its own


@dataclass(frozen=True)
class Options:
    """How long and how exactly to measure.

    Attributes:
        seconds: counted of each step at least.
        warm_up: seconds of quiet talk before the first step.
        customers: conversations at once.
        profiles: of ours; "" is `make run`, the others as in `bot.launch.fronted`.
        only: "ours" or "template" alone; "" for both.
        cores: how many of this machine's cores everything gets together.
        redis_url: for the locks.
        seed: of arrivals and words.
    """

    seconds: float = 10.0
    warm_up: float = 10.0
    customers: int = 40
    profiles: tuple[str, ...] = ("", "multicore")
    only: str = ""
    cores: int = 2
    redis_url: str = "redis://127.0.0.1:6379/0"
    seed: int = 1


@dataclass(frozen=True)
class _Bot:
    """A bot that runs: its name, the port to talk to it, its processes, and the notes of its turns if it writes any."""

    name: str
    port: int
    children: Sequence[Server]
    notes: Notes | None = None

    @property
    def url(self) -> str:
        """Of its REST channel."""
        return f"http://{HOST}:{self.port}/webhooks/rest/webhook"


def bench_load(options: Options, page: Path | None = None) -> list[Contender]:
    """Measure, print the table and write it into `page` between its marks; returns what was measured.

    Raises:
        LaunchError: there is no model, no Redis or no nginx, a server does not start, or a bot does not answer.
    """
    if options.only != "template" and newest_model() is None:
        raise LaunchError("还没有模型，请先运行 make train")
    _check_redis(options.redis_url)
    if options.only != "template" and any(options.profiles):
        fronted.find_nginx()
    kept = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(kept)[: options.cores])
    try:
        with ExitStack() as running:
            bots = [] if options.only == "ours" else [running.enter_context(_template(options))]
            for profile in () if options.only == "template" else options.profiles:
                bots.append(running.enter_context(_ours(options, profile)))
            found = asyncio.run(_measure_all(bots, options))
    finally:
        os.sched_setaffinity(0, kept)
    text = as_table(found, options.seconds, min(options.cores, len(kept)))
    print(text)
    if page is not None:
        write_table(page, text)
        say(f"表格已写进 {page.relative_to(ROOT) if page.is_relative_to(ROOT) else page}")
    return found


def _check_redis(url: str) -> None:
    try:
        redis.Redis.from_url(url, socket_connect_timeout=2).ping()
    except redis.RedisError as error:
        raise LaunchError(f"连不上 Redis（{url.rpartition('@')[2]}）：{error}。可以先运行 make services") from None


@contextmanager
def _template(options: Options) -> Iterator[_Bot]:
    folder = template.trained(load_scripts(), ROOT / "var" / "bench-load", say)
    with tempfile.TemporaryDirectory(prefix="dianxiaoer-load-") as name:
        action, core = free_ports(2, _PORTS_IN_A_ROW)
        children = template.servers(folder, options.redis_url, (action, core), Path(name))
        with _running(children):
            yield _Bot("Rasa 模板", core, children)


@contextmanager
def _ours(options: Options, profile: str) -> Iterator[_Bot]:
    with tempfile.TemporaryDirectory(prefix="dianxiaoer-load-") as name:
        var = Path(name)
        ports = free_ports(3, _PORTS_IN_A_ROW)
        with ours.prepared(var, ports, options.redis_url, profile, say):
            children = ours.servers(profile)
            with _running(children):
                title = f"店小二（{profile}）" if profile else "店小二"
                yield _Bot(title, ports[1], children, Notes(var / "times.jsonl"))


@contextmanager
def _running(children: list[Server]) -> Iterator[None]:
    try:
        start(children)
        yield
    finally:
        stop(children)


async def _measure_all(bots: Sequence[_Bot], options: Options) -> list[Contender]:
    turn = asyncio.Lock()  # goes to who has waited longest, so that they take turns
    async with AsyncExitStack() as stack:
        crowds = [
            await stack.enter_async_context(Crowd(bot.url, load_scripts(), options.customers, options.seed))
            for bot in bots
        ]
        measuring = [_Measuring(bot, crowd, options, turn) for bot, crowd in zip(bots, crowds, strict=True)]
        rates = await asyncio.gather(*(one.highest() for one in measuring))
        rows = await asyncio.gather(*(one.rows(best) for one, best in zip(measuring, rates, strict=True)))
    return [Contender(bot.name, best, got) for bot, best, got in zip(bots, rates, rows, strict=True)]


@dataclass(frozen=True)
class _Measuring:
    """The steps of one bot; each waits for `turn`."""

    bot: _Bot
    crowd: Crowd
    options: Options
    turn: asyncio.Lock

    async def highest(self) -> float:
        """The highest rate in turns a second; 0 if the lowest is too high.

        Raises:
            LaunchError: most messages are not answered at all.
        """
        async with self.turn:
            say(f"▶ {self.bot.name}：预热 {self.options.warm_up:.0f} 秒……")
            warm = figures(await self.crowd.play(_WARM_RATE, self.options.warm_up))
        if warm.failures > warm.turns / 2:
            ends = "\n".join(f"── {child.name}\n{child.last_words()}" for child in self.bot.children)
            raise LaunchError(f"{self.bot.name}没有好好回答，量不出速率：\n{ends}")
        best, _ = await highest_rate(self._play)
        return best

    async def _play(self, rate: float) -> Figures:
        async with self.turn:
            step = await self.crowd.play(rate, self._seconds(rate), _SETTLE)
        found = figures(step)
        said = "；".join(problems(step.samples))
        say(f"  {self.bot.name}　{_in_words(found)}{'：' + said if said else ''}")
        return found

    def _seconds(self, rate: float) -> float:
        return max(self.options.seconds, min(_LONGEST, _TURNS / rate))

    async def rows(self, best: float) -> tuple[Row, ...]:
        """What it does at each of the shares of its highest rate."""
        return tuple([await self._row(share, share * best) for share in SHARES if best])

    async def _row(self, share: float, rate: float) -> Row:
        crowd, notes = self.crowd, self.bot.notes
        async with self.turn:
            before, began, turns = cpu.read(self.bot.children), time.time(), crowd.turns
            step = await crowd.play(rate, self._seconds(rate), _SETTLE)
            used, seconds = cpu.read(self.bot.children).since(before), time.time() - began
        found = figures(step)
        say(f"  {self.bot.name}　{share:.0%}：{_in_words(found)}")
        own = {one: 1000 * spent / max(crowd.turns - turns, 1) for one, spent in used.own.items()}
        parts = notes.parts(began + _SETTLE, began + seconds) if notes else {}
        return Row(share, found, own, used.others / seconds, parts)


def _in_words(found: Figures) -> str:
    times = "，".join(
        f"p{share} {'—' if math.isinf(ms) or math.isnan(ms) else f'{ms:.0f}'}"
        for share, ms in ((50, found.p50_ms), (95, found.p95_ms), (99, found.p99_ms))
    )
    end = "，排队越来越长" if found.collapsed else " ✓" if found.good else ""
    return f"{found.rate:.1f} 轮/秒：{times} 毫秒，{found.turns} 轮，失败 {found.failures}{end}"
