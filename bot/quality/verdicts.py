"""What a check finds, and what all checks share: to whom a criterion applies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from bot.nlu.taxonomy import load_taxonomy
from bot.quality.phrases import Match, Phrases
from bot.quality.rules import When
from bot.quality.talk import SOMEONE, Line, Talk

Verdict = Literal["pass", "fail", "na"]


@dataclass(frozen=True)
class Found:
    """A verdict with its evidence: `match` in `line`; `told` fills a suggestion's places; `due` what is not due yet."""

    verdict: Verdict
    line: Line | None = None
    match: Match | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    due: datetime | None = None

    @property
    def quote(self) -> str:
        """The exact words."""
        if self.line is None:
            return ""
        return self.line.text[self.match.start : self.match.end] if self.match else self.line.text


NOT_APPLICABLE = Found("na")


class Trigger:
    """A `When` made ready: whether it holds of a conversation, and which message made it hold."""

    def __init__(self, when: When) -> None:
        self._when = when
        self._says = Phrases(when.customer_says)
        self._never_says = Phrases(when.customer_never_says)
        self._any_of = [Trigger(one) for one in when.any_of]

    def holds(self, talk: Talk) -> tuple[bool, Line | None, Match | None]:
        """Whether it holds; with the customer's message that made it hold, where one did, and the words in it."""
        if not self._fits(talk):
            return False, None, None
        line, match = self._message(talk)
        if line is None and self._asks_for_a_message():
            return False, None, None
        if self._any_of:
            ways = [found for found in (one.holds(talk) for one in self._any_of) if found[0]]
            if not ways:
                return False, None, None
            if line is None:
                _, line, match = min(ways, key=lambda way: way[1].number if way[1] else -1)
        return True, line, match

    def _fits(self, talk: Talk) -> bool:
        when, sides = self._when, {line.side for line in talk.lines}
        spoke = {"agent_spoke": "agent", "bot_spoke": "bot"}
        if any(getattr(when, key) not in (None, side in sides) for key, side in spoke.items()):
            return False
        if when.ended not in (None, talk.ended):
            return False
        if (when.kind and talk.kind not in when.kind) or (when.channels and talk.channel not in when.channels):
            return False
        return not any(self._forbids(line) for line in talk.lines if line.side == "customer")

    def _forbids(self, line: Line) -> bool:
        when = self._when
        if line.intent in when.never_intents or base_of(line.intent) in when.never_bases:
            return True
        if when.score_always_above is not None and (line.score or 3) <= when.score_always_above:
            return True
        return bool(when.customer_never_says) and line.plain in self._never_says

    def _asks_for_a_message(self) -> bool:
        when = self._when
        return bool(when.intents or when.bases or when.customer_says or when.score_at_most is not None)

    def _message(self, talk: Talk) -> tuple[Line | None, Match | None]:
        when = self._when
        if not self._asks_for_a_message():
            return None, None
        for line in talk.lines:
            # Who threatens with a lawyer is the customer, also where the speakers are not told apart.
            if line.side != "customer" and not (line.side == SOMEONE and when.customer_says):
                continue
            if when.intents and line.intent not in when.intents:
                continue
            if when.bases and base_of(line.intent) not in when.bases:
                continue
            if when.score_at_most is not None and (line.score or 3) > when.score_at_most:
                continue
            match = self._says.first(line.plain) if when.customer_says else None
            if when.customer_says and match is None:
                continue
            return line, match
        return None, None


def base_of(intent: str | None) -> str:
    """The base intent of a business intent; "" when it is unknown."""
    return load_taxonomy().base_of.get(intent or "", "")
