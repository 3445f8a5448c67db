"""Commands of conversation designers."""

from argparse import Namespace
from pathlib import Path

from bot.commands.parsing import Commands
from bot.designer import check
from bot.designer.table import write_table
from bot.settings import ROOT


def _check(arguments: Namespace) -> None:
    if arguments.table:
        print(f"✓ 已写好 {write_table(ROOT).relative_to(ROOT)}")
        return
    check(ROOT, conflicts=not arguments.fast, as_json=arguments.json)


def _parse(arguments: Namespace) -> None:
    from bot.designer.understanding import show

    show(arguments.messages, arguments.model or ROOT / "models", as_json=arguments.json)


def add_to(commands: Commands) -> None:
    """`check`, `parse`."""
    data = commands.add(
        "check", "检查对话数据：写错的名字、规则和故事的冲突、没人说的话，有错误时以状态 1 结束", _check
    )
    data.add_argument("--json", action="store_true", help="以 JSON 打印")
    data.add_argument("--fast", action="store_true", help="不查规则和故事的冲突，一两秒就好")
    data.add_argument(
        "--table", action="store_true", help="不检查，只重新生成 docs/intents.md（意图 → 流程 → 动作 → 规则 → 测试）"
    )
    parse = commands.add("parse", "看看机器人怎么理解一句话：意图和把握、基础意图、情感、实体", _parse)
    parse.add_argument("messages", nargs="+", metavar="话", help="一句或几句话，有空格时用引号括起来")
    parse.add_argument("--json", action="store_true", help="以 JSON 打印模型的全部结果")
    parse.add_argument("--model", type=Path, help="模型文件，默认是 models/ 里最新的")
