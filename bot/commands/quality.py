"""Commands of the inspection."""

import sys
from argparse import Namespace
from datetime import timedelta
from pathlib import Path

from bot.commands.parsing import Commands, day
from bot.settings import get_settings


def _quality(arguments: Namespace) -> None:
    if arguments.agreement:
        _agreement(arguments.agreement, arguments.differences, arguments.half)
        return
    from bot import clock, db
    from bot.quality.inspection import inspect_day
    from bot.quality.inspector import Inspector
    from bot.quality.pdf import write_pdf
    from bot.quality.reader import load_rules
    from bot.quality.report import as_markdown, report_of

    settings, rules = get_settings(), load_rules()
    for url, rooms in ((settings.chat_url, ("conversations",)), (settings.events_url, ("events", "quality"))):
        for room in rooms:
            db.upgrade(url, room)
    chosen = arguments.day or clock.local(clock.now()).date() - timedelta(days=1)
    inspect_day(settings, Inspector(rules), chosen)
    report = report_of(settings, rules, chosen)
    text = as_markdown(report)
    if arguments.markdown:
        arguments.markdown.parent.mkdir(parents=True, exist_ok=True)
        arguments.markdown.write_text(text, encoding="utf8")
        print(f"✓ 日报写到 {arguments.markdown}")
    if arguments.pdf:
        write_pdf(report, arguments.pdf)
        print(f"✓ 日报写到 {arguments.pdf}")
    if not arguments.markdown and not arguments.pdf:
        print(text)


def _agreement(path: Path, differences: bool, half: str | None) -> None:
    from bot.quality.agreement import as_table, differences_of
    from bot.quality.inspector import Inspector
    from bot.quality.marked import agreement, halves, read_marked
    from bot.quality.reader import load_rules

    rules = load_rules()
    marked = read_marked(path, list(rules.criteria))
    if half:
        tuning, test = halves(marked)
        marked = tuning if half == "tuning" else test
        if not marked:
            sys.exit("这一半里没有对话：编号末尾的数是单数的用来调规则（tuning），其余的用来检验（test）")
    inspector = Inspector(rules)
    print(as_table(rules, agreement(inspector, marked), len(marked)))
    if differences:
        print("\n" + differences_of(rules, inspector, marked))


def _bench(arguments: Namespace) -> None:
    from bot.quality.bench import bench

    bench(arguments.conversations)


def add_to(commands: Commands) -> None:
    """`quality`, `bench-quality`."""
    quality = commands.add("quality", "质检一天的聊天和电话（默认昨天），打印日报；规则在 data/quality.yml", _quality)
    quality.add_argument("--day", type=day, metavar="2026-11-25")
    quality.add_argument("--markdown", type=Path, metavar="OUT", help="日报写成 Markdown")
    quality.add_argument("--pdf", type=Path, metavar="OUT", help="日报写成 PDF")
    quality.add_argument(
        "--agreement",
        type=Path,
        metavar="FILE.jsonl",
        help="不质检，而是量规则和人工标注的一致程度（格式见 docs/quality.md）",
    )
    quality.add_argument("--differences", action="store_true", help="和 --agreement 一起：列出每处不一致")
    quality.add_argument(
        "--half",
        choices=("tuning", "test"),
        help="和 --agreement 一起：只量编号末尾是单数的（tuning，调规则用），或其余的（test，只用来检验）",
    )
    speed = commands.add("bench-quality", "质检的速度：编一天的对话，全部查完并出日报", _bench)
    speed.add_argument("--conversations", type=int, default=10_000, metavar="N", help="多少个对话，默认 10000")
