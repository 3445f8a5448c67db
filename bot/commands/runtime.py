"""Commands of what Rasa runs on: locks and stored conversations."""

from argparse import Namespace

from bot.commands.parsing import Commands


def _bench_locks(arguments: Namespace) -> None:
    from bot.runtime.bench_locks import bench_locks

    bench_locks(arguments.url, arguments.rounds)


def _bench_trackers(arguments: Namespace) -> None:
    from bot.runtime.bench_trackers import bench_trackers

    bench_trackers(arguments.url, arguments.rounds)


def add_to(commands: Commands) -> None:
    """`bench-locks`, `bench-trackers`."""
    locks = commands.add("bench-locks", "同一位顾客的第二条消息等锁多久，和 Rasa 自带的 Redis 锁对比", _bench_locks)
    locks.add_argument("--url", default="redis://127.0.0.1:6379/0", metavar="URL", help="Redis，默认本机")
    locks.add_argument("--rounds", type=int, default=10, metavar="N", help="做几回，每回 10 段会话，默认 10")
    trackers = commands.add(
        "bench-trackers", "50 个和 2 万个事件的会话，一轮读和存要多久，和 Rasa 自带的 SQL 存储对比", _bench_trackers
    )
    trackers.add_argument("--url", default="", metavar="URL", help="数据库，默认临时的 SQLite 文件")
    trackers.add_argument("--rounds", type=int, default=30, metavar="N", help="量几轮，默认 30")
