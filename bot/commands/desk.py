"""Commands of the agents' desk."""

from argparse import Namespace

from bot.commands.parsing import Commands


def _create_admin(arguments: Namespace) -> None:
    from bot.conversations import current_store
    from bot.db import upgrade
    from bot.desk.accounts import create_admin

    store = current_store()
    for room in ("conversations", "desk"):
        upgrade(store.url, room)
    password = create_admin(store, arguments.name)
    print(f"✓ 管理员 {arguments.name.strip().lower()} 建好了，一次性密码（只显示这一次，登录后要马上改）：\n{password}")


def _bench_desk(arguments: Namespace) -> None:
    from bot.launch.bench_desk import bench

    numbers = (arguments.agents, arguments.chats, arguments.seconds, arguments.every)
    for line in bench(*numbers, url=arguments.url).lines():
        print(line)


def add_to(commands: Commands) -> None:
    """`desk create-admin`, `bench-desk`."""
    create = commands.group("desk", "人工客服台").add("create-admin", "建一个管理员账号，打印一次性密码", _create_admin)
    create.add_argument("name", metavar="NAME", help="登录名：小写字母、数字、点、减号、下划线")
    load = commands.add(
        "bench-desk", "量客服台在满负荷时的送达用时：起一个网页服务，客服都连着，顾客和客服互相发消息", _bench_desk
    )
    load.add_argument("--agents", type=int, default=50, metavar="N", help="几位客服，默认 50")
    load.add_argument("--chats", type=int, default=1000, metavar="N", help="几个进行中的会话，默认 1000")
    load.add_argument("--seconds", type=float, default=30, metavar="S", help="量多少秒，默认 30")
    load.add_argument("--every", type=float, default=45, metavar="S", help="每位顾客平均隔多少秒说一句，默认 45")
    load.add_argument("--url", default="", metavar="URL", help="用空的 PostgreSQL 库代替临时的 SQLite")
