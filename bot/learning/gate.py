"""Whether a candidate may go live: beside the model in use, on the fixed sets and on last week's messages."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.clock import now
from bot.db import writing
from bot.learning.candidate import models
from bot.learning.corpus import kept_lines
from bot.learning.heard import heard_between
from bot.learning.labels import LabelError
from bot.learning.project import Project
from bot.learning.tables import ModelRow
from bot.nlu.judge.corpus import read_held_out
from bot.nlu.judge.evaluate import LabelledMessage, Prediction, predict, score
from bot.nlu.taxonomy import load_taxonomy

_FIGURES = ("n", "base_accuracy", "business_accuracy", "business_macro_f1", "emotion_macro_f1", "coverage", "precision")
_REPLAYED = 2000
_EXAMPLES = 20
Predict = Callable[[Path, Sequence[str]], list[Prediction]]


@dataclass(frozen=True)
class Change:
    """A replayed message that the two models take for different things."""

    text: str
    live: str
    candidate: str
    confidence: float


@dataclass(frozen=True)
class Comparison:
    """Figures of both models on the fixed sets and on the kept-back messages of last week; what changes in replay.

    `refusals` say in Chinese why the candidate may not go live; none: it may.
    """

    fixed: dict[str, dict[str, Any]]
    replay: dict[str, dict[str, Any]]
    replayed: int
    changed: int
    surer: int
    less_sure: int
    moves: list[tuple[str, str, int]]
    examples: list[Change]
    refusals: list[str]

    @property
    def passed(self) -> bool:
        return not self.refusals


def compare(project: Project, live: Path, candidate: Path, ask: Predict | None = None) -> Comparison:
    """Compare two archives.

    Raises:
        LabelError: there are no fixed sets, or nobody labelled anything of last week.
        JudgeError: a model cannot be loaded.
    """
    taxonomy = load_taxonomy()
    ask = ask or (lambda model, texts: predict(model, texts, taxonomy))
    since = now() - timedelta(days=project.settings.operations.learning.replay_days)
    fixed = [LabelledMessage(line.text, line.intent, line.emotion) for line in read_held_out(project.fixed, taxonomy)]
    replay = [LabelledMessage(*line) for line in kept_lines(project, since)]
    if not fixed:
        raise LabelError(f"{project.fixed} 里没有留出的测试句，没法比较")
    if not replay:
        raise LabelError("最近的消息还没有审核过、留作考核的句子，没法比较。请先标注、审核")
    heard = list(dict.fromkeys(h.text for h in heard_between(project.url, since, now())))[-_REPLAYED:]
    texts = [*(m.text for m in fixed), *(m.text for m in replay), *heard]
    threshold = project.settings.operations.confidence.threshold
    found: dict[str, dict[str, dict[str, Any]]] = {"fixed": {}, "replay": {}}
    said: dict[str, list[Prediction]] = {}
    for name, model in (("live", live), ("candidate", candidate)):
        answers = ask(model, texts)
        cut = len(fixed), len(fixed) + len(replay)
        for kind, labelled, own in (("fixed", fixed, answers[: cut[0]]), ("replay", replay, answers[cut[0] : cut[1]])):
            figures = score(labelled, own, taxonomy, threshold).as_dict()
            found[kind][name] = {figure: figures[figure] for figure in _FIGURES}
        said[name] = answers[cut[1] :]
    moves, examples, surer, less_sure = _changes(heard, said["live"], said["candidate"], threshold)
    return Comparison(
        found["fixed"],
        found["replay"],
        len(heard),
        sum(moves.values()),
        surer,
        less_sure,
        [(*pair, count) for pair, count in moves.most_common(20)],
        examples[:_EXAMPLES],
        _refusals(found["fixed"], found["replay"], project.settings.operations.learning.may_lose_points),
    )


def _refusals(fixed: dict[str, dict[str, Any]], replay: dict[str, dict[str, Any]], may_lose_points: float) -> list[str]:
    """A candidate must be right more often on both sets taken together, and lose on neither more than chance may."""
    found = []
    right = dict.fromkeys(("live", "candidate"), 0.0)
    for title, figures in (("固定测试集", fixed), ("最近的真实消息", replay)):
        for figure, what in (("business_accuracy", "业务意图准确率"), ("base_accuracy", "基础意图准确率")):
            old, new = figures["live"][figure], figures["candidate"][figure]
            if new < old - may_lose_points / 100:
                found.append(f"{title}的{what}从 {old:.1%} 降到 {new:.1%}")
        for name in right:
            right[name] += figures[name]["business_accuracy"] * figures[name]["n"]
    if not found and round(right["candidate"]) <= round(right["live"]):
        found.append(f"合起来只认对 {round(right['candidate'])} 条，不比现在的 {round(right['live'])} 条多")
    return found


def _changes(
    heard: Sequence[str], live: Sequence[Prediction], candidate: Sequence[Prediction], threshold: float
) -> tuple[Counter[tuple[str, str]], list[Change], int, int]:
    moves: Counter[tuple[str, str]] = Counter()
    examples = []
    for text, old, new in zip(heard, live, candidate, strict=True):
        if old.business != new.business:
            moves[old.business, new.business] += 1
            examples.append(Change(text, old.business, new.business, round(new.confidence, 3)))
    pairs = list(zip(live, candidate, strict=True))
    surer = sum(old.confidence < threshold <= new.confidence for old, new in pairs)
    less_sure = sum(new.confidence < threshold <= old.confidence for old, new in pairs)
    return moves, sorted(examples, key=lambda change: -change.confidence), surer, less_sure


def judge_candidate(project: Project, ask: Predict | None = None) -> Comparison:
    """Compare the candidate with the model in use and note the report; a refused one is not looked at again.

    Raises:
        LabelError: there is no candidate or no model in use, or nothing to measure on.
    """
    waiting = models(project.url, "candidate")
    live = project.live_model()
    if not waiting:
        raise LabelError("没有等待考核的候选模型，请先运行 python -m bot cycle train")
    if live is None:
        raise LabelError("models/ 里还没有模型，请先运行 python -m bot train")
    found = compare(project, live, project.candidates / waiting[0].name, ask)
    with writing(project.url) as session:
        row = session.get(ModelRow, waiting[0].id)
        row.figures = {**asdict(found), "against": live.name}
        if not found.passed:
            row.status, row.decided_at = "refused", now()
    return found
