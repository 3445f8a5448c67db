"""Commands that prepare and start the suite."""

from argparse import Namespace
from os import environ

from bot.commands.parsing import Commands
from bot.launch import STEPS, prepare, up


def _up(arguments: Namespace) -> None:
    up(arguments.profile or environ.get("DIANXIAOER_PROFILE", ""))


def _bench_turn(arguments: Namespace) -> None:
    from bot.launch.bench_turn import bench_turn

    bench_turn(arguments.rounds, as_json=arguments.json)


def _bench_load(arguments: Namespace) -> None:
    from bot.launch.load.bench import Options, bench_load
    from bot.settings import ROOT

    one = "" if arguments.profile == "single" else arguments.profile
    options = Options(
        seconds=arguments.seconds,
        warm_up=arguments.warm_up,
        customers=arguments.customers,
        only=arguments.only,
        redis_url=arguments.redis,
        seed=arguments.seed,
        profiles=(one,) if arguments.profile else Options.profiles,
    )
    bench_load(options, ROOT / "docs" / "operations.md" if arguments.table else None)


def add_to(commands: Commands) -> None:
    """`up`, `prepare`, `train`, `web`, `bench-turn`, `bench-load`."""
    start = commands.add("up", "准备好一切并启动全部服务，Ctrl-C 停止", _up)
    start.add_argument(
        "--profile",
        default="",
        metavar="配置",
        help="multicore：几台 Rasa 用上几个核；cluster：nginx 后面各两台，用外面的数据库；不写就是各一台",
    )
    steps = commands.add("prepare", "只做准备，不启动服务", lambda arguments: prepare(arguments.only))
    steps.add_argument("--only", nargs="+", choices=list(STEPS), default=(), metavar="步骤", help="、".join(STEPS))
    commands.add("train", "训练对话模型（数据没有变化就跳过）", lambda _: prepare(["encoder", "shop", "model"]))
    commands.add("web", "构建网页（源码没有变化就跳过）", lambda _: prepare(["web"]))
    turn = commands.add(
        "bench-turn", "量一轮对话的用时：启动 Rasa 和动作服务，说几段话，打印中位数和时间花在哪里", _bench_turn
    )
    turn.add_argument("--rounds", type=int, default=20, metavar="N", help="说几段对话，默认 20")
    turn.add_argument("--json", action="store_true", help="以 JSON 打印")
    load = commands.add(
        "bench-load", "压测：两个核上 95%% 的一轮不超过 500 毫秒时的最高速率，和 Rasa 自带的模板对比", _bench_load
    )
    load.add_argument(
        "--seconds",
        type=float,
        default=10.0,
        metavar="N",
        help="每一步至少量多少秒，默认 10；慢的更久，好让每一步都有 150 轮",
    )
    load.add_argument("--warm-up", type=float, default=10.0, metavar="N", help="预热多少秒，默认 10")
    load.add_argument("--customers", type=int, default=40, metavar="N", help="同时聊着的会话，默认 40")
    load.add_argument(
        "--profile",
        default="",
        choices=["single", "multicore", "cluster"],
        help="店小二只量一个配置：single 是 make run，其余见 bot up --help；不写就轮流量 single 和 multicore",
    )
    load.add_argument("--only", default="", choices=["", "ours", "template"], help="只量一方，不对比")
    load.add_argument("--redis", default="redis://127.0.0.1:6379/0", metavar="URL", help="锁用的 Redis，默认本机")
    load.add_argument("--seed", type=int, default=1, metavar="N", help="换一个数，顾客到达的时刻和说法就不同")
    load.add_argument("--table", action="store_true", help="把表格写进 docs/operations.md")
