"""Figures against examples worked out by hand, on SQLite and PostgreSQL."""

import random
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot import clock
from bot.db import reading, writing
from bot.events import Event, add
from bot.insight import measure, refresh, sums
from bot.insight.tables import ContactRow, DayRow
from bot.settings import Settings
from bot.shop.trade_tables import OrderRow
from tests.unit.insight.conftest import answers, asks, beijing, order, told

DAY = date(2026, 11, 24)


def figures(settings: Settings, first: date = DAY, last: date = DAY) -> dict[str, float | None]:
    (row,) = sums(settings.events_url, first, last)
    return {m.figure.key: m.value for m in measure(row, settings.operations.kpi)}


def test_a_day_by_hand(settings: Settings) -> None:
    add(
        settings.events_url,
        [
            # c1 asks for stock, gets an answer after 2 s, orders, gives five stars
            asks("24 10:00:00"), answers("24 10:00:02"),
            told("task.done", "24 10:03:00", flow="stock_form", outcome="done"),
            told("rating", "24 10:05:00", stars=5, solved=True),
            # c2 is handed over and waits 30 s
            asks("24 11:00:00", "complain_service", "complaint", "c2"), answers("24 11:00:20", "c2"),
            told("handoff.requested", "24 11:00:20", "c2", reason="complain_service"),
            told("handoff.assigned", "24 11:00:50", "c2", agent="lin", wait_ms=30_000),
            told("message.agent", "24 11:00:55", "c2", agent="lin", text="在"),
            told("task.done", "24 11:01:00", "c2", flow="return_form", outcome="failed"),
            # c3 asks before a purchase and does not buy
            asks("24 12:00:00", "ask_price", "presale", "c3"), answers("24 12:00:02", "c3"),
            # c4 only greets
            told("message.customer", "24 13:00:00", "c4", text="在吗", intent="greet", base="other"),
            answers("24 13:00:04", "c4"),
        ],
    )  # fmt: skip
    order(settings.shop_url, "DX1", "24 10:03:00", 12_345)
    refresh(settings)
    assert figures(settings) == {
        "first_response": 7.0,  # (2 + 20 + 2 + 4) / 4
        "round_response": 7.0,
        "on_time": 75.0,
        "solved": pytest.approx(66.6667),  # stock and price of three matters; the greeting asks nothing
        "conversion": 50.0,
        "csat": 5.0,
        "contained": 75.0,
        "handed_off": 25.0,
        "handoff_wait": 30.0,
        "order_value": 123.45,
        "rated": 25.0,
        "tasks": 50.0,
        "agent_load": 1.0,
        "unclear": 0.0,
    }


def test_the_same_matter_within_72_hours_was_not_solved(settings: Settings) -> None:
    add(settings.events_url, [asks("20 10:00:00", "ask_refund", "aftersale"), answers("20 10:00:01")])
    refresh(settings)
    first = date(2026, 11, 20)
    assert figures(settings, first, first)["solved"] == 100.0
    # From another channel, but the same customer; then another matter, and one after the window.
    later = asks("22 10:00:00", "ask_refund", "aftersale", "w1")
    add(settings.events_url, [Event(later.kind, "w1", later.at, channel="wecom", data=later.data)])
    add(settings.events_url, [asks("21 10:00:00", "ask_invoice", "aftersale")])
    refresh(settings)
    assert figures(settings, first, first)["solved"] == 0.0
    assert figures(settings, date(2026, 11, 21), date(2026, 11, 22))["solved"] == 100.0


def test_an_order_goes_to_the_last_contact_inside_the_window(settings: Settings) -> None:
    add(settings.events_url, [asks("22 09:00:00"), asks("23 09:00:00"), asks("24 09:00:00")])
    order(settings.shop_url, "DX1", "23 20:00:00", 5000)
    order(settings.shop_url, "DX2", "23 21:00:00", 7000)  # a second order of the contact is no second conversion
    order(settings.shop_url, "DX3", "26 20:00:00", 9000)  # two days after the last contact
    refresh(settings)
    with reading(settings.events_url) as session:
        rows = session.query(ContactRow).order_by(ContactRow.started_at).all()
    assert [(row.order_no, row.order_fen) for row in rows] == [(None, None), ("DX1", 5000), (None, None)]


def test_a_cancelled_order_stops_counting(settings: Settings) -> None:
    add(settings.events_url, [asks("24 09:00:00")])
    order(settings.shop_url, "DX1", "24 10:00:00", 5000)
    with clock.freeze(beijing("24 10:00:30")):
        refresh(settings)
    assert figures(settings)["conversion"] == 100.0
    with writing(settings.shop_url) as session:
        session.execute(update(OrderRow).values(status="cancelled", cancelled_at=beijing("24 12:00:00")))
    with clock.freeze(beijing("24 12:00:30")):
        refresh(settings)
    assert figures(settings)["conversion"] == 0.0


def test_a_guest_is_known_by_the_account(settings: Settings) -> None:
    add(settings.events_url, [asks("24 09:00:00", conversation="guest")])
    order(settings.shop_url, "DX1", "24 10:00:00", 5000, account="guest", customer=None)
    refresh(settings)
    assert figures(settings)["conversion"] == 100.0


