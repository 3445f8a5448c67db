"""Conversations marked by hand (JSON lines), and how far the rules agree with the marks."""

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot import clock
from bot.quality.inspector import Inspector
from bot.quality.problems import MarkedError
from bot.quality.talk import FACTS, SIDES, Fact, Line, Talk
from bot.quality.verdicts import Verdict

VERDICTS: tuple[Verdict, ...] = ("pass", "fail", "na")
_KNOWN_LATER = timedelta(days=3)


@dataclass(frozen=True)
class Marked:
    """A conversation and what people found in it: criterion → verdict."""

    talk: Talk
    marks: Mapping[str, str]


@dataclass(frozen=True)
class Agreement:
    """How rules and people agree on a criterion.

    Attributes:
        counts: (people, rules) → how many conversations.
        kappa: Cohen's kappa over pass, fail and na; None when people or rules gave all the same verdict.
        problem_kappa: the same over "a problem" (fail) and "none".
    """

    criterion: str
    counts: Mapping[tuple[str, str], int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def kappa(self) -> float | None:
        return cohens_kappa(self.counts)

    @property
    def problem_kappa(self) -> float | None:
        folded: Counter[tuple[str, str]] = Counter()
        for (people, rules), count in self.counts.items():
            folded["fail" if people == "fail" else "none", "fail" if rules == "fail" else "none"] += count
        return cohens_kappa(folded)

    def number(self, people: str, rules: str) -> int:
        """How often people said the one and the rules the other."""
        return self.counts.get((people, rules), 0)


def cohens_kappa(counts: Mapping[tuple[str, str], int]) -> float | None:
    """(p_o − p_e) / (1 − p_e), Cohen 1960; None when chance alone agrees always."""
    total = sum(counts.values())
    if not total:
        return None
    labels = sorted({label for pair in counts for label in pair})
    observed = sum(counts.get((label, label), 0) for label in labels) / total
    chance = 0.0
    for label in labels:
        first = sum(count for (a, _b), count in counts.items() if a == label)
        second = sum(count for (_a, b), count in counts.items() if b == label)
        chance += first * second / total**2
    return None if chance > 1 - 1e-12 else (observed - chance) / (1 - chance)


def halves(marked: Sequence[Marked]) -> tuple[list[Marked], list[Marked]]:
    """Those to tune rules on (the number that ends the id is odd) and those to test them on (even, or no number)."""
    tuning = [one for one in marked if (number := re.search(r"\d+$", one.talk.id)) and int(number[0]) % 2]
    chosen = {one.talk.id for one in tuning}
    return tuning, [one for one in marked if one.talk.id not in chosen]


def agreement(inspector: Inspector, marked: Sequence[Marked]) -> list[Agreement]:
    """The agreement on each criterion that the rules have and people marked."""
    inspected = inspector.inspect([one.talk for one in marked])
    told = []
    for name in inspector.rules.criteria:
        counts: Counter[tuple[str, str]] = Counter()
        for one, found in zip(marked, inspected, strict=True):
            if name in one.marks:
                counts[one.marks[name], found.verdicts[name]] += 1
        if counts:
            told.append(Agreement(name, counts))
    return told


def disagreements(inspector: Inspector, marked: Sequence[Marked]) -> list[tuple[str, str, str, str, str]]:
    """Each difference: id, criterion, people's verdict, the rules' verdict, the quote that the rules point at."""
    inspected = inspector.inspect([one.talk for one in marked])
    return [
        (one.talk.id, name, one.marks[name], found.verdict, found.quote)
        for one, result in zip(marked, inspected, strict=True)
        for name, found in result.found.items()
        if name in one.marks and one.marks[name] != found.verdict
    ]


def read_marked(path: Path, criteria: Sequence[str]) -> list[Marked]:
    """The conversations of a file.

    Raises:
        MarkedError: naming the line.
    """
    try:
        lines = path.read_text(encoding="utf8").splitlines()
    except OSError as error:
        raise MarkedError(f"打不开 {path}：{error.strerror}") from None
    except UnicodeDecodeError:
        raise MarkedError(f"{path.name} 请保存为 UTF-8") from None
    found: list[Marked] = []
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            one = _marked(json.loads(line), criteria)
            if one.talk.id in seen:
                raise ValueError(f"id “{one.talk.id}”前面已经有了")
        except json.JSONDecodeError:
            raise MarkedError(f"{path.name} 第 {number} 行不是正确的 JSON") from None
        except (ValueError, TypeError, AttributeError) as error:
            raise MarkedError(f"{path.name} 第 {number} 行：{error}") from None
        seen.add(one.talk.id)
        found.append(one)
    if not found:
        raise MarkedError(f"{path.name} 里没有对话")
    return found


def _marked(body: Any, criteria: Sequence[str]) -> Marked:
    if not isinstance(body, dict):
        raise ValueError("应为 JSON 对象")
    marks = body.get("marks")
    if not isinstance(marks, dict) or not marks:
        raise ValueError("缺少 marks")
    for name, verdict in marks.items():
        if name not in criteria:
            raise ValueError(f"marks 里的 {name} 不是 data/quality.yml 里的标准")
        if verdict not in VERDICTS:
            raise ValueError(f"marks 里 {name} 应为 pass、fail 或 na")
    return Marked(talk_of(body), marks)


def talk_of(body: Mapping[str, Any]) -> Talk:
    """The conversation of {"id", "messages", …}, as docs/quality.md describes it.

    Raises:
        ValueError: what is wrong, in Chinese.
    """
    known = {"id", "kind", "channel", "ended", "messages", "facts", "until", "marks"}
    unknown = sorted(set(body) - known)
    if unknown:
        raise ValueError(f"没有 {'、'.join(unknown)} 这样的字段")
    identity = body.get("id")
    if not isinstance(identity, str) or not identity:
        raise ValueError("缺少 id")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ValueError("messages 至少要有一条")
    lines = [_line(number, one) for number, one in enumerate(messages, 1)]
    if any(after.at < before.at for before, after in itertools.pairwise(lines)):
        raise ValueError("messages 应按时间先后")
    kind = body.get("kind", "chat")
    if kind not in ("chat", "call"):
        raise ValueError("kind 应为 chat 或 call")
    facts = [_fact(one) for one in body.get("facts") or []]
    until = _time(body["until"], "until") if body.get("until") else lines[-1].at + _KNOWN_LATER
    channel = str(body.get("channel") or "web")
    return Talk(identity, identity, channel, lines, kind, facts, bool(body.get("ended", True)), until)


def _line(number: int, body: Any) -> Line:
    where = f"第 {number} 条消息"
    if not isinstance(body, dict):
        raise ValueError(f"{where}应为 JSON 对象")
    unknown = sorted(set(body) - {"side", "time", "text", "agent", "intent", "score", "end"})
    if unknown:
        raise ValueError(f"{where}没有 {'、'.join(unknown)} 这样的字段")
    side, text, score = body.get("side"), body.get("text"), body.get("score")
    if side not in SIDES:
        raise ValueError(f"{where}的 side 应为 {'、'.join(SIDES)} 之一")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{where}没有 text")
    if score is not None and score not in (1, 2, 3, 4, 5):
        raise ValueError(f"{where}的 score 应为 1 到 5")
    agent = str(body.get("agent") or "agent") if side == "agent" else ""
    end = _time(body["end"], f"{where}的 end") if body.get("end") else None
    return Line(number, side, _time(body.get("time"), f"{where}的 time"), text, agent, body.get("intent"), score, end)


def _fact(body: Any) -> Fact:
    if not isinstance(body, dict) or body.get("kind") not in FACTS:
        raise ValueError(f"facts 里的 kind 应为 {'、'.join(FACTS)} 之一")
    return Fact(_time(body.get("time"), "facts 的 time"), body["kind"])


def _time(value: Any, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f"{name} 应为 2026-11-20T10:00:00+08:00 这样的时间") from None
    return clock.as_utc(moment if moment.tzinfo else moment.replace(tzinfo=clock.shop_zone()))
