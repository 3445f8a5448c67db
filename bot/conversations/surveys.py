"""Asking a customer how it was, at most once a conversation: stars, whether it is solved, and what was wrong.

The questions are words of the bot with buttons, so every channel shows them as it can; answers are taken out of the
inbox before anybody tries to understand them.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot import clock
from bot.conversations import agents, log, states
from bot.conversations.store import Change, Store
from bot.conversations.survey_reading import is_remark, option_in, solved_in, stars_in
from bot.conversations.tables import Conversation, Event, Message, Survey, Ticket
from bot.phrases import buttons, phrase
from bot.settings import get_settings

STARS, SOLVED, COMMENT, DONE = "stars", "solved", "comment", "done"
_QUESTIONS = {STARS: "utter_survey_stars", SOLVED: "utter_survey_solved", COMMENT: "utter_survey_comment"}
_LONGEST = 2000
_AT_ONCE = 100


def due(store: Store) -> list[str]:
    """Conversations that have ended and whose customer may be asked now."""
    query = select(Conversation.id).where(Conversation.survey_due <= clock.now()).order_by(Conversation.survey_due)
    with store.reading() as session:
        return list(session.execute(query.limit(_AT_ONCE)).scalars())


def ask(store: Store, conversation_id: str) -> bool:
    """Ask the customer of a conversation that has ended; False when she is left in peace.

    Raises:
        LookupError: no such conversation.
    """
    settings = get_settings().operations.survey
    with store.changing() as change:
        conversation = change.conversation(conversation_id)
        if conversation.survey_due is None or clock.as_utc(conversation.survey_due) > clock.now():
            return False
        conversation.survey_due = None
        last = _last_survey(change, conversation_id)
        rested = last is None or clock.as_utc(last.asked_at) <= clock.now() - timedelta(days=settings.gap_days)
        if not (settings.enabled and rested and _is_over(change, conversation, last.number if last else 0)):
            return False
        row = Survey(conversation_id=conversation_id, agent_id=_closed_by(change, conversation), asked_at=clock.now())
        _question(change, conversation, row, STARS)
        change.session.add(row)
        return True


def remind(store: Store) -> None:
    """Ask those once more who have not answered for `survey.remind_hours`; 0 leaves them in peace."""
    settings = get_settings().operations.survey
    if not (settings.enabled and settings.remind_hours):
        return
    late, oldest = (clock.now() - timedelta(hours=h) for h in (settings.remind_hours, settings.answer_hours))
    query = select(Survey.conversation_id).where(Survey.step == STARS, Survey.reminded.is_(False))
    with store.reading() as session:
        found = session.execute(query.where(Survey.asked_at <= late, Survey.asked_at > oldest).limit(_AT_ONCE))
        waiting = list(found.scalars())
    for conversation_id in waiting:
        with store.changing() as change:
            conversation = change.conversation(conversation_id)
            row = _last_survey(change, conversation_id)
            if row is None or row.step != STARS or row.reminded:
                continue
            row.reminded = True
            if row.number == conversation.last_number:  # nothing was said since
                _question(change, conversation, row, STARS, "utter_survey_reminder")


def quiet_until() -> datetime:
    """When a conversation that the bot has just answered counts as ended, if nothing more is said."""
    return clock.now() + timedelta(minutes=get_settings().operations.survey.quiet_minutes)


def answers(change: Change, conversation: Any, text: str) -> Any | None:
    """The survey that the customer's next message answers, or None: then the message is for somebody else."""
    if conversation.owner not in (states.BOT, states.CLOSED):
        return None
    row = _last_survey(change, conversation.id)
    if row is None:
        return None
    pressed = option_in(text, buttons(_QUESTIONS[SOLVED if row.step == SOLVED else STARS]))
    button = pressed is not None and not pressed[1]
    settings = get_settings().operations.survey
    late = clock.as_utc(row.asked_at) <= clock.now() - timedelta(hours=settings.answer_hours)
    if late:
        return row if button and row.step != SOLVED else None
    if row.step == DONE or row.number != conversation.last_number:  # meanwhile something else was said
        return row if button else None
    return row if button or _read(row, text) is not None else None


