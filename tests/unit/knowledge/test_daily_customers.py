"""The work of every day for customers, beside the sync."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot.clock import freeze, now
from bot.db import reading, writing
from bot.knowledge import daily
from bot.knowledge.tables import SyncRow
from bot.settings import Settings
from bot.shop import outreach, place_order
from bot.shop.customer_tables import OfferRow, RfmRow
from bot.shop.payments import record_payment
from bot.shop.trade_tables import AccountRow, CustomerRow
from tests.unit.shop.small_shop import beijing


@pytest.fixture
def buyer(settings: Settings) -> str:
    """A customer of the small shop with one paid order, and an offer of eight days ago that came to nothing."""
    with writing(settings.shop_url) as session:
        session.add(CustomerRow(id="C9", name="顾客", phone="17000000001", city="北京", created_at=now()))
        session.flush()
        session.add(AccountRow(channel="web", account="c9", customer_id="C9"))
        session.add(
            OfferRow(
                id="o1", script="vip_greeting", situation="greeting", segment="vip", customer_id="C9", channel="web",
                shown_at=now() - timedelta(days=8), outcome="shown",
            )
        )  # fmt: skip
    order = place_order(settings.shop_url, channel="web", account="c9", sku="P1-1", quantity=1, idempotency_key="k")
    assert record_payment(settings.shop_url, order.no, method="wechat")
    return "C9"


def known(settings: Settings, customer: str) -> tuple[RfmRow | None, str]:
    with reading(settings.shop_url) as session:
        return session.get(RfmRow, customer), session.scalars(select(OfferRow.outcome)).one()


def test_rfm_and_offers_are_tended_once_a_day_without_a_source(settings: Settings, buyer: str) -> None:
    with freeze(beijing("2026-06-10 05:59")):
        assert daily.tend_customers_when_due(settings) is None
    done = daily.tend_customers_when_due(settings)
    assert done is not None and done["customers"] > 0 and done["ignored_offers"] == 1
    standing, outcome = known(settings, buyer)
    assert standing is not None and standing.frequency == 1 and outcome == "ignored"
    assert daily.tend_customers_when_due(settings) is None
    with freeze(now() + timedelta(days=1)):
        done = daily.tend_customers_when_due(settings)
        assert done is not None and done["ignored_offers"] == 0


def test_a_failure_is_kept_and_tried_again(settings: Settings, buyer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(_url: str) -> dict[str, int]:
        raise OperationalError("update", {}, Exception("database is locked"))

    with monkeypatch.context() as context:
        context.setattr(outreach, "daily", locked)
        assert daily.tend_customers_when_due(settings) is None
    with reading(settings.knowledge_url) as session:
        assert session.get(SyncRow, "customers:2026-06-10").details["status"] == "failed"
    assert daily.tend_customers_when_due(settings) is None, "not at once"
    with freeze(now() + timedelta(minutes=10)):
        assert daily.tend_customers_when_due(settings) is not None
