"""Rules at work: conversations in, verdicts and scores out. Nothing is read or stored here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.events import mask_text
from bot.quality.answered import AnsweredCheck
from bot.quality.meaning import Meaning
from bot.quality.phrases import Negation
from bot.quality.promises import PromisesCheck
from bot.quality.reader import Rules
from bot.quality.reply_times import ReplySecondsCheck
from bot.quality.rules import Answered, Avoid, Criterion, Promises, ReplySeconds, Say
from bot.quality.said import AvoidCheck, SayCheck
from bot.quality.talk import Talk
from bot.quality.understanding import shared_reader
from bot.quality.verdicts import Found, Verdict


class Check(Protocol):
    """What each kind of check offers."""

    def judge(self, talk: Talk) -> Found:
        """The verdict on one conversation."""


@dataclass(frozen=True)
class Inspected:
    """A conversation with what each criterion found."""

    talk: Talk
    found: Mapping[str, Found]

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """Criterion → verdict."""
        return {name: found.verdict for name, found in self.found.items()}

    @property
    def open_until(self) -> datetime | None:
        """When the last promise is due that cannot be judged yet."""
        return max((found.due for found in self.found.values() if found.due is not None), default=None)


class Inspector:
    """Judges conversations by the rules; keeps what is costly to make."""

    def __init__(self, rules: Rules, meaning: Meaning | None = None) -> None:
        self.rules = rules
        self._meaning = meaning or Meaning()
        negation = Negation(rules.numbers.negations, rules.numbers.not_negations)
        self._checks = {name: self._check(one, negation) for name, one in rules.criteria.items()}

    def _check(self, rule: Criterion, negation: Negation) -> Check:
        if isinstance(rule, Say):
            return SayCheck(rule, negation)
        if isinstance(rule, Avoid):
            return AvoidCheck(rule, negation)
        if isinstance(rule, ReplySeconds):
            return ReplySecondsCheck(rule)
        if isinstance(rule, Answered):
            return AnsweredCheck(rule, self._meaning.likeness)
        assert isinstance(rule, Promises)
        return PromisesCheck(rule, negation)

    def inspect(self, talks: Sequence[Talk]) -> list[Inspected]:
        """The verdicts on each of `talks`, in order; intents and scores that lack are filled in first."""
        if any(line.intent is None or line.score is None for t in talks for line in t.lines if not line.serves):
            shared_reader().read(line for talk in talks for line in talk.lines)
        for check in self._checks.values():
            if isinstance(check, AnsweredCheck):
                self._meaning.learn(pair for talk in talks for pair in check.undecided(talk))
        return [Inspected(talk, {name: check.judge(talk) for name, check in self._checks.items()}) for talk in talks]


def score_of(rules: Rules, verdicts: Mapping[str, str]) -> tuple[float | None, float]:
    """The score from 0 to 100 and the points lost, out of a conversation's verdicts.

    The weights of what was met over the weights of what applied; at most `veto_score` when a criterion with `veto`
    was not met. None when nothing applied.
    """
    judged = {name: verdicts[name] for name in rules.criteria if verdicts.get(name, "na") != "na"}
    whole = sum(rules.criteria[name].weight for name in judged)
    if not whole:
        return None, 0.0
    missed = [name for name, verdict in judged.items() if verdict == "fail"]
    score = 100 * (1 - sum(rules.criteria[name].weight for name in missed) / whole)
    if any(rules.criteria[name].veto for name in missed):
        score = min(score, rules.numbers.veto_score)
    return round(score, 1), round(100 - score, 1)


def points_of(rules: Rules, verdicts: Mapping[str, str], criterion: str) -> float:
    """What a criterion that was not met costs of 100, veto aside."""
    whole = sum(one.weight for name, one in rules.criteria.items() if verdicts.get(name, "na") != "na")
    return round(100 * rules.criteria[criterion].weight / whole, 1) if whole else 0.0


def suggestion_of(rule: Criterion, found: Found) -> str:
    """The suggestion with its places filled; {names} that the rule has and the finding has not stay out of it."""
    told = {"quote": mask_text(found.quote), **found.told}
    text = rule.suggestion
    for name, value in told.items():
        text = text.replace("{" + name + "}", str(value))
    return text
