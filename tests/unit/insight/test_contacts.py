"""What a contact is, worked out by hand."""

from bot.insight import contacts_of
from bot.insight.exposures import exposures_of
from tests.unit.insight.conftest import answers, asks, told


def test_first_response_and_rounds() -> None:
    events = [
        asks("24 10:00:00"),
        asks("24 10:00:03"),
        answers("24 10:00:05"),
        answers("24 10:00:06"),
        asks("24 10:01:00"),
        answers("24 10:01:20"),
    ]
    (contact,) = contacts_of(events)
    assert contact.first_response_ms == 5000
    assert (contact.rounds, contact.rounds_ms) == (2, 25_000)
    assert dict(contact.messages) == {"customer": 3, "bot": 3}
    assert (contact.intent, contact.base, contact.handled_by) == ("ask_stock", "presale", "bot")


def test_rounds_of_the_night_do_not_count_but_the_first_response_does() -> None:
    (contact,) = contacts_of([asks("24 07:59:58"), answers("24 08:00:03")])
    assert (contact.first_response_ms, contact.rounds) == (5000, 0)
    (contact,) = contacts_of([asks("24 23:59:59"), answers("25 00:00:09")])
    assert (contact.rounds, contact.rounds_ms) == (1, 10_000)


def test_an_hour_of_silence_a_close_and_a_session_end_a_contact() -> None:
    silence = [asks("24 10:00:00"), answers("24 10:00:01"), asks("24 11:00:02")]
    assert len(contacts_of(silence)) == 2
    assert len(contacts_of([asks("24 10:00:00"), answers("24 10:00:01"), asks("24 11:00:01")])) == 1
    closed = [asks("24 10:00:00"), told("conversation.closed", "24 10:00:30", by="agent"), asks("24 10:01:00")]
    assert len(contacts_of(closed)) == 2
    anew = [asks("24 10:00:00"), told("session.started", "24 10:00:30"), asks("24 10:01:00")]
    assert len(contacts_of(anew)) == 2


def test_a_rating_after_the_close_belongs_to_what_was_closed() -> None:
    events = [
        asks("24 10:00:00"),
        told("conversation.closed", "24 10:05:00", by="agent"),
        told("rating", "24 12:00:00", stars=4, solved=None),
        told("rating", "24 12:00:09", stars=None, solved=False),
    ]
    (contact,) = contacts_of(events)
    assert (contact.stars, contact.solved_vote) == (4, False)


def test_hand_off_wait_and_agent() -> None:
    events = [
        asks("24 10:00:00", intent="request_human", base="other"),
        told("handoff.requested", "24 10:00:01", reason="asked"),
        told("message.bot", "24 10:00:01", text="请稍候"),
        told("handoff.assigned", "24 10:00:21", agent="lin", wait_ms=20_000),
        told("message.agent", "24 10:00:30", agent="lin", text="您好"),
    ]
    (contact,) = contacts_of(events)
    assert (contact.handed_off, contact.handoff_reason, contact.wait_ms) == (True, "asked", 20_000)
    assert (contact.handled_by, contact.agent, contact.intent) == ("agent", "lin", "")


def test_the_page_greeting_by_itself_is_no_contact() -> None:
    assert contacts_of([told("message.customer", "24 10:00:00", text="/greet"), answers("24 10:00:01")]) == []


def test_buttons_below_an_answer_are_no_new_matter() -> None:
    pressed = asks("24 10:01:00", "usage_help", "aftersale", entities=["faq_asked", "faq_helpful"])
    (contact,) = contacts_of([asks("24 10:00:00", "ask_refund", "aftersale"), answers("24 10:00:01"), pressed, pressed])
    assert dict(contact.intents) == {"ask_refund": 1}
    (contact,) = contacts_of([pressed])
    assert contact.intent == ""


def test_what_the_shop_tells_between_visits_neither_opens_nor_ends_one() -> None:
    events = [
        asks("24 10:00:00"),
        told("conversation.closed", "24 10:05:00", by="agent"),
        told("order", "24 12:00:00", no="DX1", status="paid", amount_fen=1),
        told("message.agent", "24 12:01:00", agent="lin", text="已发货"),
        told("rating", "24 12:02:00", stars=4, solved=None),
    ]
    (contact,) = contacts_of(events)
    assert (contact.stars, contact.messages["agent"], contact.ended_at) == (4, 0, events[0].at)


def test_tasks_are_counted_by_their_outcome() -> None:
    outcomes = [told("task.done", f"24 10:00:0{n}", flow="f", outcome=o) for n, o in enumerate(("done", "left"), 1)]
    (contact,) = contacts_of([asks("24 10:00:00"), *outcomes])
    assert (contact.tasks, contact.tasks_done) == (2, 1)


def test_a_welcome_counts_from_its_moment_and_what_is_shown_later_from_the_visit() -> None:
    welcome = told("experiment.exposed", "24 09:59:00", experiment="welcome", variant="b")
    cards = told("experiment.exposed", "24 10:00:05", experiment="cards", variant="a")
    events = [welcome, asks("24 10:00:00"), answers("24 10:00:06"), cards]
    found = {row["experiment"]: row["first_at"] for row in exposures_of(events, contacts_of(events), "C1")}
    assert found == {"welcome": welcome.at, "cards": events[1].at}
    (alone,) = exposures_of([welcome], [], "C1")
    assert (alone["customer"], alone["variant"]) == ("C1", "b")
