"""Answers of agents that helped: from conversations whose customer said so, or that were closed as solved."""

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from bot.conversations.store import Store
from bot.conversations.tables import Event, Message, Survey

_LEAST_STARS = 4


def good_answers(store: Store, limit: int) -> list[tuple[str, str, str]]:
    """(question, answer, conversation): the newest agents' texts that follow a customer's text directly.

    A customer's word counts more than the agent's: what was rated low or unsolved is left out.
    """
    before = aliased(Message)
    query = (
        select(before.content, Message.content, Message.conversation_id)
        .join(before, and_(before.conversation_id == Message.conversation_id, before.number == Message.number - 1))
        .where(Message.author == "agent", before.author == "customer")
        .order_by(Message.id.desc())
        .limit(limit)
    )
    with store.reading() as session:
        pairs = [(q.get("text"), a.get("text"), str(c)) for q, a, c in session.execute(query)]
        chats = sorted({c for _, _, c in pairs})
        helped = dict.fromkeys(chats, False)
        for start in range(0, len(chats), 500):
            part = chats[start : start + 500]
            owners = select(Event.conversation_id, Event.data).where(Event.conversation_id.in_(part))
            for chat, data in session.execute(owners.where(Event.kind == "owner").order_by(Event.number)):
                if data.get("move") == "close":
                    helped[chat] = bool(data.get("resolved"))
            for survey in session.execute(select(Survey).where(Survey.conversation_id.in_(part))).scalars():
                if survey.solved is not None or survey.stars is not None:
                    helped[survey.conversation_id] = survey.solved is not False and (survey.stars or 5) >= _LEAST_STARS
    return [(str(q), str(a), c) for q, a, c in pairs if q and a and helped[c]]
