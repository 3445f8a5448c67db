"""The check on answers: whether each question got a reply that fits.

A reply is told by what the shop knows of the intent (words that answers to it have), by yes and no for such questions,
and where words do not decide, by the meaning of question and reply (`likeness`). Dodging, putting off without coming
back, and courtesies alone are no answers; a question back is one step on the way to one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.quality.phrases import Phrases
from bot.quality.rules import Answered
from bot.quality.talk import Line, Talk
from bot.quality.verdicts import NOT_APPLICABLE, Found, Trigger

Likeness = Callable[[str, str], float]
Kind = Literal["answer", "dodge", "clarify", "handoff", "defer", "courtesy", "other"]


@dataclass(frozen=True)
class Round:
    """Customer's messages in a row and the replies to them, either may be empty."""

    asked: list[Line]
    replies: list[Line]


class AnsweredCheck:
    """Fails at the first question that has no fitting reply within the next rounds."""

    def __init__(self, rule: Answered, likeness: Likeness) -> None:
        self._rule, self._likeness = rule, likeness
        self._question_words = Phrases(rule.question_words)
        self._kinds: list[tuple[Kind, Phrases]] = [
            ("dodge", Phrases(rule.dodges)),
            ("courtesy", Phrases(rule.courtesies)),
            ("handoff", Phrases(rule.handoffs)),
            ("clarify", Phrases(rule.clarifies)),
            ("defer", Phrases(rule.defers)),
        ]
        self._answers = {intent: Phrases(phrases) for intent, phrases in rule.answers.items()}
        self._done = Phrases(rule.done)
        self._yes_no = Phrases(rule.yes_no.questions), Phrases(rule.yes_no.answers)
        self._trigger = Trigger(rule.when)

    def judge(self, talk: Talk) -> Found:
        """The verdict on one conversation."""
        if not self._trigger.holds(talk)[0]:
            return NOT_APPLICABLE
        rounds = rounds_of(talk.lines)
        asked = False
        for place, one in enumerate(rounds):
            question = self._question(one.asked)
            if question is None:
                continue
            asked = True
            if not self._is_answered(one.asked, rounds[place:], talk):
                return Found("fail", question)
        return Found("pass") if asked else NOT_APPLICABLE

    def undecided(self, talk: Talk) -> Iterator[tuple[str, str]]:
        """Question and reply wherever only their meaning can tell; for an encoder that works in batches."""
        rounds = rounds_of(talk.lines)
        for place, one in enumerate(rounds):
            if self._question(one.asked) is None:
                continue
            near = rounds[place : place + 1 + self._rule.look_ahead]
            kinds = [(line, self._kind(one.asked, line)) for ahead in near for line in ahead.replies]
            if not any(kind == "answer" for _line, kind in kinds):
                yield from ((_text(one.asked), line.text) for line, kind in kinds if kind == "other")

    def _question(self, asked: Sequence[Line]) -> Line | None:
        """The message that asks or wants something; None for small talk and bare facts."""
        for line in asked:
            wants = line.intent not in self._rule.not_questions if line.intent else False
            if wants or (not line.intent and line.plain in self._question_words):
                return line
        return None

    def _is_answered(self, asked: Sequence[Line], rounds: Sequence[Round], talk: Talk) -> bool:
        near = rounds[: 1 + self._rule.look_ahead]
        kinds = [[self._kind(asked, line) for line in one.replies] for one in near]
        if any("answer" in each for each in kinds) or self._fits_in_meaning(asked, near, kinds):
            return True
        last_round, last_kinds = near[0], kinds[0]
        for one, each in zip(near, kinds, strict=True):
            if each:
                last_round, last_kinds = one, each
        if not last_kinds or last_kinds[-1] in ("dodge", "courtesy", "other"):
            return False
        if last_kinds[-1] == "clarify":  # the customer left with the question that was put back
            return last_round is rounds[-1] or not any(one.asked for one in rounds[rounds.index(last_round) + 1 :])
        if last_kinds[-1] == "handoff":
            return any(fact.kind in ("ticket", "call") and fact.at >= asked[0].at for fact in talk.facts)
        return False

    def _fits_in_meaning(self, asked: Sequence[Line], near: Sequence[Round], kinds: Sequence[Sequence[Kind]]) -> bool:
        question = _text(asked)
        for one, each in zip(near, kinds, strict=True):
            for line, kind in zip(one.replies, each, strict=True):
                if kind == "other" and self._likeness(question, line.text) >= self._rule.likeness:
                    return True
        return False

    def _kind(self, asked: Sequence[Line], reply: Line) -> Kind:
        plain = reply.plain
        kind = next((kind for kind, phrases in self._kinds if plain in phrases), None)
        if kind in ("dodge", "courtesy"):
            return kind
        if plain in self._done:
            return "answer"
        known = [self._answers[line.intent] for line in asked if line.intent in self._answers]
        if any(plain in phrases for phrases in known):
            # "帮您看一下发货时间" has the words of an answer and is none.
            return "answer" if kind is None or _says_more(plain) else kind
        questions, answers = self._yes_no
        if kind is None and any(line.plain in questions for line in asked) and plain in answers:
            return "answer"
        return kind or "other"


def _says_more(plain: str) -> bool:
    return len(plain) >= 18 or any(char.isdigit() for char in plain)


def _text(lines: Sequence[Line]) -> str:
    return "，".join(line.text for line in lines)


def rounds_of(lines: Sequence[Line]) -> list[Round]:
    """The conversation as rounds; the first may begin with words of the shop."""
    rounds: list[Round] = []
    for line in lines:
        if line.serves:
            if not rounds:
                rounds.append(Round([], []))
            rounds[-1].replies.append(line)
        elif not rounds or rounds[-1].replies:
            rounds.append(Round([line], []))
        else:
            rounds[-1].asked.append(line)
    return rounds
