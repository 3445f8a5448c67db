"""Who owns a conversation, and which changes of owner there are."""

from typing import Any, Literal

from bot import clock
from bot.conversations.store import Change
from bot.observing.metrics import HANDOFF_WAIT

Owner = Literal["bot", "waiting", "agent", "closed"]
BOT: Owner = "bot"
WAITING: Owner = "waiting"
AGENT: Owner = "agent"
CLOSED: Owner = "closed"

# From each owner, the reason of a change → the owner after it.
MOVES: dict[str, dict[str, Owner]] = {
    BOT: {"request": WAITING, "take": AGENT, "close": CLOSED},
    WAITING: {"claim": AGENT, "take": AGENT, "cancel": BOT, "ticket": BOT, "transfer": WAITING, "close": CLOSED},
    AGENT: {
        "give_back": BOT,
        "return": WAITING,
        "transfer": WAITING,
        "take": AGENT,
        "close": CLOSED,
        "ticket": BOT,
    },
    CLOSED: {"reopen": BOT, "take": AGENT},
}


class IllegalMove(ValueError):
    """The conversation is not in a state from which this may happen: somebody was quicker, or it is over."""

    def __init__(self, owner: str, move: str) -> None:
        super().__init__(f"a conversation owned by {owner} cannot {move}")
        self.owner, self.move = owner, move


def check(conversation: Any, move: str) -> None:
    """
    Raises:
        IllegalMove: `move` does not start at the present owner.
    """
    if move not in MOVES[conversation.owner]:
        raise IllegalMove(conversation.owner, move)


def move(change: Change, conversation: Any, name: str, *, agent_id: str | None = None, **details: Any) -> None:
    """Change the owner of a locked conversation and let the desk hear of it; `agent_id` owns it afterwards.

    Raises:
        IllegalMove: `name` does not start at the present owner.
    """
    check(conversation, name)
    before, agent_before = conversation.owner, conversation.agent_id
    conversation.owner = MOVES[before][name]
    conversation.agent_id = agent_id
    conversation.version += 1
    if conversation.owner == WAITING:  # a chat that comes back unanswered keeps its place
        since = conversation.waiting_since or conversation.unanswered_since
        conversation.waiting_since = since or clock.now()
    elif conversation.owner != AGENT:
        conversation.waiting_since = conversation.answer_by = conversation.unanswered_since = None
    conversation.survey_due = clock.now() if name == "close" else None
    conversation.assigned_at = clock.now() if conversation.owner == AGENT else None
    if conversation.owner == AGENT and conversation.waiting_since is not None:
        details["waited"] = round((clock.now() - clock.as_utc(conversation.waiting_since)).total_seconds(), 3)
        HANDOFF_WAIT.observe(details["waited"])
    change.event(
        "owner",
        conversation,
        agent_id,
        move=name,
        before=before,
        owner=conversation.owner,
        agent_before=agent_before,
        version=conversation.version,
        category=conversation.category,
        priority=conversation.priority,
        **details,
    )
    change.wake("owner", conversation=conversation.id, channel=conversation.channel, owner=conversation.owner)