def take_answer(change: Change, conversation: Any, row: Any, text: str) -> None:
    """Record what `answers` has found and go on to the next question; the customer's message is stored already."""
    read = _read(row, text)
    if read is None:  # a button that was answered long ago
        log.add_message(change, conversation, log.BOT, {"text": phrase("utter_survey_thanks")})
        return
    stars, solved, remark = read
    row.stars = row.stars if stars is None else stars
    row.solved = row.solved if solved is None else solved
    row.comment = remark[:_LONGEST] or row.comment
    change.event("rating", conversation, row.agent_id, stars=stars, solved=solved, comment=remark[:_LONGEST] or None)
    if stars is not None and row.agent_id is not None:
        agents.rated(change, row.agent_id, stars)
    bad = (row.stars or 5) <= get_settings().operations.survey.comment_stars or row.solved is False
    if row.solved is None:
        _question(change, conversation, row, SOLVED)
    elif bad and not row.comment and row.step != COMMENT:
        _question(change, conversation, row, COMMENT)
    else:
        row.step = DONE
        log.add_message(change, conversation, log.BOT, {"text": phrase("utter_survey_thanks")})


def _read(row: Any, text: str) -> tuple[int | None, bool | None, str] | None:
    """(stars, solved, remark) of an answer to the question that `row` asks now."""
    settings = get_settings().operations.survey
    words = (buttons(_QUESTIONS[SOLVED]), settings.solved_words, settings.unsolved_words)
    if row.step == STARS:
        rated = stars_in(text, buttons(_QUESTIONS[STARS]))
        if rated is None:
            return None
        more = solved_in(rated[1], *words) if rated[1] else None
        return (rated[0], None, rated[1]) if more is None else (rated[0], *more)
    if row.step == SOLVED:
        voted = solved_in(text, *words)
        return None if voted is None else (None, *voted)
    again = option_in(text, buttons(_QUESTIONS[STARS]))
    remarked = row.step == COMMENT and is_remark(text) and (again is None or bool(again[1]))
    return (None, None, text.strip()) if remarked else None


def _question(change: Change, conversation: Any, row: Any, step: str, response: str = "") -> None:
    name = _QUESTIONS[step]
    content: dict[str, Any] = {"text": phrase(response or name)}
    titles = buttons(name)
    if titles:
        content["quick_replies"] = [{"content_type": "text", "title": title, "payload": title} for title in titles]
    row.step, row.number = step, log.add_message(change, conversation, log.BOT, content).number


def _last_survey(change: Change, conversation_id: str) -> Any | None:
    query = select(Survey).where(Survey.conversation_id == conversation_id).order_by(Survey.id.desc()).limit(1)
    return change.session.execute(query).scalar_one_or_none()


def _is_over(change: Change, conversation: Any, after: int) -> bool:
    """Whether the customer has said something since number `after` and nobody owes her an answer."""
    if conversation.owner not in (states.BOT, states.CLOSED) or conversation.handoff is not None:
        return False
    open_ticket = select(Ticket.id).where(Ticket.conversation_id == conversation.id, Ticket.state != "done")
    if change.session.execute(open_ticket.limit(1)).scalar_one_or_none() is not None:
        return False
    mine = (Message.conversation_id == conversation.id, Message.author == log.CUSTOMER, Message.number > after)
    latest = select(Message.content, Message.state).where(*mine).order_by(Message.number.desc()).limit(20)
    said = change.session.execute(latest).all()
    return any(not row.content.get("hidden") for row in said) and all(row.state != "waiting" for row in said)


def _closed_by(change: Change, conversation: Any) -> str | None:
    if conversation.owner != states.CLOSED:
        return None
    owners = select(Event.data).where(Event.conversation_id == conversation.id, Event.kind == "owner")
    last = change.session.execute(owners.order_by(Event.number.desc()).limit(1)).scalar_one_or_none() or {}
    return last.get("by")
