"""Commands of events, figures and experiments."""

from argparse import Namespace
from datetime import timedelta
from pathlib import Path

from bot.commands.parsing import Commands, day
from bot.settings import ROOT, get_settings


def _events(_arguments: Namespace) -> None:
    from bot.events.consumer import consume
    from bot.upkeep.presence import join

    join(get_settings())

    consume(get_settings())


def _report(arguments: Namespace) -> None:
    from bot import clock
    from bot.insight.digest import digest
    from bot.insight.sending import send

    settings = get_settings()
    chosen = arguments.day or clock.local(clock.now()).date() - timedelta(days=1)
    text = digest(settings, chosen)
    print(text)
    if arguments.send:
        taken = send(settings.digest, f"{settings.operations.web.shop_name} {chosen} 日报", text)
        print(f"✓ 已发到 {'、'.join(taken)}" if taken else "endpoints.yml 里没有 digest，没有发送")


def _kpis(arguments: Namespace) -> None:
    from bot.insight.definitions import PAGE, table, with_table

    kpi = get_settings().operations.kpi
    if not arguments.table:
        print(table(kpi))
        return
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf8"), kpi), encoding="utf8")
    print("✓ 已写好 docs/insight.md 的口径")


def _peers(arguments: Namespace) -> None:
    from bot.insight.peers import import_peers

    print(f"✓ 同行数据：{import_peers(get_settings().events_url, arguments.file)} 行")


def _experiments(_arguments: Namespace) -> None:
    from bot.insight.experiment_report import report

    print(report(get_settings()))


def _start(arguments: Namespace) -> None:
    from bot.experiments import start

    start(arguments.name)
    print(f"✓ {arguments.name} 开始了，运行 python -m bot experiments 看进展")


def _stop(arguments: Namespace) -> None:
    from bot.experiments import stop

    stop(arguments.name)
    print(f"✓ {arguments.name} 停止了")


def _promote(arguments: Namespace) -> None:
    from bot.experiments import promote

    promote(arguments.name, arguments.variant)
    print(f"✓ {arguments.name} 采用方案 {arguments.variant}，已经生效")


def _bench(arguments: Namespace) -> None:
    from bot.insight.bench import GOAL_MS, GOAL_SIZE, STORES, bench

    met = bench(arguments.max, arguments.server, arguments.min, arguments.store or STORES)
    if arguments.min <= GOAL_SIZE:
        print(f"{'✓' if met else '✗'} {GOAL_SIZE:,} 个事件以内，每页{'都' if met else '没有都'}不超过 {GOAL_MS} 毫秒")


def add_to(commands: Commands) -> None:
    """`events`, `report`, `kpis`, `peers`, `experiments`, `bench-insight`."""
    commands.add(
        "events", "从消息队列取出事件存进事件库（endpoints.yml 的 events），可同时开几个，Ctrl-C 停止", _events
    )
    report = commands.add(
        "report", "打印一天的日报（默认昨天），--send 发到 endpoints.yml 的 digest 里写的地方", _report
    )
    report.add_argument("--day", type=day, metavar="2026-11-25")
    report.add_argument("--send", action="store_true")
    kpis = commands.add("kpis", "打印指标的口径和目标，--table 写进 docs/insight.md", _kpis)
    kpis.add_argument("--table", action="store_true")
    peers = commands.add("peers", "导入同行数据（CSV）", _peers)
    peers.add_argument("file", type=Path, nargs="?", default=ROOT / "data" / "insight" / "peers.csv")
    experiments = commands.group("experiments", "A/B 实验的进展和结论", _experiments)
    for name, help_, run in (
        ("start", "开始一个实验", _start),
        ("stop", "停止一个实验，不采用新方案", _stop),
        ("promote", "所有顾客都采用一个方案，立即生效", _promote),
    ):
        command = experiments.add(name, help_, run)
        command.add_argument("name", metavar="名称", help="data/experiments.yml 里的名称")
        if name == "promote":
            command.add_argument("variant", metavar="方案")
    bench = commands.add("bench-insight", "量管理页各页的用时，事件从一万到一百万，SQLite 和 PostgreSQL", _bench)
    bench.add_argument("--min", type=int, default=10_000, metavar="N", help="最少多少个事件，默认 10000")
    bench.add_argument("--max", type=int, default=1_000_000, metavar="N", help="最多多少个事件，默认 1000000")
    bench.add_argument("--store", action="append", choices=["SQLite", "PostgreSQL"], help="只量一种，默认都量")
    server = "postgresql://postgres@127.0.0.1:5432/postgres"
    bench.add_argument(
        "--server", default=server, metavar="网址", help="PostgreSQL 的地址，会建一个临时数据库，量完删掉"
    )
