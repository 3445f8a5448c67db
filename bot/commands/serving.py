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


def add_to(commands: Commands) -> None:
    """`up`, `prepare`, `train`, `web`, `bench-turn`."""
    start = commands.add("up", "准备好一切并启动全部服务，Ctrl-C 停止", _up)
    start.add_argument(
        "--profile",
        default="",
        metavar="配置",
        help="cluster：nginx 后面各两台，用外面的数据库；不写就是单机",
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
