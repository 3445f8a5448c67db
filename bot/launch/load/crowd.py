"""Customers who write when they like, not when the bot is ready: Poisson arrivals over REST, so that queues show.

A closed loop, which sends the next message when the last is answered, slows down with the server and hides that it
is too slow (coordinated omission). Here the messages come at their own times and a turn's time begins there.
"""

import asyncio
import itertools
import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp

from bot.launch.load.scripts import Scripts

TIMEOUT = 15.0  # seconds; then the customer has gone
_GIVE_UP = 3.0  # seconds of the mean turn, by Little's law: the queue only grows from there


@dataclass(frozen=True)
class Sample:
    """One turn: when the message came (monotonic seconds), how long until the whole answer, and whether it was one."""

    at: float
    seconds: float
    failed: str = ""


@dataclass(frozen=True)
class Step:
    """What came of some seconds at one rate.

    Attributes:
        rate: messages a second that were to come, on average.
        samples: the turns that began after the settling, in the order in which they ended.
        seconds: how long the measured part lasted.
        began, ended: of the measured part, monotonic seconds.
        collapsed: the queue grew without end, so the step was cut short.
    """

    rate: float
    samples: tuple[Sample, ...]
    seconds: float
    began: float
    ended: float
    collapsed: bool = False


@dataclass(eq=False)
class _Customer:
    sender: str
    messages: Iterator[str]


@dataclass
class Crowd:
    """Customers of one REST webhook; most of them are in the middle of a conversation.

    Attributes:
        url: of the webhook.
        size: conversations that go on at once, where that is enough; who writes is drawn from those that wait for
            nothing, and a new customer comes when all wait: one customer's messages never overlap.
        turns: how many have ended so far, however they did.
    """

    url: str
    scripts: Scripts
    size: int = 40
    seed: int = 1
    turns: int = 0
    _idle: list[_Customer] = field(default_factory=list)
    _running: "set[asyncio.Task[None]]" = field(default_factory=set)
    _samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._talks = self.scripts.conversations(self._chance)

    async def __aenter__(self) -> "Crowd":
        """Open the connections."""
        connector = aiohttp.TCPConnector(limit=0)
        self._session = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=TIMEOUT))
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let the last turns end and close."""
        await self.drain()
        await self._session.close()

    async def play(self, rate: float, seconds: float, settle: float = 0.0) -> Step:
        """Write `rate` messages a second for `settle` + `seconds`; the turns of the settling are not counted."""
        self._samples = []
        start = time.monotonic()
        began, end, at = start + settle, start + settle + seconds, start
        collapsed = False
        while True:
            at += self._chance.expovariate(rate)
            if at >= end:
                break
            await asyncio.sleep(max(0.0, at - time.monotonic()))
            self._spawn(at)
            if len(self._running) > max(20.0, _GIVE_UP * rate):
                collapsed = True
                break
        ended = min(end, time.monotonic()) if collapsed else end
        await asyncio.sleep(max(0.0, ended - time.monotonic()))
        await self.drain()
        counted = tuple(one for one in self._samples if one.at >= began)
        return Step(rate, counted, max(ended - began, 0.001), began, ended, collapsed)

    async def drain(self) -> None:
        """Wait for all answers."""
        while self._running:
            await asyncio.wait(set(self._running))

    def _spawn(self, at: float) -> None:
        while len(self._idle) + len(self._running) < self.size:
            self._idle.append(self._arriving())
        if self._idle:
            place = self._chance.randrange(len(self._idle))
            self._idle[place], self._idle[-1] = self._idle[-1], self._idle[place]
            customer = self._idle.pop()
        else:
            customer = self._arriving()
        task = asyncio.get_running_loop().create_task(self._turn(customer, at))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _arriving(self) -> _Customer:
        return _Customer(f"load-{uuid.uuid4().hex}", iter(next(self._talks)))

    async def _turn(self, customer: _Customer, at: float) -> None:
        message = next(customer.messages, None)
        if message is None:
            customer = self._arriving()
            message = next(customer.messages)
        problem = await self._ask(customer.sender, message)
        self.turns += 1
        self._samples.append(Sample(at, time.monotonic() - at, problem))
        if not problem and len(self._idle) < self.size:
            self._idle.append(customer)

    async def _ask(self, sender: str, message: str) -> str:
        """Say `message`; what went wrong, "" when the bot answered."""
        try:
            async with self._session.post(self.url, json={"sender": sender, "message": message}) as answer:
                if answer.status != 200:
                    return f"状态 {answer.status}"
                return "" if await answer.json() else f"没有回答“{message}”"
        except asyncio.TimeoutError:
            return f"{TIMEOUT:.0f} 秒没有回应"
        except (aiohttp.ClientError, ValueError) as error:
            return type(error).__name__


def problems(samples: "tuple[Sample, ...]", most: int = 3) -> list[str]:
    """What went wrong most often, with how often."""
    failed = sorted(one.failed for one in samples if one.failed)
    counted = [(len(list(same)), what) for what, same in itertools.groupby(failed)]
    return [f"{what}（{count} 次）" for count, what in sorted(counted, reverse=True)[:most]]
