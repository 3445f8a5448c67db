"""Commands of the learning loop."""

import argparse
from argparse import Namespace
from collections.abc import Callable
from datetime import date
from pathlib import Path

from bot.commands.parsing import Commands
from bot.learning import LabelError, Project
from bot.settings import get_settings

STEPS = {
    "draw": "抽取上周值得标注的消息",
    "train": "用审核通过的新句子训练候选模型",
    "gate": "候选模型和现在的模型比一比，决定能不能上线",
    "release": "通过考核的候选模型上线，新句子写进 data/nlu",
    "rollback": "退回上一个模型",
}


def _project() -> Project:
    from bot.db import upgrade

    settings = get_settings()
    for room in ("events", "learning"):
        upgrade(settings.events_url, room)
    return Project(settings)


def _swap(archive: Path) -> bool:
    from bot.launch.swap import swap_model

    return swap_model(archive, get_settings())


def _draw(project: Project) -> int:
    from bot.knowledge import shared_encoder
    from bot.learning.drawing import draw

    count = draw(project, shared_encoder().sentences, print)
    print(f"✓ 抽了 {count} 句，请到管理后台的“学习闭环”标注" if count else "上周没有值得标注的新消息")
    return count


def _train(project: Project) -> None:
    from bot.learning.candidate import train_candidate

    print("正在训练候选模型，几分钟……")
    print(f"✓ 候选模型 {train_candidate(project).name} 训练好了，再运行 python -m bot cycle 和现在的模型比一比")


def _gate(project: Project) -> None:
    from bot.learning.gate import judge_candidate

    found = judge_candidate(project)
    for title, figures in (("固定测试集", found.fixed), ("最近的真实消息", found.replay)):
        old, new = (figures[name]["business_accuracy"] for name in ("live", "candidate"))
        print(f"· {title}（{figures['live']['n']} 条）：业务意图准确率 {old:.1%} → {new:.1%}")
    print(f"· 重放 {found.replayed} 条真实消息：{found.changed} 条认得不一样了")
    if found.refusals:
        raise LabelError("候选模型没有通过，继续用现在的模型：" + "；".join(found.refusals))
    print("✓ 候选模型更好，再运行 python -m bot cycle 就上线")


def _release(project: Project) -> None:
    from bot.learning.releasing import release

    print(f"✓ {release(project, _swap).name} 上线了；新句子已写进 data/nlu。不满意就 python -m bot cycle rollback")


def _rollback(project: Project) -> None:
    from bot.learning.releasing import roll_back

    print(f"✓ 退回到 {roll_back(project, _swap).name}")


_RUN: dict[str, Callable[[Project], object]] = {
    "draw": _draw,
    "train": _train,
    "gate": _gate,
    "release": _release,
    "rollback": _rollback,
}


def _next(_arguments: Namespace) -> None:
    from bot.learning.cycle import where

    project = _project()
    standing = where(project)
    print(f"现在的模型：{standing.live or '还没有'}\n{standing.told}")
    if standing.step != "draw":
        if standing.step:
            _RUN[standing.step](project)
    elif not _draw(project):
        # A quiet week does not keep the lines of the weeks before from being learned.
        standing = where(project, nothing_to_draw=True)
        print(standing.told)
        if standing.step:
            _RUN[standing.step](project)


def _step(arguments: Namespace) -> None:
    _RUN[arguments.step](_project())


def _notes(arguments: Namespace) -> None:
    from bot.clock import local, now
    from bot.learning.notes import release_notes

    text = release_notes(_project().url, arguments.month or local(now()).date())
    if arguments.out:
        arguments.out.write_text(text, encoding="utf8")
    print(text, end="")


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}”不是月份，请写成 2026-11 这样") from None


def add_to(commands: Commands) -> None:
    """`cycle` and its steps."""
    cycle = commands.group("cycle", "学习闭环走到哪一步了，并做下一步：抽取、训练、考核、上线", _next)
    for name, help_ in STEPS.items():
        cycle.add(name, help_, _step).set_defaults(step=name)
    notes = cycle.add("notes", "打印一个月的模型发布说明（Markdown）", _notes)
    notes.add_argument("--month", type=_month, metavar="2026-11", help="默认这个月")
    notes.add_argument("--out", type=Path, metavar="OUT", help="另写到哪里")
