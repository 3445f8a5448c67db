"""Commands of the upkeep: migrations, retention, erasing, backup and restore."""

from argparse import Namespace

from bot.commands.parsing import Commands
from bot.settings import get_settings


def _migrate(arguments: Namespace) -> None:
    from bot.upkeep import UpkeepError
    from bot.upkeep.migrating import migrate, versions

    found = versions(get_settings()) if arguments.check else migrate(get_settings())
    for version in found:
        change = f"{version.current or '空'} → {version.newest}" if version.pending else f"{version.newest}，已是最新"
        print(f"{version.room:<14} {change}")
    pending = [version.room for version in found if version.pending]
    if arguments.check and pending:
        raise UpkeepError(f"还没有升级：{'、'.join(pending)}。请先运行 python -m bot migrate")


def _erase(arguments: Namespace) -> None:
    import json

    from bot.upkeep import UpkeepError
    from bot.upkeep.person import resolve
    from bot.upkeep.requests import dry_run, erase, run_waiting

    settings = get_settings()
    if arguments.waiting:
        found = run_waiting(settings, lambda _row: True)
        print(f"办了 {len(found)} 个等着的删除请求")
        if left := [proof for proof in found if not proof.clean]:
            raise UpkeepError("没有删干净：\n" + "\n".join(proof.as_table() for proof in left))
        return
    whom = {"channel": arguments.channel, "account": arguments.account}
    if arguments.dry_run:
        proof = dry_run(settings, resolve(settings, arguments.who, **whom))
    else:
        proof = erase(settings, arguments.who, **whom)
    print(json.dumps(proof.to_json(), ensure_ascii=False, indent=2) if arguments.json else proof.as_table())
    if proof.number and not arguments.json:
        print(f"✓ 已删除，每个库都查过，没有留下。凭据：{settings.var / 'erasures' / f'{proof.number:06d}.json'}")


def add_to(commands: Commands) -> None:
    """`migrate`, `erase`."""
    migrate = commands.add(
        "migrate", "把每个库的表升级到最新版本，打印从哪一版到哪一版；几个进程同时运行也安全", _migrate
    )
    migrate.add_argument("--check", action="store_true", help="只看不改；有没升级的就以状态 1 结束")
    erase = commands.add(
        "erase", "把一位顾客的资料从每个库和文件里删掉，查一遍并留下凭据；依法要存的订单去掉身份", _erase
    )
    erase.add_argument("who", nargs="?", default="", metavar="顾客", help="顾客编号，或会话编号")
    erase.add_argument("--channel", default="", metavar="渠道", help="和 --account 一起：渠道里的账号")
    erase.add_argument("--account", default="", metavar="账号")
    erase.add_argument("--dry-run", action="store_true", help="只看哪些表里有，不删")
    erase.add_argument("--waiting", action="store_true", help="不等每分钟一次的定时任务，现在就办顾客在聊天里提的请求")
    erase.add_argument("--json", action="store_true", help="以 JSON 打印")
