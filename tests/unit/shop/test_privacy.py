"""Privacy requests: shown masked, erased for good, what the law wants kept kept, nobody else touched."""

from datetime import timedelta
from pathlib import Path

import pytest
from service_shop import SERVICES
from small_shop import Feed
from sqlalchemy import select, text, update

from bot.clock import now
from bot.db import engine_for, reading, writing
from bot.settings import SettingsError, get_settings
from bot.shop import Access, Refused, find_order, import_folder, orders_of
from bot.shop.aftersale.photos import add_photo, folder
from bot.shop.customer_tables import OfferRow, PrivacyRow
from bot.shop.customers import identify
from bot.shop.identity_tables import GrantRow
from bot.shop.outreach import remember_wish, set_offers
from bot.shop.owner_check import phone_matches
from bot.shop.privacy import Person, PrivacyRoom, Remembered, check_erasable, erase, remembered
from bot.shop.service_tables import InvoiceRow, OrderChangeRow, TicketRow
from bot.shop.trade_tables import CustomerRow, OrderRow

C1 = Access("web", "w1", "C1")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def shop(any_service_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """C1 with something of every kind, and nothing under way; chats of the test's own."""
    url = any_service_url
    monkeypatch.setattr(get_settings(), "chat_url", f"sqlite:///{tmp_path}/chat.db")
    monkeypatch.setattr(get_settings(), "shop_url", url)
    with writing(url) as session:
        session.execute(update(OrderRow).values(status="completed"))
        session.execute(update(OrderRow).where(OrderRow.no == "A4").values(phone="17000000001"))
        ticket = {"kind": "repair", "quantity": 1, "channel": "web", "status": "done", "reason": "quality"}
        for no, customer, account in (("S1", "C1", "w1"), ("S2", "C2", "w2")):
            session.add(
                TicketRow(
                    no=no, customer_id=customer, account=account, order_no="A4" if customer == "C1" else "B1",
                    note="我住和平路1号", details={"phone": "17000000001", "opened": True}, created_at=now(), **ticket,
                )
            )  # fmt: skip
        session.add(
            InvoiceRow(
                no="F1", order_no="A4", kind="personal", title="王测试", email="wang@example.com", amount_fen=100,
                status="issued", created_at=now(),
            )
        )  # fmt: skip
        session.add(
            OrderChangeRow(
                order_no="A4", kind="address", before={"address": "北京和平路1号"}, after={"address": "北京和平路2号"},
                difference_fen=0, changed_at=now(),
            )
        )  # fmt: skip
        session.add(GrantRow(channel="web", account="w1", order_no="G9", expires_at=now() + timedelta(minutes=5)))
        session.add(
            OfferRow(
                id="o1", script="vip_greeting", situation="greeting", segment="vip", customer_id="C1", channel="web",
                coupon_id="Y1", shown_at=now(), outcome="shown",
            )
        )  # fmt: skip
    remember_wish(url, C1, "P2-2")
    set_offers(url, "C1", False)
    add_photo(url, C1, "S1", PNG)
    add_photo(url, Access("web", "w2", "C2"), "S2", PNG)  # the same picture, stored once
    add_photo(url, C1, "S1", PNG + b"own")
    return url


def dump(url: str) -> str:
    """Everything in the database as one text."""
    with engine_for(url).connect() as connection:
        from bot.shop.tables import Base

        return "\n".join(
            str(row) for table in Base.metadata.tables for row in connection.execute(text(f"SELECT * FROM {table}"))
        )


def test_what_is_kept_is_shown_masked(shop: str) -> None:
    found = remembered(shop, C1)
    kinds = {thing.kind: dict(thing.figures) for thing in found}
    assert kinds["person"] == {"name": "王**", "phone": "170****0001", "city": "北京", "since": "2026-01-01"}
    assert kinds["address"] == {"address": "北京****"} and kinds["accounts"] == {"number": 2}
    assert kinds["orders"]["number"] == 9 and kinds["photos"] == {"number": 2}
    assert kinds["wishes"] == {"goods": "棉 T 恤 黑色 L"} and "offers_off" in kinds
    assert {"segment", "tickets", "invoices", "coupons", "offers"} <= set(kinds)
    assert "17000000001" not in str(found) and "和平路" not in str(found)
    with reading(shop) as session:
        assert session.scalars(select(PrivacyRow.action)).all() == ["shown"]


def test_erased_is_erased(shop: str) -> None:
    before = dump(shop)
    for secret in ("17000000001", "w1'", "x1'", "北京和平路1号", "wang@example.com"):
        assert secret in before
    counts = erase(shop, C1)
    after = dump(shop)
    others = "17000000001"  # stands in the other customer's ticket, which is not touched
    with reading(shop) as session:
        assert session.get(TicketRow, "S2").details["phone"] == others
        session.rollback()
    with writing(shop) as session:
        session.get(TicketRow, "S2").details = {}
        session.get(TicketRow, "S2").note = ""
        session.get(OrderRow, "B1").address = None
        session.get(OrderRow, "G9").address = None
    after = dump(shop)
    for secret in ("17000000001", "w1'", "x1'", "和平路", "wang@example.com"):
        assert secret not in after, secret
    assert counts["shop.orders"] == 9 and counts["shop.photos"] == 2
    assert identify(shop, "web", "w1") is None and orders_of(shop, "web", "w1") == []
    assert identify(shop, "web", "w2") is not None
    assert not phone_matches(shop, "A4", "0001")


def test_orders_and_invoices_stay_for_the_books(shop: str) -> None:
    with reading(shop) as session:
        before = {row.no: (row.amount_fen, row.status, row.paid_at) for row in session.scalars(select(OrderRow))}
    erase(shop, C1)
    with reading(shop) as session:
        after = {row.no: (row.amount_fen, row.status, row.paid_at) for row in session.scalars(select(OrderRow))}
        invoice = session.get(InvoiceRow, "F1")
        assert (invoice.title, invoice.email) == ("王测试", None)
        assert session.get(CustomerRow, "C1").erased_at is not None
        row = session.scalars(select(PrivacyRow)).one()
        assert (row.customer_id, row.action, row.details["shop.orders"]) == ("C1", "erased", 9)
    assert after == before
    order = find_order(shop, "A4")
    assert order is not None and (order.customer_id, order.address) == ("C1", None)


def test_pictures_go_unless_another_has_the_same(shop: str) -> None:
    assert len(list(folder().iterdir())) == 2
    erase(shop, C1)
    assert len(list(folder().iterdir())) == 1


def test_nothing_is_erased_while_something_is_under_way(shop: str) -> None:
    with writing(shop) as session:
        session.execute(update(OrderRow).where(OrderRow.no.in_(["A1", "A3"])).values(status="shipped"))
        session.execute(update(TicketRow).where(TicketRow.no == "S1").values(status="approved"))
    for ask in (check_erasable, erase):
        with pytest.raises(Refused) as refused:
            ask(shop, C1)
        assert refused.value.rule == "erase_open" and refused.value.figures == {"orders": 2, "tickets": 1}
    assert identify(shop, "web", "w1") is not None


def test_only_for_the_identified_account(shop: str) -> None:
    for access in (Access("web", "stranger"), Access("web", "x", "C9")):
        for ask in (remembered, check_erasable, erase):
            with pytest.raises(Refused) as refused:
                ask(shop, access)
            assert refused.value.rule == "privacy_guest"
    erase(shop, C1)
    with pytest.raises(Refused):
        erase(shop, C1)


def test_a_feed_does_not_bring_erased_customers_back(shop: str, feed: Feed) -> None:
    erase(shop, C1)
    import_folder(shop, feed(SERVICES))
    with reading(shop) as session:
        assert session.get(CustomerRow, "C1").phone != "17000000001"
        assert session.get(OrderRow, "A4").address is None
    assert identify(shop, "web", "w1") is None and identify(shop, "web", "w2") is not None


class Notebook(PrivacyRoom):
    """A room that joined."""

    name = "notes"
    pages: list[str] = []

    def describe(self, person: Person) -> list[Remembered]:
        return [Remembered("chat", {"number": len(self.pages)})]

    def erase(self, person: Person) -> dict[str, int]:
        assert ("web", "w1") in person.accounts
        count = len(self.pages)
        self.pages.clear()
        return {"pages": count}


def test_other_rooms_join(shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Notebook, "pages", ["a", "b"])
    rooms = [f"{__name__}.Notebook", *get_settings().privacy_rooms]
    monkeypatch.setattr(get_settings(), "privacy_rooms", rooms)
    assert remembered(shop, C1)[0] == Remembered("chat", {"number": 2})
    assert erase(shop, C1)["notes.pages"] == 2 and Notebook.pages == []


@pytest.mark.parametrize("path", ["nowhere.Room", "bot.shop.privacy.Nothing", "bot.shop.privacy.Person", "x"])
def test_a_wrong_room_is_named(shop: str, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(get_settings(), "privacy_rooms", [path])
    with pytest.raises(SettingsError, match="privacy_rooms"):
        remembered(shop, C1)
