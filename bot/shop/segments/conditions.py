"""Conditions of a segment: a measure of the customer, an operator, a number."""

import operator
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Standing:
    """A customer in figures; `recency_days` is None for one who never bought."""

    recency_days: int | None
    frequency: int
    monetary_fen: int
    member_days: int

    def measure(self, name: str) -> Decimal | None:
        """The measure `name` of MEASURES, yuan to the fen; None when there is none."""
        return MEASURES[name](self)


MEASURES: Mapping[str, Callable[[Standing], Decimal | None]] = {
    "recency_days": lambda s: None if s.recency_days is None else Decimal(s.recency_days),
    "frequency": lambda s: Decimal(s.frequency),
    "monetary_yuan": lambda s: Decimal(s.monetary_fen) / 100,
    "average_yuan": lambda s: Decimal(s.monetary_fen) / 100 / s.frequency if s.frequency else None,
    "member_days": lambda s: Decimal(s.member_days),
}
OPERATORS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}
_SPELLINGS = {"≤": "<=", "≥": ">=", "≠": "!=", "==": "="}
_CONDITION = re.compile(r"(<=|>=|!=|<|>|=)\s*(\S+)")


@dataclass(frozen=True)
class Condition:
    """`measure` `sign` `number`, as recency_days < 30; a measure that a customer has not fulfils none."""

    measure: str
    sign: str
    number: Decimal

    def holds(self, standing: Standing) -> bool:
        """Whether the customer fulfils it."""
        value = standing.measure(self.measure)
        return value is not None and OPERATORS[self.sign](value, self.number)


def parse_conditions(measure: str, written: Any, limits: Mapping[str, float]) -> tuple[Condition, ...]:
    """The conditions on a measure: "< 30", "< vip_days" (a number of `limits`), 0 (equal), or a list of such.

    Raises:
        ValueError: in Chinese, what is wrong with the measure or what was written.
    """
    if measure not in MEASURES:
        raise ValueError(f"没有这个指标，可用的有：{'、'.join(MEASURES)}")
    parts = written if isinstance(written, list) else [written]
    if not parts:
        raise ValueError('没有写条件，请写成 "< 30" 这样')
    return tuple(Condition(measure, *_parse(part, limits)) for part in parts)


def _parse(part: Any, limits: Mapping[str, float]) -> tuple[str, Decimal]:
    if isinstance(part, (int, float)) and not isinstance(part, bool):
        return "=", _number(str(part), limits)
    if not isinstance(part, str):
        raise ValueError(f'“{part}”不是条件，请写成 "< 30" 这样（要加引号）')
    text = unicodedata.normalize("NFKC", part).strip()
    for spelling, sign in _SPELLINGS.items():
        text = text.replace(spelling, sign)
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise ValueError(f'“{part}”不是条件，请写成 "< 30"、">= 3" 这样，比较符号可用 {" ".join(OPERATORS)}')
    return found[1], _number(found[2], limits)


def _number(text: str, limits: Mapping[str, float]) -> Decimal:
    if text in limits:
        return Decimal(str(limits[text]))
    if not re.fullmatch(r"\d{1,9}(\.\d{1,2})?", text, re.ASCII):
        names = "、".join(limits) or "（还没有）"
        raise ValueError(f"“{text}”既不是数字，也不是 operations.yml 里 customers.limits 的名字：{names}")
    return Decimal(text)
