"""How long every page of the management site takes, and how that grows with the number of events."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import create_engine, select

from bot import clock
from bot.db import engine_for, reading, upgrade
from bot.insight.api import add_routes
from bot.insight.bench_data import DAYS, fill_asked, fill_events, fill_orders
from bot.insight.peers import import_peers
from bot.insight.projection import refresh
from bot.insight.tables import ContactRow
from bot.settings import Settings, SettingsError

GOAL_MS, GOAL_SIZE = 500, 1_000_000
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
STORES = ("SQLite", "PostgreSQL")
ROUNDS, NEW = 5, 1000  # requests of each page; events that come in between two looks
POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"

_EXPERIMENT = """welcome_words:
  title: 欢迎语
  place: welcome
  status: running
  started_at: {began:%Y-%m-%dT%H:%M:%S+00:00}
  variants:
    plain: {{title: 旧, value: utter_greet}}
    deals: {{title: 新, value: utter_greet}}
"""


@dataclass
class Measured:
    """Of one store and size: milliseconds of each page and of a refresh (medians), and what summing all of it took."""

    store: str
    size: int
    pages: dict[str, float] = field(default_factory=dict)
    refresh_ms: float = 0.0
    first_seconds: float = 0.0


def bench(biggest: int, server: str = POSTGRES, smallest: int = SIZES[0], stores: Collection[str] = STORES) -> bool:
    """Measure all sizes from `smallest` to `biggest` on `stores` and print the table; whether the goal was met.

    Each size has a database of its own, in which the events lie in the order of their times.

    Raises:
        SettingsError: there is no PostgreSQL server, or no size lies in between.
    """
    sizes = [size for size in SIZES if smallest <= size <= biggest]
    if not sizes:
        raise SettingsError(f"--min 和 --max 之间应至少有 {'、'.join(f'{size:,}' for size in SIZES)} 中的一个")
    found: list[Measured] = []
    for store, size in product(stores, sizes):
        database = _sqlite() if store == "SQLite" else _postgres(server)
        with database as url, tempfile.TemporaryDirectory() as folder:
            for room in ("shop", "conversations", "events", "insight", "knowledge"):
                upgrade(url, room)
            settings = Settings(shop_url=url, chat_url=url, events_url=url, knowledge_url=url)
            import_peers(url)
            found.append(asyncio.run(_measure(settings, Path(folder), store, size)))
    print("\n".join(_table(found, sizes)))
    return all(ms <= GOAL_MS for m in found if m.size <= GOAL_SIZE for ms in m.pages.values())


async def _measure(settings: Settings, folder: Path, store: str, size: int) -> Measured:
    url, measured = settings.events_url, Measured(store, size)
    print(f"{store}：写入 {size:,} 个事件……", flush=True)
    fill_events(url, size, seed=size)
    fill_asked(url, size // 20, seed=size)
    fill_orders(url, max(size // 80, 100))
    began = time.perf_counter()
    refresh(settings)
    measured.first_seconds = time.perf_counter() - began
    print(f"{store}：第一次汇总用了 {measured.first_seconds:,.0f} 秒，开始量各页……", flush=True)
    _analyse(url)
    app = web.Application()
    file = folder / "experiments.yml"
    file.write_text(_EXPERIMENT.format(began=clock.now() - timedelta(days=DAYS)), encoding="utf8")
    add_routes(app, settings, lambda _method, _path, _role, handler: handler, experiments_file=file)
    async with TestClient(TestServer(app)) as client:
        for name, path in _pages(url).items():
            measured.pages[name] = await _median(client, path)
    times = []
    for number in range(1, ROUNDS + 1):
        fill_events(url, NEW, seed=size + number, begin=clock.now() - timedelta(days=1), days=1)
        began = time.perf_counter()
        refresh(settings)
        times.append((time.perf_counter() - began) * 1000)
    measured.refresh_ms = statistics.median(times)
    return measured


async def _median(client: TestClient, path: str) -> float:
    times = []
    for _ in range(ROUNDS + 1):  # the first fills the caches, as for whoever looks again
        began = time.perf_counter()
        answer = await client.get(f"/api/insight{path}")
        await answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {await answer.text()}")
    return statistics.median(times[1:])


def _pages(url: str) -> dict[str, str]:
    """What the pages ask for: with the period they open with, and with the whole year."""
    today = clock.local(clock.now()).date()
    year = f"from={today - timedelta(days=DAYS - 1)}&to={today}"
    with reading(url) as session:
        conversation = session.execute(select(ContactRow.conversation_id).limit(1)).scalar_one()
    return {
        "总览，30 天": "/overview",
        "总览，一年": f"/overview?{year}",
        "总览，一年，只看一个渠道": f"/overview?{year}&channel=wechat",
        "指标按意图，30 天": "/breakdown?by=intent",
        "指标按意图，一年": f"/breakdown?by=intent&{year}",
        "指标按客服，一年，只看售后": f"/breakdown?by=agent&base=aftersale&{year}",
        "转人工原因，一年": f"/reasons?{year}",
        "会话列表，30 天": "/contacts",
        "会话列表，一年": f"/contacts?{year}",
        "会话列表，一年，没解决的第 20 页": f"/contacts?{year}&look=unsolved&page=20",
        "会话经过": f"/contacts/{conversation}",
        "导出 CSV，一年": f"/export?{year}",
        "导出 Excel，一年": f"/export?format=xlsx&{year}",
        "A/B 实验": "/experiments",
        "访谈抽样": f"/interviews?month={today - timedelta(days=31):%Y-%m}",
        "同行对标": "/peers",
        "改进清单": "/improvements",
        "提醒": "/alerts",
        "提问热力图，30 天": "/faq",
        "提问热力图，一年": "/faq?days=365",
    }


def _analyse(url: str) -> None:
    """What PostgreSQL does by itself within minutes."""
    with engine_for(url).connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/bench.db"
        yield url
        engine_for(url).dispose()


@contextmanager
def _postgres(server: str) -> Iterator[str]:
    name = "dianxiaoer_bench_insight"
    admin = create_engine(server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
    except Exception as error:
        raise SettingsError(f"连不上 PostgreSQL（{type(error).__name__}），用 --server 给出地址") from None
    url = f"{server.rsplit('/', 1)[0]}/{name}"
    try:
        yield url
    finally:
        engine_for(url).dispose()
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()


def _table(found: list[Measured], sizes: list[int]) -> Iterator[str]:
    stores = list(dict.fromkeys(m.store for m in found))
    by = {(m.store, m.size): m for m in found}
    heads = [f"{store} {_short(size)}" for store in stores for size in sizes]
    yield f"毫秒，中位数；目标：{GOAL_SIZE:,} 个事件时每页不超过 {GOAL_MS} 毫秒"
    yield ""
    yield f"| 页面 | {' | '.join(heads)} |"
    yield f"|---{'|---:' * len(heads)}|"
    each = [by[store, size] for store in stores for size in sizes]
    for page in found[0].pages:
        yield f"| {page} | {' | '.join(f'{m.pages[page]:.0f}' for m in each)} |"
    yield f"| 汇总新来的 {NEW:,} 个事件 | {' | '.join(f'{m.refresh_ms:.0f}' for m in each)} |"
    yield f"| 第一次汇总，每秒多少个事件 | {' | '.join(f'{m.size / m.first_seconds:,.0f}' for m in each)} |"


def _short(size: int) -> str:
    return f"{size // 10_000} 万"
