"""JSON from outside: an object of limited size whose texts every database can store."""

import json
from typing import Any

from bot.channels.checks import Refused

LARGEST = 64 * 1024  # bytes
_UNSTORABLE = {0: None} | dict.fromkeys(range(0xD800, 0xE000))  # PostgreSQL takes no NUL, nobody lone surrogates


def parse(body: bytes | str) -> dict[str, Any]:
    """The object in `body`, its texts without characters that cannot be stored.

    Raises:
        Refused: no JSON object, or too large.
    """
    if len(body) > LARGEST:
        raise Refused("JSON is too large", 413)
    try:
        found = json.loads(body, parse_constant=_no_number)
        cleaned = _clean(found)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        raise Refused("not acceptable JSON", 400) from None
    if not isinstance(cleaned, dict):
        raise Refused("JSON is no object", 400)
    return cleaned


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.translate(_UNSTORABLE)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {key.translate(_UNSTORABLE): _clean(item) for key, item in value.items()}
    return value


def text_at(value: Any, *path: str) -> str:
    """The text (or whole number, as text) under the keys of `path`, "" where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    # A number of more digits than Python turns into text is nobody's id.
    return value if isinstance(value, str) else (str(value) if abs(value) < 10**30 else "")


def object_at(value: Any, *path: str) -> dict[str, Any]:
    """The object under the keys of `path`, an empty one where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
