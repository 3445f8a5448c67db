"""Commands of the knowledge base."""

import json
from argparse import Namespace
from pathlib import Path

from bot.commands.parsing import Commands, days
from bot.settings import ROOT, get_settings


def _faq(arguments: Namespace) -> None:
    from bot.knowledge import heat_map, shared_encoder
    from bot.knowledge.faq_text import as_text

    found = heat_map(get_settings().knowledge_url, shared_encoder(), arguments.days)
    print(json.dumps(found.as_json(), ensure_ascii=False, indent=1) if arguments.json else as_text(found))


def _bench(arguments: Namespace) -> None:
    from bot.knowledge.bench import bench, fit

    if arguments.fit:
        fit(get_settings(), ROOT / "tests" / "knowledge" / "calibration.tsv")
    else:
        bench(get_settings(), arguments.file, out=arguments.out, size=arguments.size)


def add_to(commands: Commands) -> None:
    """`faq`, `bench-knowledge`."""
    faq = commands.add("faq", "顾客问了什么、答得怎么样、最该先改进的 20 条、没有答案的问题", _faq)
    faq.add_argument("--days", type=days, default=7, metavar="N", help="最近几天，默认 7")
    faq.add_argument("--json", action="store_true", help="以 JSON 打印")
    knowing = commands.add("bench-knowledge", "知识库检索的成绩：命中率、误答率、速度，和 TF-IDF 对比", _bench)
    knowing.add_argument(
        "file", type=Path, nargs="?", default=ROOT / "tests" / "knowledge" / "questions.tsv", metavar="FILE.tsv",
        help="列名 text、entry（词条编号，没有答案的写 -），用制表符分开；默认 tests/knowledge/questions.tsv",
    )  # fmt: skip
    knowing.add_argument("--size", type=int, default=100_000, metavar="N", help="测速用多少条，默认 100000")
    knowing.add_argument("--fit", action="store_true", help="不考核，而是重新拟合检索的权重并打印")
    knowing.add_argument("--out", type=Path, metavar="OUT", help="另把表格写到哪里")