def test_cuts_add_up_to_the_whole(settings: Settings) -> None:
    events = [asks(f"24 {h:02}:00:00", i, b, f"c{h}") for h, (i, b) in enumerate([("ask_stock", "presale")] * 5)]
    events += [asks("24 10:00:00", "ask_refund", "aftersale", "c11"), answers("24 10:00:09", "c11")]
    add(settings.events_url, events)
    refresh(settings)
    by_intent = sums(settings.events_url, DAY, DAY, by=["intent"])
    assert {row["intent"]: row["contacts"] for row in by_intent} == {"ask_refund": 1, "ask_stock": 5}
    (whole,) = sums(settings.events_url, DAY, DAY)
    assert whole["contacts"] == sum(row["contacts"] for row in by_intent)
    (only,) = sums(settings.events_url, DAY, DAY, where={"base": "aftersale"})
    assert (only["contacts"], only["response_ms"]) == (1, 9000)


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_and_portions_the_figures_are_the_same(
    settings: Settings, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events that come late, in portions, or twice lead to the same contacts as all at once, or a window at a time."""
    chance = random.Random(seed)
    events = []
    for number in range(12):
        at = beijing("24 08:00:00") + timedelta(minutes=chance.randrange(900))
        for _ in range(chance.randrange(1, 8)):
            at += timedelta(seconds=chance.choice([1, 5, 40, 3700]))
            kind = chance.choice(["message.customer", "message.bot", "message.agent", "rating", "conversation.closed"])
            data = {"intent": chance.choice(["ask_stock", "ask_refund"]), "base_intent": "presale", "stars": 3}
            events.append(Event(kind, f"c{number % 5}", at, channel="webchat", data=data))
    order(settings.shop_url, "DX1", "24 15:00:00", 4200)
    mixed = events[:]
    chance.shuffle(mixed)
    while mixed:
        portion, mixed = mixed[:7], mixed[7:]
        add(settings.events_url, portion + chance.sample(events, 3))
        refresh(settings)
    in_portions = _everything(settings)
    _forget(settings)
    refresh(settings)
    assert _everything(settings) == in_portions
    monkeypatch.setattr("bot.insight.projection._WINDOW", 5)
    _forget(settings)
    refresh(settings)
    assert _everything(settings) == in_portions


@pytest.mark.parametrize("known", [False, True])
def test_an_answer_that_comes_before_its_question_counts(settings: Settings, known: bool) -> None:
    if known:  # by a later visit
        add(settings.events_url, [asks("25 09:00:00")])
    add(settings.events_url, [answers("24 10:00:04")])
    refresh(settings)
    add(settings.events_url, [asks("24 10:00:00")])
    refresh(settings)
    assert figures(settings)["first_response"] == 4.0


def test_a_backlog_that_broke_off_is_summed_when_it_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows that only leave sums for later, a crash, and the rest."""
    from bot.insight import projection

    days = [date(2026, 11, number) for number in (20, 21, 22, 23)]
    add(settings.events_url, [asks(f"{day:%d} 10:00:{second:02}") for day in days for second in range(3)])
    refresh(settings)
    at_once = _everything(settings)
    _forget(settings)
    monkeypatch.setattr(projection, "_WINDOW", 3)
    taken, link = [], projection.link

    def fails_at_the_third(*args: Any) -> set[date]:
        taken.append(args)
        if len(taken) == 3:
            raise RuntimeError
        return link(*args)

    monkeypatch.setattr(projection, "link", fails_at_the_third)
    with pytest.raises(RuntimeError):
        refresh(settings)
    with reading(settings.events_url) as session:
        assert session.query(ContactRow).count() == 2 and not session.query(DayRow).count()
    refresh(settings)
    assert _everything(settings) == at_once


def test_who_comes_back_leaves_the_sums_of_the_last_visit_alone(settings: Settings) -> None:
    """Else each day would be summed again with every customer of it who returns."""
    add(settings.events_url, [asks("02 10:00:00"), answers("02 10:00:01")])
    refresh(settings)
    with writing(settings.events_url) as session:
        session.execute(update(DayRow).values(messages=99))
    add(settings.events_url, [asks("24 10:00:00", "ask_refund", "aftersale"), answers("24 10:00:01")])
    refresh(settings)
    first = date(2026, 11, 2)
    assert sums(settings.events_url, DAY, DAY)[0]["contacts"] == 1
    with reading(settings.events_url) as session:
        assert session.scalar(select(DayRow.messages).where(DayRow.day == first)) == 99
    add(settings.events_url, [told("rating", "02 10:00:30", stars=5)])  # this one is about it
    refresh(settings)
    with reading(settings.events_url) as session:
        assert session.scalar(select(DayRow.messages).where(DayRow.day == first)) == 2


def _everything(settings: Settings) -> list[dict[str, object]]:
    with reading(settings.events_url) as session:
        rows = [*session.query(ContactRow), *session.query(DayRow)]
    told = [{k: v for k, v in vars(row).items() if not k.startswith("_")} for row in rows]
    return sorted(told, key=str)


def _forget(settings: Settings) -> None:
    from bot.insight.tables import StateRow

    with writing(settings.events_url) as session:
        for table in (ContactRow, DayRow, StateRow):
            session.query(table).delete()
