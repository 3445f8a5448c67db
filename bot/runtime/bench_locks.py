"""`make bench-locks`: how long a customer's second message waits for the lock, beside Rasa's own Redis lock store."""

import asyncio
import statistics
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import redis
from rasa.core.lock_store import LockStore, RedisLockStore
from rasa.utils.endpoints import EndpointConfig

from bot.runtime.locks import TicketLocks
from bot.settings import SettingsError

TURN, LATER = 0.06, 0.01  # seconds: a turn, and how long after the first message the second one comes
_TOGETHER = 10  # conversations at once


@dataclass(frozen=True)
class Waits:
    """Milliseconds from the end of the first turn to the beginning of the second, and one lock without a rival."""

    name: str
    median_ms: float
    p95_ms: float
    alone_ms: float


def bench_locks(url: str, rounds: int = 10) -> list[Waits]:
    """Measure both stores, `rounds` times ten conversations with two messages; prints and returns the figures.

    Raises:
        SettingsError: there is no Redis at `url`.
    """
    try:
        redis.Redis.from_url(url, socket_connect_timeout=2).ping()
    except redis.RedisError as error:
        raise SettingsError(f"连不上 Redis（{url.rpartition('@')[2]}）：{error}。可以先运行 make services") from None
    at = urlsplit(url)
    prefix = uuid.uuid4().hex

    def rasas() -> LockStore:
        host, port, number = at.hostname or "127.0.0.1", at.port or 6379, int(at.path.strip("/") or 0)
        return RedisLockStore(host, port, number, at.username, at.password, key_prefix=prefix)

    def ours() -> LockStore:
        return TicketLocks(EndpointConfig(url, key_prefix=f"{prefix}:"))

    found = [asyncio.run(_measure(name, make, rounds)) for name, make in (("Rasa", rasas), ("店小二", ours))]
    print(f"一轮 {TURN * 1000:.0f} 毫秒，第二条消息晚 {LATER * 1000:.0f} 毫秒到，两个服务，各 {rounds * _TOGETHER} 次")
    for waits in found:
        print(
            f"{waits.name}：第二条多等 {waits.median_ms:.1f} 毫秒（中位数），95% 不超过 {waits.p95_ms:.1f} 毫秒；"
            f"没有人争时取放一次 {waits.alone_ms:.2f} 毫秒"
        )
    client = redis.Redis.from_url(url)
    for key in client.scan_iter(f"{prefix}:*"):
        client.delete(key)
    return found


async def _measure(name: str, make: Callable[[], LockStore], rounds: int) -> Waits:
    servers = make(), make()
    async with servers[0].lock("warm"), servers[1].lock("up"):
        pass
    alone = []
    for number in range(50):
        began = time.perf_counter()
        async with servers[0].lock(f"alone-{number}"):
            pass
        alone.append(time.perf_counter() - began)
    waits: list[float] = []
    for number in range(rounds):
        pairs = (_pair(servers, f"{number}-{one}") for one in range(_TOGETHER))
        waits += await asyncio.gather(*pairs)
    waits.sort()
    p95 = waits[min(len(waits) - 1, int(0.95 * len(waits)))]
    return Waits(name, 1000 * statistics.median(waits), 1000 * p95, 1000 * statistics.median(alone))


async def _pair(servers: tuple[LockStore, LockStore], conversation: str) -> float:
    ended = 0.0

    async def first() -> None:
        nonlocal ended
        async with servers[0].lock(conversation):
            await asyncio.sleep(TURN)
            ended = time.perf_counter()

    running = asyncio.create_task(first())
    await asyncio.sleep(LATER)
    async with servers[1].lock(conversation):
        began = time.perf_counter()
    await running
    return began - ended
