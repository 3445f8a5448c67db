"""Conversations for tests, a line a string: "c 10 有货吗" is the customer, ten seconds after the line before."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from bot.quality.talk import Fact, Line, Talk

BEGIN = datetime(2026, 11, 24, 2, 0, tzinfo=timezone.utc)  # 10:00 in Beijing
_SIDES = {"c": "customer", "b": "bot", "a": "agent"}


def talk(
    *lines: str,
    intents: Sequence[str] = (),
    scores: Sequence[int] = (),
    facts: Sequence[tuple[int, str]] = (),
    ended: bool = True,
    known_days: float = 3,
) -> Talk:
    """A conversation; `intents` and `scores` of the customer's lines in order, `facts` in minutes after the end."""
    at, made, asked = BEGIN, [], 0
    for number, line in enumerate(lines, 1):
        who, pause, text = line.split(" ", 2)
        at += timedelta(seconds=int(pause))
        intent = score = None
        if who == "c":
            intent = intents[asked] if asked < len(intents) else "inform"
            score = scores[asked] if asked < len(scores) else 3
            asked += 1
        made.append(Line(number, _SIDES[who], at, text, "lin" if who == "a" else "", intent, score))
    happened = [Fact(at + timedelta(minutes=minutes), kind) for minutes, kind in facts]
    return Talk("t:1", "t", "web", made, "chat", happened, ended, at + timedelta(days=known_days))
