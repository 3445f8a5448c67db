"""The check on answers: whether each question got a reply that fits.

A reply is told by what the shop knows of the intent (words that answers to it have), by what was asked for (yes or no,
a number, a time, a place), by words of the question that it takes up, and where words do not decide, by the meaning of
question and reply (`likeness`). Dodging, putting off without coming back, and courtesies alone are no answers; a
question back is one step on the way to one. A first complaint wants something done.

The intents of agents' chats and of calls are guessed, and wrong more often. There a message without the words of a
question fails only on a dodge, and a reply in a whole sentence counts as one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.quality.phrases import Phrases
from bot.quality.rules import Answered
from bot.quality.talk import Line, Talk
from bot.quality.verdicts import NOT_APPLICABLE, Found, Trigger, base_of

Likeness = Callable[[str, str], float]
_WANTING = 5  # characters that more than an "拍了" or "等着" has
_BARE = 4
_SENTENCE = 8
_WORKING = ("defer", "clarify", "handoff")  # somebody is at it
_NOTHING = Phrases([])
_WORDS = re.compile(r"[\W_]|[的了吗呢吧啊呀哦哈嘛么您你我亲这那是有不没就都也还]")
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
        self._request_words = Phrases(rule.request_words)
        self._kinds: list[tuple[Kind, Phrases]] = [
            ("dodge", Phrases(rule.dodges)),
            ("courtesy", Phrases(rule.courtesies)),
            ("handoff", Phrases(rule.handoffs)),
            ("clarify", Phrases(rule.clarifies)),
            ("defer", Phrases(rule.defers)),
        ]
        self._answers = {intent: Phrases(phrases) for intent, phrases in rule.answers.items()}
        self._done = Phrases(rule.done)
        self._remedies = Phrases(rule.remedies)
        self._asked_for = [(Phrases(one.questions), Phrases(one.answers)) for one in rule.asked_for]
        self._trigger = Trigger(rule.when)

    def judge(self, talk: Talk) -> Found:
        """The verdict on one conversation."""
        if not self._trigger.holds(talk)[0]:
            return NOT_APPLICABLE
        asked = False
        for one, rounds in self._asked(talk):
            asked = True
            # Meaning is asked only where nothing else decides: it is what costs, and is prepared for `undecided` only.
            if self._is_answered(one, rounds, talk, _unlike) or self._is_answered(one, rounds, talk, self._likeness):
                continue
            return Found("fail", one.line)
        return Found("pass") if asked else NOT_APPLICABLE

    def undecided(self, talk: Talk) -> Iterator[tuple[str, str]]:
        """Question and reply wherever only their meaning can tell; for an encoder that works in batches."""
        for one, rounds in self._asked(talk):
            wanted: list[tuple[str, str]] = []

            def note(question: str, reply: str, wanted: list[tuple[str, str]] = wanted) -> float:
                wanted.append((question, reply))
                return -1.0

            if not self._is_answered(one, rounds, talk, note):
                yield from wanted

    def _asked(self, talk: Talk) -> Iterator[tuple["_Asked", Sequence[Round]]]:
        """Each question with its round and those after it; none where nobody knows who asks."""
        if not talk.told_apart:
            return
        rounds, complained = rounds_of(talk.lines), False
        for place, one in enumerate(rounds):
            questions = self._questions(one.asked)
            for line in questions:
                # After the first complaint the others are remarks on how it is dealt with.
                complaint = _complains(line) and not complained
                complained = complained or complaint
                yield _Asked(line, self._is_statement(line), complaint, len(questions) > 1), rounds[place:]

    def _questions(self, asked: Sequence[Line]) -> list[Line]:
        """The messages that ask or want something; none for small talk and bare facts."""
        found = []
        for line in asked:
            wants = line.intent not in self._rule.not_questions if line.intent else False
            # What the classifier here makes of a few characters without a question word says nothing.
            if line.guessed and not self._asks(line) and line.plain not in self._request_words:
                wants = wants and len(line.plain) >= _WANTING
            elif line.guessed:
                wants = wants or len(line.plain) >= _WANTING  # 好呢 asks nothing
            if wants:
                found.append(line)
        return found

    def _asks(self, line: Line) -> bool:
        return line.plain in self._question_words

    def _is_statement(self, line: Line) -> bool:
        return line.guessed and not self._asks(line)

    def _is_answered(self, asked: "_Asked", rounds: Sequence[Round], talk: Talk, likeness: Likeness) -> bool:
        near = rounds[: 1 + self._rule.look_ahead]
        last: Kind | None = None
        for one in near:
            own = one is near[0]
            # What is said to another question since then is said to that one, unless it is about this one.
            elsewhere = not own and any(self._asks(line) for line in one.asked)
            for reply in one.replies:
                kind = self._kind(asked, reply)
                if kind == "answer" and (own or (len(reply.plain) >= _WANTING and not elsewhere)):
                    return True
                if kind in ("answer", "other"):
                    near_enough = self._rule.likeness
                    if self._is_about(asked, reply, own, elsewhere, last):
                        if asked.statement or last in _WORKING:
                            return True
                        near_enough = 0.0  # below it lies what has nothing to do with the question
                    if not asked.statement and likeness(asked.line.text, reply.text) >= near_enough:
                        return True
                passed = asked.statement and not own and last not in _WORKING
                if last is None or not (kind == "courtesy" or elsewhere or passed):
                    last = kind
        if last != "dodge" and any(fact.at >= asked.line.at for fact in talk.facts):
            return True  # it was dealt with, whatever was said
        if last == "clarify":  # the customer left with the question that was put back
            return not any(one.asked for one in near[1:])
        return asked.statement and not asked.complaint and last in ("courtesy", None)

    def _is_about(self, asked: "_Asked", reply: Line, own: bool, elsewhere: bool, last: Kind | None) -> bool:
        """Whether a reply without the words of an answer is one all the same."""
        if last in _WORKING and not elsewhere and len(reply.plain) >= _WANTING:
            return True  # it comes back with what was looked up
        if asked.statement:
            return own and not asked.complaint
        if own and not asked.among_others and last is None:
            open_question = not self._kinds_asked_for(asked.line)
            return open_question or (asked.line.guessed and len(reply.plain) >= _SENTENCE)
        return False

    def _kinds_asked_for(self, line: Line) -> list[Phrases]:
        """What a reply must tell one of: a number, a time, yes or no …; nothing for open questions."""
        return [answers for questions, answers in self._asked_for if line.plain in questions]

    def _kind(self, asked: "_Asked", reply: Line) -> Kind:
        plain = reply.plain
        kind = next((kind for kind, phrases in self._kinds if plain in phrases), None)
        if kind == "dodge":
            return kind
        if plain in self._done:
            return "answer"
        told = self._tells(asked, plain)
        if kind is None:
            return "answer" if told or self._takes_up(asked, plain) else "other"
        if kind == "courtesy":
            return "answer" if told and self._asks(asked.line) and len(plain) <= _BARE else kind
        # "帮您看一下发货时间" has the words of an answer and is none.
        return "answer" if told and _says_more(plain) else kind

    def _tells(self, asked: "_Asked", reply: str) -> bool:
        line = asked.line
        if not line.guessed and reply in self._answers.get(line.intent or "", _NOTHING):
            return True
        if asked.complaint and line.guessed and reply in self._remedies:
            return True
        if asked.among_others or (asked.statement and asked.complaint):
            return False
        return any(reply in answers for answers in self._kinds_asked_for(line))

    def _takes_up(self, asked: "_Asked", reply: str) -> bool:
        # A complaint wants something done, not its words back.
        return asked.line.guessed and not (asked.statement and asked.complaint) and _repeats(asked.line.plain, reply)


@dataclass(frozen=True)
class _Asked:
    """A question as it is judged: a `statement` has no word of a question, only a guessed intent."""

    line: Line
    statement: bool = False
    complaint: bool = False
    among_others: bool = False


def _unlike(_question: str, _reply: str) -> float:
    return -1.0


def _complains(line: Line) -> bool:
    return base_of(line.intent) == "complaint" or line.intent == "report_item_problem"


def _says_more(plain: str) -> bool:
    return len(plain) >= 18 or any(char.isdigit() for char in plain)


def _repeats(question: str, reply: str) -> bool:
    """Whether a reply takes up words of the question: 抽真空不 – 抽, 好不好收 – 不好收."""
    words = _WORDS.sub("", reply)
    if len(words) <= 2:
        return bool(words) and words in question
    asked = _WORDS.sub(" ", question)
    return any(pair in asked for pair in (words[i : i + 2] for i in range(len(words) - 1)))


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
