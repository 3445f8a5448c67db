"""Commands of the shop's data and its offers."""

import json
from argparse import Namespace

from bot.commands.parsing import Commands, days
from bot.settings import get_settings
from bot.shop import FeedError, format_fen


def _sync(arguments: Namespace) -> None:
    from bot.knowledge.sync import sync

    report = sync(get_settings(), arguments.source, trade=arguments.all, progress=print)
    print("\n".join(report.taken_lines()))
    print(f"同步用时 {report.seconds:.1f} 秒，不用重启，一分钟内生效")
    if report.rejected:
        raise FeedError("\n".join([*report.refused_lines(), "改好后再运行一次 python -m bot sync"]))


def _offers(arguments: Namespace) -> None:
    from bot.shop.outreach import load_scripts, worth_of_offers

    names = [script.name for script in load_scripts()]
    found = worth_of_offers(get_settings().shop_url, arguments.days, names)
    if arguments.json:
        print(json.dumps([worth.to_json() for worth in found], ensure_ascii=False, indent=2))
        return
    print(f"最近 {arguments.days} 天的主动推荐（收入和优惠只算已付款、没有退掉的订单）")
    for w in found:
        print(
            f"· {w.script}：说了 {w.shown} 次，点开 {w.clicked}，不需要 {w.declined}，没理会 {w.ignored}；"
            f"下单 {w.taken}（{w.conversion:.1%}，其中待付款 {w.unpaid}），收入 {format_fen(w.revenue_fen)}，"
            f"优惠 {format_fen(w.discount_fen)}"
        )


def add_to(commands: Commands) -> None:
    """`sync`, `offers`."""
    sync = commands.add("sync", "同步库存、价格、活动和知识库，不用重启；打印变化，有错的文件整个不导入", _sync)
    sync.add_argument(
        "source", nargs="?", metavar="文件夹或网址", help="默认 data/shop 和 data/knowledge；网址下要有 index.json"
    )
    sync.add_argument("--all", action="store_true", help="顾客、订单、包裹的文件也导入（会按文件覆盖它们）")
    offers = commands.add("offers", "主动推荐的成效：每条话术说了几次、成交几单、带来多少收入", _offers)
    offers.add_argument("--days", type=days, default=30, metavar="N", help="看最近几天，默认 30")
    offers.add_argument("--json", action="store_true", help="以 JSON 打印")
