"""Who is behind a conversation, and what the shop's orders and offers tell."""

from typing import Any

from sqlalchemy import select, update

from bot import clock
from bot.conversations.tables import Conversation
from bot.db import reading, writing
from bot.events import add, of_conversation
from bot.insight import refresh
from bot.insight.tables import ContactRow
from bot.settings import Settings
from bot.shop.customer_tables import OfferRow, RfmRow
from bot.shop.trade_tables import AccountRow, OrderRow
from tests.unit.insight.conftest import answers, asks, beijing, order


def contacts(settings: Settings) -> list[Any]:
    with reading(settings.events_url) as session:
        return list(session.scalars(select(ContactRow).order_by(ContactRow.conversation_id)))


def converse(settings: Settings, name: str, channel: str, account: str) -> None:
    with writing(settings.chat_url) as session:
        session.add(Conversation(id=name, channel=channel, account=account, created_at=beijing("01 00:00:00")))


def test_a_platform_conversation_is_its_customers_and_gets_their_order(settings: Settings) -> None:
    converse(settings, "talk-1", "wecom", "w1")
    converse(settings, "talk-2", "wecom", "nobody-knows")
    for name in ("talk-1", "talk-2"):
        add(settings.events_url, [asks("24 10:00:00", conversation=name), answers("24 10:00:01", name)])
    order(settings.shop_url, "DX1", "24 10:30:00", 9900)  # by the same customer, on the web page
    order(settings.shop_url, "DX2", "24 10:40:00", 500, account="nobody-knows", customer=None)  # another channel's
    refresh(settings)
    known, guest = contacts(settings)
    assert (known.customer, known.order_no, known.segment) == ("C1", "DX1", "visitor")
    assert (guest.customer, guest.order_no, guest.segment) == ("wecom/nobody-knows", None, "guest")


def test_who_becomes_known_leaves_no_repeat_behind(settings: Settings) -> None:
    for day in ("20", "21"):  # a guest whose matter comes back
        add(settings.events_url, [asks(f"{day} 10:00:00", "ask_refund", "aftersale", "guest")])
    refresh(settings)
    with reading(settings.events_url) as session:
        first = select(ContactRow.repeated).where(ContactRow.started_at == beijing("20 10:00:00"))
        assert session.scalar(first) is True
    with writing(settings.shop_url) as session:
        session.add(AccountRow(channel="webchat", account="guest", customer_id="C1"))
    add(settings.events_url, [asks("21 10:00:30", "ask_refund", "aftersale", "guest")])
    refresh(settings)
    with reading(settings.events_url) as session:
        people = select(ContactRow.customer, ContactRow.repeated).order_by(ContactRow.started_at)
        assert session.execute(people).all() == [("webchat/guest", False), ("C1", False)]


def test_the_segment_is_that_of_the_shops_rules(settings: Settings) -> None:
    with writing(settings.shop_url) as session:
        values = {"frequency": 5, "monetary_fen": 500_000, "last_paid_at": beijing("20 10:00:00")}
        session.add(RfmRow(customer_id="C1", computed_at=beijing("20 10:00:00"), **values))
    add(settings.events_url, [asks("24 10:00:00"), answers("24 10:00:01")])
    with clock.freeze(beijing("24 11:00:00")):
        refresh(settings)
    assert contacts(settings)[0].segment == "vip"


def test_orders_and_offers_are_told_once_each_time_they_change(settings: Settings) -> None:
    def told() -> list[tuple[str, str]]:
        found = [e for e in of_conversation(settings.events_url, "c1") if e.kind in ("order", "offer")]
        return [(e.kind, str(e.data.get("status") or e.data.get("outcome"))) for e in found]

    order(settings.shop_url, "DX1", "24 10:30:00", 9900)
    with writing(settings.shop_url) as session:
        offer = {"script": "vip_greeting", "situation": "greeting", "segment": "vip", "customer_id": "C1"}
        session.add(OfferRow(id="o1", channel="webchat", shown_at=beijing("24 10:20:00"), outcome="shown", **offer))
    with clock.freeze(beijing("24 11:00:00")):
        refresh(settings)
        refresh(settings)
    assert told() == [("offer", "shown"), ("order", "placed")]
    with writing(settings.shop_url) as session:
        session.execute(update(OrderRow).values(status="paid", paid_at=beijing("24 11:30:00")))
        session.execute(update(OfferRow).values(outcome="ordered", outcome_at=beijing("24 11:29:00")))
    with clock.freeze(beijing("24 12:00:00")):
        refresh(settings)
        refresh(settings)
    assert told() == [("offer", "shown"), ("order", "placed"), ("offer", "ordered"), ("order", "paid")]
    assert contacts(settings) == []  # the shop's own doings are no visit
