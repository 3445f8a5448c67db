"""Cells of the feed files into values; a wrong cell raises ValueError with the reason in Chinese.

Cells: money in yuan ("5999.00"), lists as "a|b", pairs as "key=value|key=value", times as ISO (as
"2026-11-22T10:00:00+08:00", without a zone in the shop's), or, so that a demo never looks stale, relative to the day of
the import ("D-3T14:20").
"""

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.clock import local, now, shop_zone

_RELATIVE = re.compile(r"D([+-]\d+)(?:T(\d\d:\d\d(?::\d\d)?))?")


def fen(cell: str) -> int:
    """ "5999.00" yuan → 599900."""
    try:
        amount = Decimal(cell) * 100
    except InvalidOperation:
        raise ValueError(f"“{cell}”不是金额，请写成 5999.00 这样") from None
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value() or amount > 2**31 - 1:
        raise ValueError(f"金额“{cell}”不对，应为不小于 0、最多两位小数的元")
    return int(amount)


def whole(cell: str) -> int:
    """A whole number, 0 or more."""
    if not re.fullmatch(r"\d{1,9}", cell, re.ASCII):
        raise ValueError(f"“{cell}”应为不小于 0 的整数")
    return int(cell)


def positive(cell: str) -> int:
    """A whole number, 1 or more."""
    if whole(cell) < 1:
        raise ValueError(f"“{cell}”应为不小于 1 的整数")
    return int(cell)


def number(cell: str) -> float:
    """A number, 0 or more, as "62.5"."""
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", cell, re.ASCII):
        raise ValueError(f"“{cell}”应为不小于 0 的数")
    return float(cell)


def yes_or_no(cell: str) -> bool:
    """是 or 否."""
    if cell not in ("是", "否"):
        raise ValueError(f"“{cell}”应写 是 或 否")
    return cell == "是"


def anything(cell: str) -> str:
    """Any text, also an empty one."""
    return cell


def text(cell: str) -> str:
    """Any text but an empty one."""
    if not cell:
        raise ValueError("不能为空")
    return cell


def listed(cell: str) -> list[str]:
    """ "a|b" → ["a", "b"]; empty → []."""
    return [part.strip() for part in cell.split("|") if part.strip()]


def pairs(cell: str) -> dict[str, str]:
    """ "a=1|b=2" → {"a": "1", "b": "2"}."""
    found: dict[str, str] = {}
    for part in listed(cell):
        key, sign, value = (piece.strip() for piece in part.partition("="))
        if not (key and sign and value):
            raise ValueError(f"“{part}”应写成 名称=值")
        found[key] = value
    return found


def moment(cell: str) -> datetime:
    """An ISO or relative time, in UTC."""
    relative = _RELATIVE.fullmatch(cell)
    try:
        if relative:
            day = local(now()).date() + timedelta(days=int(relative.group(1)))
            found = datetime.fromisoformat(f"{day}T{relative.group(2) or '00:00'}")
        else:
            found = datetime.fromisoformat(cell.replace("Z", "+00:00"))
    except (ValueError, OverflowError):
        raise ValueError(f"“{cell}”不是时间，请写成 2026-11-22T10:00:00+08:00 或 D-3T14:20") from None
    zoned = found if found.tzinfo else found.replace(tzinfo=shop_zone())
    return zoned.astimezone(timezone.utc)


def day(cell: str) -> date:
    """An ISO or relative day."""
    return local(moment(cell)).date()


def clock_time(cell: str) -> str:
    """ "16:00"."""
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", cell, re.ASCII):
        raise ValueError(f"“{cell}”不是钟点，请写成 16:00 这样")
    return cell


def weekdays(cell: str) -> list[int]:
    """ "1|2|3" (1 is Monday) → [1, 2, 3]; at least one."""
    found = listed(cell)
    if not found or not set(found) <= set("1234567"):
        raise ValueError(f"工作日“{cell}”不对，请写成 1|2|3|4|5，1 是星期一")
    return sorted({int(number) for number in found})


def phone(cell: str) -> str:
    """A Chinese mobile number."""
    if not re.fullmatch(r"1\d{10}", cell, re.ASCII):
        raise ValueError(f"“{cell}”不是手机号，应为 11 位数字")
    return cell


def traces(cell: str) -> list[dict[str, str]]:
    """ "TIME text|TIME text" → [{"time": ISO UTC, "text": …}], oldest first."""
    found = []
    for part in listed(cell):
        when, _, what = part.partition(" ")
        found.append({"time": moment(when).isoformat(), "text": text(what.strip())})
    return sorted(found, key=lambda trace: trace["time"])


def optional(convert: Any) -> Any:
    """`convert`, or None for an empty cell."""
    return lambda cell: convert(cell) if cell else None


def one_of(*allowed: str) -> Any:
    """One of the given words."""

    def convert(cell: str) -> str:
        if cell not in allowed:
            raise ValueError(f"“{cell}”不在可选值里：{'、'.join(allowed)}")
        return cell

    return convert
