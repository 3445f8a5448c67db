"""What is inspected: one conversation from its first message to its end, a chat or a call."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from bot.quality.phrases import fold

Side = Literal["customer", "bot", "agent"]
Kind = Literal["chat", "call"]
SIDES: tuple[str, ...] = ("customer", "bot", "agent")
SOMEONE = "someone"  # the side of a line in a call of one channel: nobody knows who says it
FACTS: tuple[str, ...] = (
    "order", "shipped", "refund", "ticket", "handoff", "call", "invoice", "coupon", "resend",
)  # fmt: skip


@dataclass
class Line:
    """One message; `number` is its place in the log. `end` is known of calls.

    `intent` and `score` (1 furious to 5 delighted) belong to customers' messages; None until they are understood.
    `guessed`: the intent is not the bot's but that of the small classifier here, which is wrong more often.
    """

    number: int
    side: str
    at: datetime
    text: str
    agent: str = ""
    intent: str | None = None
    score: int | None = None
    end: datetime | None = None
    guessed: bool = False

    @cached_property
    def plain(self) -> str:
        """The text as phrases are matched against it; the same length, so that places agree."""
        return fold(self.text)

    @property
    def serves(self) -> bool:
        """Whether bot or agent say it."""
        return self.side in ("bot", "agent")

    @property
    def finished(self) -> datetime:
        """When it was said to its end."""
        return self.end or self.at


@dataclass(frozen=True)
class Fact:
    """Something that happened outside the words, one of FACTS."""

    at: datetime
    kind: str


@dataclass
class Talk:
    """One conversation.

    Attributes:
        id: of this visit: the conversation and its first message.
        lines: in order, at least one.
        ended: it was closed, or both sides took leave.
        until: up to when it is known what happened; promises due later are not judged.
    """

    id: str
    conversation_id: str
    channel: str
    lines: list[Line]
    kind: Kind = "chat"
    facts: list[Fact] = field(default_factory=list)
    ended: bool = True
    until: datetime = datetime.max

    @property
    def started_at(self) -> datetime:
        """The time of its first message."""
        return self.lines[0].at

    @property
    def ended_at(self) -> datetime:
        """The end of its last message."""
        return self.lines[-1].finished

    @property
    def agent(self) -> str:
        """The agent who said most in it; "" when only the bot answered."""
        spoke = [line.agent for line in self.lines if line.side == "agent"]
        return max(sorted(set(spoke)), key=spoke.count) if spoke else ""

    @property
    def told_apart(self) -> bool:
        """Whether it is known who says what; of a call recorded on one channel it is not."""
        return all(line.side != SOMEONE for line in self.lines)

    @property
    def handled_by(self) -> str:
        """agent, bot or nobody; someone where the speakers are not told apart."""
        sides = {line.side for line in self.lines}
        if not self.told_apart:
            return SOMEONE
        return next((side for side in ("agent", "bot") if side in sides), "nobody")
