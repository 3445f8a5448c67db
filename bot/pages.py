"""What the interfaces of several rooms' pages share."""

from datetime import date, datetime
from typing import Any


def whole(name: str, text: str, low: int, high: int) -> int:
    """A whole number from `low` to `high` that a page sends.

    Raises:
        ValueError: it is none.
    """
    if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
        raise ValueError(f"{name}应为 {low} 到 {high} 的整数")
    return int(text)


def plain(value: Any) -> Any:
    """What JSON can hold: dates as ISO text, tuples as lists."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value.isoformat() if isinstance(value, date | datetime) else value
