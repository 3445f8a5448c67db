"""Offers: caps, rests, one at a time, coupons that take off what was said, outcomes and their worth."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_shop import beijing
from sqlalchemy import func, select, update

from bot.clock import freeze, now
from bot.customer_settings import Customers
from bot.db import reading, writing
from bot.shop import Access, Refused, place_order
from bot.shop.aftersale.cancel import cancel
from bot.shop.customer_tables import OfferRow
from bot.shop.customers import coupons
from bot.shop.offer_tables import CouponRow
from bot.shop.outreach import (
    Mood,
    Offered,
    Past,
    candidates,
    close_offers,
    daily,
    load_scripts,
    make_offer,
    offers_on,
    react,
    remember_wish,
    rested,
    set_offers,
    silent_because,
    tell_wish,
    wishes_back,
    worth_of_offers,
)
from bot.shop.outreach.coupons import draft, give
from bot.shop.outreach.scripts import Discount
from bot.shop.payments import record_payment
from bot.shop.presale import price_basket
from bot.shop.tables import ProductRow, StockRow
from bot.shop.trade_tables import OrderRow

C1 = Access("web", "w1", "C1")
GREETING = ("greeting",)


def prepare(url: str) -> str:
    """C1 bought star phones often and lately, and nothing else; what follows the phone is, here, a shirt."""
    with writing(url) as session:
        session.execute(update(ProductRow).where(ProductRow.id == "P1").values(successor_id="P2"))
        session.execute(update(OrderRow).where(OrderRow.no == "DX1").values(status="refunded"))
    buy_and_pay(url, 4)
    return url


@pytest.fixture
def vip(url: str, use_shop: Callable[[str], None]) -> str:
    """A shop with a VIP on SQLite."""
    use_shop(url)
    return prepare(url)


@pytest.fixture
def any_vip(any_url: str, use_shop: Callable[[str], None]) -> str:
    """The same on each kind of database."""
    use_shop(any_url)
    return prepare(any_url)


def buy_and_pay(url: str, times: int, sku: str = "P1-2") -> None:
    for number in range(times):
        no = place_order(
            url, channel="web", account="w1", sku=sku, quantity=1, idempotency_key=f"{sku}{number}{now()}"
        ).no
        record_payment(url, no, method="wechat")


def offered(url: str, access: Access = C1, situations: Any = GREETING) -> Offered:
    made = make_offer(url, access, situations)
    assert made is not None
    return made


def test_the_offer_names_the_successor_and_its_coupon_takes_off_what_it_says(any_vip: str) -> None:
    made = offered(any_vip)
    assert (made.script, made.segment_title, made.subject.kind) == ("vip_greeting", "VIP 客户", "successor")
    assert (made.subject.last, made.subject.name) == ("星河 7", "棉 T 恤")
    # 89.00 at 80 %: 17.80 off. It ends with the third day after today.
    assert (made.price_fen, made.payable_fen) == (8900, 7120)
    assert made.coupon is not None and made.coupon.expires_at == beijing("2026-06-14 00:00")
    # Four of them cost 356, less 40 for 300 (满减), of the 316 left a fifth off: 252.80.
    basket = price_basket(any_vip, {"P2-1": 4}, coupons=coupons(any_vip, C1))
    order = place_order(
        any_vip, channel="web", account="w1", sku="P2-1", quantity=4, coupon_id=made.coupon.id, idempotency_key="o"
    )
    assert basket.payable_fen == order.amount_fen == 25280
    with reading(any_vip) as session:
        row = session.get(OfferRow, made.id)
        assert (row.outcome, row.order_no, row.amount_fen, row.discount_fen) == ("ordered", order.no, 25280, 6320)


def test_the_coupon_is_personal_scoped_and_ends(vip: str) -> None:
    made = offered(vip)
    assert made.coupon is not None

    def buy(sku: str = "P2-1", account: str = "w1", key: str = "k") -> None:
        place_order(
            vip, channel="web", account=account, sku=sku, quantity=1, coupon_id=made.coupon.id, idempotency_key=key
        )  # type: ignore[union-attr]

    for arguments, rule in (
        ({"sku": "P1-2"}, "coupon_scope"),
        ({"account": "stranger"}, "coupon_guest"),
    ):
        with pytest.raises(Refused) as refused:
            buy(**arguments)
        assert refused.value.rule == rule
    with freeze(made.coupon.expires_at), pytest.raises(Refused) as refused:
        buy()
    assert refused.value.rule == "coupon_expired"
    with freeze(made.coupon.expires_at):
        assert not [coupon for coupon in coupons(vip, C1) if coupon.personal]
    with freeze(made.coupon.expires_at - timedelta(seconds=1)):
        buy()


def test_two_orders_at_once_use_the_coupon_once(any_vip: str) -> None:
    made = offered(any_vip)
    assert made.coupon is not None

    def buy(number: int) -> str:
        try:
            return place_order(
                any_vip, channel="web", account="w1", sku="P2-1", quantity=1, coupon_id=made.coupon.id,
                idempotency_key=f"x{number}",
            ).no  # type: ignore[union-attr]  # fmt: skip
        except Refused as refused:
            assert refused.rule == "coupon_used"
            return ""

    with ThreadPoolExecutor(6) as pool:
        placed = [no for no in pool.map(buy, range(6)) if no]
    assert len(placed) == 1
    with reading(any_vip) as session:
        assert session.get(CouponRow, made.coupon.id).order_no == placed[0]
        held = session.scalar(select(func.sum(StockRow.reserved)).where(StockRow.sku == "P2-1"))
    assert held == 1 + 2  # the guest's order of the feed


def test_greetings_at_once_are_one_offer(any_vip: str) -> None:
    both = (C1, Access("wechat", "x1", "C1"))
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: make_offer(any_vip, both[number % 2], GREETING), range(8)))
    assert sum(one is not None for one in made) == 1
    with reading(any_vip) as session:
        assert session.scalar(select(func.count()).select_from(OfferRow)) == 1
        assert session.scalar(select(func.count()).select_from(CouponRow)) == 1


def test_a_script_waits_its_days_and_others_the_gap(vip: str) -> None:
    offered(vip)
    assert make_offer(vip, C1, ("resolved",)) is None  # the gap of 24 hours
    with freeze(now() + timedelta(hours=24)):
        assert make_offer(vip, C1, GREETING) is None  # not this one: its 30 days
        assert offered(vip, situations=("resolved",)).script == "regular_resolved"
    with freeze(now() + timedelta(days=29)):
        assert make_offer(vip, C1, GREETING) is None
    with freeze(now() + timedelta(days=30)):
        buy_and_pay(vip, 1)
        assert offered(vip).script == "vip_greeting"


def test_who_declined_is_left_alone_and_who_switched_off_for_good(vip: str) -> None:
    made = offered(vip)
    assert react(vip, made.id, "C1", "declined") and not react(vip, made.id, "C1", "clicked")
    with freeze(now() + timedelta(days=29)):
        assert make_offer(vip, C1, ("resolved",)) is None
    with freeze(now() + timedelta(days=30)):
        buy_and_pay(vip, 1)
        assert set_offers(vip, "C1", False) and not offers_on(vip, "C1")
        assert make_offer(vip, C1, ("resolved",)) is None
        assert set_offers(vip, "C1", True) and offers_on(vip, "C1")
        offered(vip, situations=("resolved",))
    assert not set_offers(vip, "nobody", False)


def test_reactions_are_the_customers_own(vip: str) -> None:
    made = offered(vip)
    assert not react(vip, made.id, "C2", "clicked") and not react(vip, "none", "C1", "clicked")
    assert react(vip, made.id, "C1", "clicked") and not react(vip, made.id, "C1", "clicked")
    with pytest.raises(ValueError):
        react(vip, made.id, "C1", "ordered")


def test_sold_out_successors_are_not_offered(vip: str) -> None:
    with writing(vip) as session:
        session.execute(update(StockRow).where(StockRow.sku.in_(["P2-1", "P2-3", "P2-4"])).values(on_hand=2))
        session.execute(update(StockRow).where(StockRow.sku.in_(["P2-1", "P2-3", "P2-4"])).values(reserved=2))
    made = offered(vip)
    assert made.subject.kind == "thanks" and made.subject.scope == ("手机",) and made.payable_fen == 0


def test_a_newer_product_of_the_category_is_no_successor(vip: str) -> None:
    with writing(vip) as session:
        session.execute(update(ProductRow).where(ProductRow.id == "P1").values(successor_id="P1"))  # nonsense: itself
        session.execute(
            update(ProductRow).where(ProductRow.id == "P2").values(category="手机", launched_on=now().date())
        )
    assert offered(vip).subject.kind == "newer"
    with freeze(now() + timedelta(days=200)):
        buy_and_pay(vip, 5)
        assert offered(vip).subject.kind == "thanks"  # not new any more


def test_an_order_without_the_coupon_counts_for_the_offer_inside_the_window(vip: str) -> None:
    made = offered(vip)
    with freeze(now() + timedelta(days=7)):
        order = place_order(vip, channel="wechat", account="x1", sku="P2-4", quantity=1, idempotency_key="o")
    with reading(vip) as session:
        row = session.get(OfferRow, made.id)
        assert (row.outcome, row.order_no, row.discount_fen) == ("ordered", order.no, 0)


def test_the_worth_of_scripts(any_vip: str) -> None:
    made = offered(any_vip)
    assert made.coupon is not None
    order = place_order(
        any_vip, channel="web", account="w1", sku="P2-1", quantity=1, coupon_id=made.coupon.id, idempotency_key="o"
    )
    (worth,) = [w for w in worth_of_offers(any_vip) if w.script == "vip_greeting"]
    assert (worth.shown, worth.taken, worth.unpaid, worth.revenue_fen, worth.discount_fen) == (1, 1, 1, 0, 0)
    record_payment(any_vip, order.no, method="wechat")
    (worth,) = worth_of_offers(any_vip)
    assert (worth.taken, worth.unpaid, worth.revenue_fen, worth.discount_fen) == (1, 0, 7120, 1780)
    assert worth.conversion == 1.0 and worth.to_json()["conversion"] == 1.0
    cancel(any_vip, C1, order.no, key="c")
    (worth,) = worth_of_offers(any_vip)
    assert (worth.shown, worth.taken, worth.revenue_fen, worth.conversion) == (1, 0, 0, 0.0)
    with freeze(now() + timedelta(days=31)):
        assert worth_of_offers(any_vip, 30) == []
        assert [w.shown for w in worth_of_offers(any_vip, 30, ["vip_greeting"])] == [0]


def test_what_nobody_took_is_ignored_after_the_window(any_vip: str) -> None:
    offered(any_vip)
    assert close_offers(any_vip) == 0
    with freeze(now() + timedelta(days=7, minutes=1)):
        assert worth_of_offers(any_vip)[0].ignored == 1  # also before the daily run
        assert daily(any_vip) == {"customers": 1, "ignored_offers": 1}
        assert worth_of_offers(any_vip)[0].ignored == 1
        order = place_order(any_vip, channel="web", account="w1", sku="P2-1", quantity=1, idempotency_key="o")
    with reading(any_vip) as session:
        assert session.scalars(select(OfferRow.order_no)).all() == [None] and order.no


def test_an_order_about_to_expire_is_reminded_of(any_vip: str) -> None:
    no = place_order(any_vip, channel="web", account="w1", sku="P2-1", quantity=2, idempotency_key="u").no
    situations = ("abandoned_order", "back_in_stock", "greeting")
    with freeze(now() + timedelta(hours=13)):
        made = offered(any_vip, situations=situations)
        assert (made.subject.order_no, made.subject.goods) == (no, (("棉 T 恤", "黑色 M", 2),))
        assert made.coupon is None and made.subject.pay_before is not None
        record_payment(any_vip, no, method="wechat")
    assert [(w.script, w.taken, w.revenue_fen) for w in worth_of_offers(any_vip)] == [("order_expiring", 1, 16800)]


def test_wishes_are_told_when_the_goods_are_back(any_url: str, use_shop: Callable[[str], None]) -> None:
    use_shop(any_url)
    assert remember_wish(any_url, C1, "P2-2") and remember_wish(any_url, C1, "P2-2")
    assert not remember_wish(any_url, Access("web", "guest"), "P2-2")
    assert not remember_wish(any_url, C1, "nothing")
    assert wishes_back(any_url) == []
    with writing(any_url) as session:
        session.execute(update(StockRow).where(StockRow.sku == "P2-2").values(on_hand=4))
    (wish,) = wishes_back(any_url)
    assert (wish.customer_id, wish.channel, wish.account, wish.sku, wish.units) == ("C1", "web", "w1", "P2-2", 4)
    set_offers(any_url, "C1", False)
    assert wishes_back(any_url) == []
    set_offers(any_url, "C1", True)
    made = offered(any_url, situations=("back_in_stock",))
    assert (made.subject.kind, made.subject.name) == ("wish", "棉 T 恤 黑色 L")
    assert wishes_back(any_url) == [] and not tell_wish(any_url, "C1", "P2-2")
    assert remember_wish(any_url, C1, "P2-2") and tell_wish(any_url, "C1", "P2-2")
    with freeze(now() + timedelta(days=91)):
        assert wishes_back(any_url) == []


def test_guests_and_strangers_get_nothing(vip: str) -> None:
    assert make_offer(vip, Access("web", "guest"), GREETING) is None
    assert make_offer(vip, Access("web", "w1", "unknown"), GREETING) is None


def test_without_discounts_only_scripts_that_need_none(vip: str) -> None:
    assert make_offer(vip, C1, GREETING, discounts=False) is None


@given(
    st.integers(1, 10**7),
    st.one_of(
        st.builds(
            lambda p, m: {"percent": p, "max_minus_yuan": m}, st.integers(1, 99), st.none() | st.integers(1, 500)
        ),
        st.builds(lambda m: {"minus_yuan": m}, st.integers(1, 500)),
    ),
)
def test_a_coupon_never_takes_more_than_it_says_nor_less_by_a_fen(amount: int, terms: dict[str, Any]) -> None:
    coupon = draft(Discount(title="券", valid_days=1, **terms), ())
    off = coupon.off_fen(amount)
    if terms.get("percent"):
        cap = (terms["max_minus_yuan"] or 10**9) * 100
        assert 100 * off <= amount * (100 - terms["percent"]) < 100 * (off + 1) or off == cap
        assert off <= cap
    else:
        assert off == min(amount, terms["minus_yuan"] * 100)


pasts = st.lists(
    st.builds(
        Past,
        script=st.sampled_from(["vip_greeting", "regular_resolved", "wish_back"]),
        shown_at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 6, 10)).map(
            lambda t: beijing(f"{t:%Y-%m-%d %H:%M}")
        ),
        outcome=st.sampled_from(["shown", "clicked", "declined", "ordered", "ignored"]),
    ),
    max_size=6,
)


@given(pasts, st.integers(0, 100), st.integers(0, 100))
def test_rest_and_caps_hold_for_any_past(past: list[Past], hours: int, days: int) -> None:
    moment = beijing("2026-06-10 10:00")
    numbers = Customers(offer_gap_hours=hours, declined_days=days)
    if rested(past, moment, numbers):
        assert all(moment - one.shown_at >= timedelta(hours=hours) for one in past)
        assert all(moment - one.shown_at >= timedelta(days=days) for one in past if one.outcome == "declined")
    for script in candidates(load_scripts(), "vip", ("greeting", "resolved"), past, moment):
        last = [one.shown_at for one in past if one.script == script.name]
        assert "vip" in script.segments and all(moment - at >= timedelta(days=script.every_days) for at in last)


@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        (Mood(), ""),
        (Mood("hesitant", 3), ""),
        (Mood("satisfied", 5), ""),
        (Mood("impatient", 3), "impatient"),
        (Mood("calm", 2), "impatient"),
        (Mood(soothed=True), "impatient"),
        (Mood(complained=True), "complained"),
        (Mood(handed_over=True), "handed_over"),
        (Mood(in_flow=True), "in_flow"),
        (Mood(offered=True), "offered"),
    ],
)
def test_when_to_be_silent(mood: Mood, reason: str) -> None:
    assert silent_because(mood, 2) == reason


def test_a_personal_coupon_needs_its_minimum(vip: str) -> None:
    with writing(vip) as session:
        coupon = give(session, draft(Discount(title="券", minus_yuan=10, over_yuan=99, valid_days=2), ()), "C1")
    with pytest.raises(Refused) as refused:
        price_basket(vip, {"P2-1": 1}, coupons=[coupon], coupon_id=coupon.id)
    assert (refused.value.rule, refused.value.figures["short_fen"]) == ("coupon_minimum", 1000)
    assert price_basket(vip, {"P2-4": 1, "P1-2": 1}, coupons=[coupon]).payable_fen == 8990 + 599900 - 1000
