"""The checks on words: something must be said, something must not."""

from bot.quality.phrases import Match, Negation, Phrases
from bot.quality.rules import Avoid, Say
from bot.quality.talk import SOMEONE, Line, Talk
from bot.quality.verdicts import NOT_APPLICABLE, Found, Trigger

# "没什么好抱歉的" takes the apology back; "没能帮到您，抱歉" does not.
_NEAR, _CLAUSE = 3, 40


def _said_by(by: str, talk: Talk) -> list[Line]:
    """What counts: of calls whose speakers are not told apart all, but only where it does not matter who says it."""
    if by == "any":
        return [line for line in talk.lines if line.serves or line.side == SOMEONE]
    return [line for line in talk.lines if line.side == by]


class SayCheck:
    """Passes when one of the phrases is said at the right place, or a fact stands for it."""

    def __init__(self, rule: Say, negation: Negation) -> None:
        self._rule, self._negation = rule, negation
        self._phrases = Phrases(rule.phrases, rule.unless)
        self._trigger = Trigger(rule.when)

    def judge(self, talk: Talk) -> Found:
        """The verdict on one conversation."""
        applies, cause, match = self._trigger.holds(talk)
        mine = _said_by(self._rule.by, talk)
        if not applies or not mine:
            return NOT_APPLICABLE
        since = cause.at if cause is not None and self._rule.after else talk.started_at
        for line in self._looked_at(mine, cause):
            for said in self._phrases.matches(line.plain):
                if not self._negation.covers(line.plain, said, _NEAR):
                    return Found("pass", line, said)
        if any(fact.kind in self._rule.facts and since <= fact.at for fact in talk.facts):
            return Found("pass")
        return self._missing(talk, mine, cause, match)

    def _looked_at(self, mine: list[Line], cause: Line | None) -> list[Line]:
        if self._rule.first:
            return mine[: self._rule.first]
        if self._rule.last:
            return mine[-self._rule.last :]
        if self._rule.after and cause is not None:
            return [line for line in mine if line.number > cause.number]
        return mine

    def _missing(self, talk: Talk, mine: list[Line], cause: Line | None, match: Match | None) -> Found:
        # What was not said is shown by what called for it, else by what was said instead.
        if cause is not None:
            return Found("fail", cause, match)
        return Found("fail", mine[-1] if self._rule.last else mine[0])


class AvoidCheck:
    """Fails at the first phrase that is said and not negated."""

    def __init__(self, rule: Avoid, negation: Negation) -> None:
        self._rule, self._negation = rule, negation
        self._phrases = Phrases(rule.phrases, rule.unless)
        self._trigger = Trigger(rule.when)

    def judge(self, talk: Talk) -> Found:
        """The verdict on one conversation."""
        mine = _said_by(self._rule.by, talk)
        # Where the speakers are not told apart, what must not be said is looked for in all that is said.
        mine = mine or [line for line in talk.lines if line.side == SOMEONE]
        if not mine or not self._trigger.holds(talk)[0]:
            return NOT_APPLICABLE
        for line in mine:
            for said in self._phrases.matches(line.plain):
                if not self._negation.covers(line.plain, said, _CLAUSE):
                    return Found("fail", line, said)
        return Found("pass")
