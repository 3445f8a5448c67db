"""What requests of all platforms are checked with; one that fails a check is `Refused`, never an error of ours."""

import hashlib
import hmac
from typing import Any

from bot import clock


class Refused(Exception):
    """A request that is not answered; `status` is what HTTP says, the message names the reason in the log."""

    def __init__(self, reason: str, status: int = 403) -> None:
        super().__init__(reason)
        self.status = status


def same(ours: str, theirs: Any) -> bool:
    """Whether `theirs` is the text `ours`, taking the same time whatever it is."""
    given = theirs if isinstance(theirs, str) else ""
    return hmac.compare_digest(ours.encode("utf8", "replace"), given.encode("utf8", "replace"))


def sha1_of_sorted(*parts: str) -> str:
    """The signature of WeChat, WeCom and DingTalk callbacks: SHA-1 of the sorted parts, as hexadecimal."""
    return hashlib.sha1("".join(sorted(parts)).encode("utf8", "replace")).hexdigest()


def seconds_of(text: Any, unit: float = 1.0) -> float:
    """The moment that a request names, in seconds since 1970; `unit` is the length of one of its ticks in seconds.

    Raises:
        Refused: it is no whole number.
    """
    # int() would take "１２" and "1_2"; a signed text must have one meaning only.
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 16:
        raise Refused("timestamp is no number", 400)
    return int(text) * unit


def require_fresh(sent: float, window: float) -> None:
    """Refuse what was sent more than `window` seconds before or after now.

    Raises:
        Refused: too old, or from the future.
    """
    if abs(clock.now().timestamp() - sent) > window:
        raise Refused("timestamp outside of the window")
