"""Commands of the upkeep: migrations, retention, erasing, backup and restore."""

from argparse import Namespace
from pathlib import Path

from bot.commands.parsing import Commands, copies
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
    from bot.upkeep.proof import path_of
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
        print(f"✓ 已删除，每个库都查过，没有留下。凭据：{path_of(settings, proof)}")


def _backup(arguments: Namespace) -> None:
    from bot.upkeep import manifest
    from bot.upkeep.backing_up import backup

    settings = get_settings()
    ours = settings.operations.backup
    to = arguments.to or (Path(ours.folder) if ours.folder else None)
    made = backup(settings, to, arguments.keep or 0, print)
    found = manifest.read(made)
    print(f"✓ 备份在 {made}，{len(found.files)} 个文件，{found.bytes / 2**20:.1f} MB")


def _restore(arguments: Namespace) -> None:
    from bot.upkeep import UpkeepError
    from bot.upkeep.restoring import restore, undo

    settings = get_settings()
    if arguments.undo:
        undo(settings)
        print("✓ 原来的数据已经放回去")
        return
    if arguments.folder is None:
        raise UpkeepError("请写备份的文件夹：python -m bot restore 文件夹 --yes")
    done = restore(settings, arguments.folder, yes=arguments.yes, progress=print)
    for version in done.versions:
        if version.pending:
            print(f"  {version.room} 升级：{version.current or '空'} → {version.newest}")
    print(f"✓ 已恢复到 {done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC 的备份")
    print(f"  备份时的模型：{'，'.join(done.manifest.models) or '没有'}")
    print(f"  对话和设置没有动，备份时的在 {arguments.folder / 'project'}")
    if done.erased.came:
        print(f"  备份之后删除过资料的顾客回来了 {done.erased.came} 位，已重新删除 {done.erased.erased} 位")
    if left := done.erased.came - done.erased.erased:
        advice = "服务启动后会接着试，或运行 python -m bot erase --waiting"
        print(f"⚠ 还有 {left} 位没有删（多半有没办完的订单），{advice}")


def _tidy(arguments: Namespace) -> None:
    from bot.upkeep.daily import tidy_now
    from bot.upkeep.tidying import tidy

    settings = get_settings()
    found = tidy(settings, dry_run=True) if arguments.dry_run else tidy_now(settings)
    for name, count in found.items():
        print(f"{name:<26} {count}")
    if arguments.dry_run:
        print("以上到期了，还没有动" if found else "没有到期的")
    else:
        print(f"✓ 已归档到 {settings.var / 'archive'} 并删除" if found else "✓ 没有到期的")


def add_to(commands: Commands) -> None:
    """`migrate`, `erase`, `backup`, `restore`, `tidy`."""
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
    backup = commands.add("backup", "备份每个库和顾客的文件，服务不用停；写完整了才改成正式的名字", _backup)
    backup.add_argument("--to", type=Path, metavar="文件夹", help="放在哪里，默认 var/backups；最好在另一块磁盘")
    backup.add_argument("--keep", type=copies, metavar="份", help="那里只留最新的几份，更早的删掉；不写就都留着")
    restore = commands.add("restore", "恢复一份备份：先核对，服务停着才做，出错就全部退回原样", _restore)
    restore.add_argument("folder", nargs="?", type=Path, metavar="文件夹", help="一份备份，如 var/backups/dianxiaoer-…")
    restore.add_argument("--yes", action="store_true", help="现在的数据可以覆盖")
    restore.add_argument("--undo", action="store_true", help="上次恢复被打断了：把原来的数据放回去")
    tidy = commands.add(
        "tidy", "把到期的消息、事件、日志等归档、删除（保留几个月见 data/operations.yml 的 retention）", _tidy
    )
    tidy.add_argument("--dry-run", action="store_true", help="只看有多少到期，不动")
