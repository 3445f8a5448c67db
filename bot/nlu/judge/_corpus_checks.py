"""Checks of the corpus that look at words alone."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.nlu.judge._corpus_lines import Line, normalise
from bot.nlu.judge._findings import Finding
from bot.nlu.judge._frames import frames
from bot.nlu.taxonomy import Taxonomy


@dataclass(frozen=True)
class Limits:
    """What a sound corpus keeps.

    Attributes:
        per_intent, total: the fewest lines.
        near: from this cosine on two lines say nearly the same to the default encoder.
        same: from this cosine on two intents cannot both be right.
        alike: from this share of confused lines on two intents are too alike.
    """

    per_intent: int = 200
    total: int = 12_000
    near: float = 0.98
    same: float = 0.99
    alike: float = 0.10


def check_counts(
    lines: Sequence[Line], intents: dict[str, int], taxonomy: Taxonomy, limits: Limits
) -> Iterator[Finding]:
    """Too few lines, and intents that the taxonomy does not know."""
    if len(lines) < limits.total:
        yield Finding("行数不够", True, f"一共 {len(lines)} 行，至少要 {limits.total} 行")
    for name, count in sorted(intents.items(), key=lambda item: item[1]):
        if name not in taxonomy.base_of:
            yield Finding("不认识的意图", True, f"{name} 不在 data/taxonomy.yml 里，请改名或补上", _first(lines, name))
        elif count < limits.per_intent:
            yield Finding("行数不够", True, f"{name} 只有 {count} 行，至少要 {limits.per_intent} 行")


def check_labels(lines: Sequence[Line]) -> Iterator[Finding]:
    """Emotions and scores that do not go together."""
    for line in lines:
        if not line.has_sound_score:
            message = f"情感 {line.emotion} 与分数 {line.score} 对不上（急躁 1–2，犹豫和平静 3，满意 4–5）"
            yield Finding("情感标注有误", True, message, [show(line)])


def check_duplicates(lines: Sequence[Line]) -> Iterator[Finding]:
    """The same words twice: an error across intents, which cannot both be right."""
    for title, form in (("重复", _exact), ("只差标点、空格或大小写", lambda line: normalise(line.text))):
        for key, own in _grouped(lines, form).items():
            places = [show(line) for line in own]
            names = sorted({line.intent for line in own})
            if form is not _exact and len({line.text for line in own}) == 1:
                continue  # reported as an exact duplicate
            if len(names) > 1:
                yield Finding(f"不同意图里{title}", True, f"“{key}”同时在 {'、'.join(names)}", places)
            elif form is _exact and len({line.emotion for line in own}) > 1:
                yield Finding("同一句话情感不同", False, f"{names[0]}：“{key}”", places)
            else:
                yield Finding(f"同一意图里{title}", False, f"{names[0]}：“{key}”", places)


def check_leaks(lines: Sequence[Line], held_out: Sequence[Line]) -> Iterator[Finding]:
    """Lines of the held-out files that are trained on."""
    trained = _grouped(lines, lambda line: normalise(line.text), least=1)
    for test in held_out:
        for line in trained.get(normalise(test.text), []):
            yield Finding("测试集的句子进了训练语料", True, f"“{test.text}”", [show(line), show(test)])


def check_families(lines: Sequence[Line]) -> Iterator[Finding]:
    """Template families within an intent."""
    for intent, own in _grouped(lines, lambda line: line.intent).items():
        distinct = list({normalise(line.text): line for line in own}.items())
        for frame, rows in frames([text.removesuffix("?") for text, _ in distinct]):
            places = [show(distinct[row][1]) for row in rows]
            yield Finding("模板句", False, f"{intent}，{len(rows)} 句同一句式“{frame}”", places)


def _grouped(lines: Sequence[Line], form: Callable[[Line], str], least: int = 2) -> dict[str, list[Line]]:
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[form(line)].append(line)
    return {key: own for key, own in groups.items() if len(own) >= least}


def _exact(line: Line) -> str:
    return line.text


def show(line: Line) -> str:
    """Place and text."""
    return f"{line.place}  {line.text}"


def _first(lines: Sequence[Line], intent: str) -> list[str]:
    return [next(show(line) for line in lines if line.intent == intent)]
