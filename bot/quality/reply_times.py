"""The check on response gaps."""

import itertools
from collections.abc import Collection, Sequence

from bot.quality.rules import ReplySeconds
from bot.quality.talk import Line, Talk
from bot.quality.verdicts import NOT_APPLICABLE, Found, Trigger


class ReplySecondsCheck:
    """Fails at the longest gap above the limit of who replied, measured from the first message that waited."""

    def __init__(self, rule: ReplySeconds) -> None:
        self._limits = {"agent": rule.agent, "bot": rule.bot}
        self._no_reply_needed = set(rule.no_reply_needed)
        self._trigger = Trigger(rule.when)

    def judge(self, talk: Talk) -> Found:
        """The verdict on one conversation."""
        if not talk.told_apart:
            return self._silence(talk)
        pairs = replies(talk.lines, self._no_reply_needed)
        if not pairs or not self._trigger.holds(talk)[0]:
            return NOT_APPLICABLE
        late = [(seconds_between(*pair), pair) for pair in pairs]
        late = [(seconds, pair) for seconds, pair in late if seconds > self._limits[pair[1].side]]
        if not late:
            return Found("pass")
        seconds, (asked, reply) = max(late, key=lambda one: one[0])
        told = {"seconds": round(seconds), "limit": round(self._limits[reply.side]), "agent": reply.agent}
        return Found("fail", asked, told=told)

    def _silence(self, talk: Talk) -> Found:
        """The longest time in which nobody says anything; for calls whose speakers are not told apart."""
        gaps = [(seconds_between(one, after), one) for one, after in itertools.pairwise(talk.lines)]
        if not gaps or not self._trigger.holds(talk)[0]:
            return NOT_APPLICABLE
        seconds, before = max(gaps, key=lambda gap: gap[0])
        if seconds <= self._limits["agent"]:
            return Found("pass")
        return Found("fail", before, told={"seconds": round(seconds), "limit": round(self._limits["agent"])})


def replies(lines: Sequence[Line], no_reply_needed: Collection[str] = ()) -> list[tuple[Line, Line]]:
    """Each reply with the customer's first message that waited for it.

    An "all right" in the middle waits for nothing: the shop spoke last and may be at work.
    """
    pairs: list[tuple[Line, Line]] = []
    waiting: Line | None = None
    spoken = False
    for line in lines:
        if line.side == "customer":
            if not (spoken and line.intent in no_reply_needed):
                waiting = waiting or line
        else:
            spoken = True
            if waiting is not None:
                pairs.append((waiting, line))
                waiting = None
    return pairs


def seconds_between(asked: Line, reply: Line) -> float:
    """From the end of the one to the beginning of the other."""
    return max(0.0, (reply.at - asked.finished).total_seconds())
