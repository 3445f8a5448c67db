"""Cancelling and changing orders: before shipping, to the fen, stock and coupons given back."""

from datetime import timedelta

import pytest
from small_shop import beijing
from sqlalchemy import func, select, update

from bot.clock import freeze, now
from bot.db import reading, writing
from bot.shop import Access, BadQuantity, NotFound, Refused, availability, move_refund, move_ticket, place_order
from bot.shop.aftersale.address import change_address
from bot.shop.aftersale.cancel import cancel
from bot.shop.aftersale.items import change_item
from bot.shop.aftersale.refunds import refunds
from bot.shop.customers import claim_coupon, coupons
from bot.shop.offer_tables import CouponRow
from bot.shop.order_views import order_for
from bot.shop.service_tables import OrderChangeRow, RefundRow, TicketRow
from bot.shop.tables import PriceRow, StockRow
from bot.shop.trade_tables import OrderRow


def reserved(url: str, sku: str) -> int:
    with reading(url) as session:
        return int(session.scalar(select(func.sum(StockRow.reserved)).where(StockRow.sku == sku)) or 0)


def count(url: str, table: type) -> int:
    with reading(url) as session:
        return int(session.scalar(select(func.count()).select_from(table)) or 0)


def test_an_unpaid_order_is_cancelled_and_its_stock_is_free_again(service_url: str, owner: Access) -> None:
    before = reserved(service_url, "P2-1")
    done = cancel(service_url, owner, "a1", key="k")
    assert (done.stage, done.refund_fen, done.refund) == ("cancelled", 0, None)
    assert order_for(service_url, owner, "A1").status == "cancelled"
    assert reserved(service_url, "P2-1") == before - 2


def test_a_paid_order_is_cancelled_with_its_money_on_the_way_back(service_url: str, owner: Access) -> None:
    preview = cancel(service_url, owner, "A2", key="k", preview=True)
    assert (preview.stage, preview.refund_fen) == ("cancelled", 504800)
    assert order_for(service_url, owner, "A2").status == "paid"  # a preview changes nothing
    done = cancel(service_url, owner, "A2", key="k")
    assert done.refund is not None
    assert (done.refund.amount_fen, done.refund.channel, done.refund.stage) == (504800, "wechat", "processing")
    assert done.refund.expected_at == now() + timedelta(days=1)
    assert order_for(service_url, owner, "A2").status == "refunding"
    assert reserved(service_url, "P1-1") == 0
    assert move_refund(service_url, done.refund.no, "arrived") is True
    assert order_for(service_url, owner, "A2").status == "refunded"
    (refund,) = refunds(service_url, owner, "A2")
    assert [step.status for step in refund.history] == ["processing", "arrived"]


def test_a_shipped_order_is_intercepted_once_and_paid_back_when_the_parcel_is_here(
    service_url: str, owner: Access
) -> None:
    done = cancel(service_url, owner, "A3", reason="不想要了", key="k")
    assert done.ticket is not None
    assert (done.stage, done.refund_fen, done.ticket.kind) == ("intercepting", 8900, "intercept")
    assert refunds(service_url, owner, "A3") == []
    with pytest.raises(Refused) as refused:
        cancel(service_url, owner, "A3", key="another")
    assert (refused.value.rule, refused.value.figures) == ("intercept_requested", {"ticket_no": done.ticket.no})
    assert move_ticket(service_url, done.ticket.no, "done")
    assert order_for(service_url, owner, "A3").status == "refunding"
    assert [refund.amount_fen for refund in refunds(service_url, owner, "A3")] == [8900]
    assert move_ticket(service_url, done.ticket.no, "done") is False


@pytest.mark.parametrize(("no", "rule"), [("A4", "cancel_signed"), ("A6", "order_closed"), ("A8", "order_closed")])
def test_what_is_signed_or_closed_is_not_cancelled(service_url: str, owner: Access, no: str, rule: str) -> None:
    for preview in (True, False):
        with pytest.raises(Refused) as refused:
            cancel(service_url, owner, no, key="k", preview=preview)
        assert refused.value.rule == rule


def test_nobody_elses_order_is_changed(service_url: str) -> None:
    thief = Access("web", "thief", "C2")
    for attempt in (
        lambda: cancel(service_url, thief, "A2", key="k"),
        lambda: change_address(service_url, thief, "A2", city="北京", address="盗贼大街1号", key="k"),
        lambda: change_item(service_url, thief, "A2", sku="P2-1", new_sku="P2-3", key="k"),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert count(service_url, RefundRow) == count(service_url, OrderChangeRow) == 0


def test_the_same_request_answers_the_same_and_another_one_with_its_key_is_refused(
    service_url: str, owner: Access
) -> None:
    first = cancel(service_url, owner, "A2", key="k")
    with freeze(now() + timedelta(hours=3)):
        assert cancel(service_url, owner, "A2", key="k") == first
    with pytest.raises(Refused) as refused:
        cancel(service_url, owner, "A1", key="k")
    assert refused.value.rule == "key_reused"
    assert count(service_url, RefundRow) == 1


def test_another_address_costs_what_shipping_there_costs(service_url: str, owner: Access) -> None:
    # A1: 2 shirts, 1.2 kg, 178 yuan, 6 yuan paid for Beijing; elsewhere first kg 10, each further half 4.
    planned = change_address(service_url, owner, "A1", city="保定市", address="新华路 5 号", key="k", preview=True)
    assert (planned.fee_difference_fen, planned.address, planned.old_address) == (
        800,
        "保定新华路 5 号",
        "北京和平路1号",
    )
    assert change_address(service_url, owner, "A1", city="保定市", address="新华路 5 号", key="k") == planned
    order = order_for(service_url, owner, "A1")
    assert (order.city, order.address, order.shipping_fen, order.amount_fen) == ("保定", "保定新华路 5 号", 1400, 19200)
    assert order.due_fen == 0  # not paid yet: the whole amount is
    back = change_address(service_url, owner, "A1", city="北京", address="北京市和平路1号", key="k2")
    assert (back.fee_difference_fen, back.address) == (-1400, "北京和平路1号")  # 178 yuan ship free in Beijing


def test_a_paid_order_owes_the_difference_and_gets_it_back(service_url: str, owner: Access) -> None:
    dearer = change_address(service_url, owner, "A2", city="乌鲁木齐", address="天山路 9 号", key="k")
    assert dearer.fee_difference_fen == 2800  # 1.1 kg, never free there
    order = order_for(service_url, owner, "A2")
    assert (order.due_fen, order.amount_fen) == (2800, 507600)
    with writing(service_url) as session:
        session.execute(update(OrderRow).where(OrderRow.no == "A2").values(due_fen=1000))  # 18 yuan were paid
    change_address(service_url, owner, "A2", city="保定", address="新华路 5 号", key="k2")
    assert order_for(service_url, owner, "A2").due_fen == 0
    assert [(refund.kind, refund.amount_fen) for refund in refunds(service_url, owner, "A2")] == [("shipping", 1800)]
    assert cancel(service_url, owner, "A2", key="k3").refund_fen == 504800


@pytest.mark.parametrize(
    ("no", "city", "address", "rule"),
    [
        ("A3", "北京", "新地址 1 号", "change_shipped"),
        ("A6", "北京", "新地址 1 号", "order_closed"),
        ("A1", "拉萨", "北京路 1 号", "region_not_served"),
        ("A1", "纽约", "第五大道 1 号", "region_not_served"),
        ("A1", "北京", "路", "address_too_short"),
        ("A1", "北京", "和平路1号", "item_same"),
    ],
)
def test_an_address_that_cannot_be(
    service_url: str, owner: Access, no: str, city: str, address: str, rule: str
) -> None:
    with pytest.raises(Refused) as refused:
        change_address(service_url, owner, no, city=city, address=address, key="k")
    assert refused.value.rule == rule
    assert count(service_url, OrderChangeRow) == 0


def test_some_goods_are_not_sent_everywhere(service_url: str, owner: Access) -> None:
    with writing(service_url) as session:
        session.execute(update(OrderRow).where(OrderRow.no == "A5").values(status="paid", shipped_at=None))
    with pytest.raises(Refused) as refused:
        change_address(service_url, owner, "A5", city="乌鲁木齐", address="天山路 9 号", key="k")
    assert refused.value == Refused("region_not_served", city="乌鲁木齐", category="家电")


def test_another_variant_moves_the_reservation_and_the_price(service_url: str, owner: Access) -> None:
    done = change_item(service_url, owner, "A1", sku="P2-1", new_sku="P2-4", quantity=3, key="k")
    assert (done.quantity, done.difference_fen, done.amount_fen) == (3, 3 * 8990 - 2 * 8900, 18400 + 9170)
    assert (reserved(service_url, "P2-4"), reserved(service_url, "P2-1")) == (3, 5)
    order = order_for(service_url, owner, "A1")
    assert [(line.sku, line.quantity, line.price_fen) for line in order.lines] == [("P2-4", 3, 8990)]
    assert order.amount_fen == 27570


def test_a_paid_order_becomes_cheaper_not_dearer(service_url: str, owner: Access) -> None:
    with writing(service_url) as session:
        session.add(PriceRow(sku="P2-4", valid_from=now(), price_fen=7900, list_fen=9900, market_fen=9500))
    with pytest.raises(Refused) as refused:
        change_item(service_url, owner, "A2", sku="P2-1", new_sku="P2-4", quantity=2, key="k")
    assert refused.value == Refused("item_costs_more", difference_fen=6900)
    done = change_item(service_url, owner, "A2", sku="P2-1", new_sku="P2-4", key="k2")
    assert (done.difference_fen, done.amount_fen) == (-1000, 503800)
    assert [(refund.kind, refund.amount_fen) for refund in refunds(service_url, owner, "A2")] == [("items", 1000)]


def test_a_discount_stays_as_far_as_it_is_earned(service_url: str, owner: Access) -> None:
    with writing(service_url) as session:
        session.execute(update(OrderRow).where(OrderRow.no == "A1").values(discount_fen=1000, amount_fen=17400))
    done = change_item(service_url, owner, "A1", sku="P2-1", new_sku="P2-1", quantity=1, key="k")
    assert done.amount_fen == 8900 + 600  # one shirt, below 150 yuan, no reduction; shipping as before


@pytest.mark.parametrize(
    ("no", "change", "rule"),
    [
        ("A1", {"sku": "P2-1", "new_sku": "P1-1"}, "item_other_product"),
        ("A1", {"sku": "P2-1", "new_sku": "NONE"}, "item_other_product"),
        ("A1", {"sku": "P2-1", "new_sku": "P2-1"}, "item_same"),
        ("A1", {"sku": "P2-1", "new_sku": "P2-2"}, "item_stock"),
        ("A1", {"sku": "P2-1", "new_sku": "P2-3"}, "item_stock"),  # only in another warehouse
        ("A1", {"sku": "P2-1", "new_sku": "P2-1", "quantity": 20}, "item_stock"),
        ("A3", {"sku": "P2-1", "new_sku": "P2-4"}, "change_shipped"),
    ],
)
def test_items_that_cannot_be(service_url: str, owner: Access, no: str, change: dict[str, str], rule: str) -> None:
    with pytest.raises(Refused) as refused:
        change_item(service_url, owner, no, key="k", **change)  # type: ignore[arg-type]
    assert refused.value.rule == rule
    with pytest.raises(BadQuantity):
        change_item(service_url, owner, "A1", sku="P2-1", new_sku="P2-4", quantity=0, key="k")


def test_a_coupon_is_used_once_and_comes_back_with_a_cancelled_order(service_url: str, owner: Access) -> None:
    def buy(coupon_id: str, key: str) -> int:
        return place_order(
            service_url, channel="web", account="w1", sku="P2-1", quantity=2, coupon_id=coupon_id, idempotency_key=key
        ).amount_fen

    # 178 yuan: 10 off from 150 on, then 20 by coupon.
    assert buy("Y1", "o1") == 17800 - 1000 - 2000
    with pytest.raises(Refused) as refused:
        buy("Y1", "o2")
    assert refused.value.rule == "coupon_used"
    with reading(service_url) as session:
        used_for = session.get(CouponRow, "Y1").order_no
    cancel(service_url, owner, used_for, key="k")
    assert [coupon.id for coupon in coupons(service_url, owner) if coupon.claimed] == ["Y1"]
    assert buy("Y1", "o3") == 14800


@pytest.mark.parametrize(
    ("coupon_id", "account", "sku", "quantity", "rule"),
    [
        ("Y1", "w1", "P2-1", 1, "coupon_minimum"),
        ("Y1", "w1", "P1-2", 1, "coupon_scope"),
        ("Y3", "w1", "P2-1", 1, "coupon_expired"),
        ("NONE", "w1", "P2-1", 2, "coupon_unknown"),
        ("Y1", "w2", "P2-1", 2, "coupon_unknown"),  # somebody else's
        ("Y1", "nobody", "P2-1", 2, "coupon_guest"),
    ],
)
def test_a_coupon_that_does_not_apply(
    service_url: str, coupon_id: str, account: str, sku: str, quantity: int, rule: str
) -> None:
    free = availability(service_url, sku).total
    with pytest.raises(Refused) as refused:
        place_order(
            service_url, channel="web", account=account, sku=sku, quantity=quantity, coupon_id=coupon_id,
            idempotency_key="o",
        )  # fmt: skip
    assert refused.value.rule == rule
    assert availability(service_url, sku).total == free


def test_coupons_are_claimed_once_and_new_customers_only_before_they_bought(service_url: str, owner: Access) -> None:
    newcomer = Access("web", "w3", "C3")
    assert [(c.promotion_id, c.claimed) for c in coupons(service_url, newcomer)] == [("K1", False), ("K2", False)]
    claimed = claim_coupon(service_url, newcomer, "K2", key="k")
    assert claimed.claimed
    assert claim_coupon(service_url, newcomer, "K2", key="k") == claimed
    for access, promotion, rule in (
        (newcomer, "K2", "coupon_claimed"),
        (owner, "K2", "coupon_new_customers"),
        (owner, "K3", "coupon_expired"),
        (owner, "A", "coupon_unknown"),
        (Access("web", "guest"), "K1", "coupon_guest"),
    ):
        with pytest.raises(Refused) as refused:
            claim_coupon(service_url, access, promotion, key=f"again {promotion}")
        assert refused.value.rule == rule
    assert count(service_url, CouponRow) == 3
    assert count(service_url, TicketRow) == 0


def test_an_order_with_a_city_pays_for_shipping(service_url: str) -> None:
    def buy(city: str) -> tuple[int, int]:
        placed = place_order(
            service_url, channel="web", account="w1", sku="P2-1", quantity=1, city=city, warehouse_id="BJ",
            idempotency_key=city,
        )  # fmt: skip
        return placed.shipping_fen, placed.amount_fen

    assert buy("北京") == (600, 9500)
    assert buy("保定") == (1000, 9900)
    assert buy("火星") == (0, 8900)  # a place that nobody knows is asked for later
    with pytest.raises(Refused) as refused:
        buy("拉萨")
    assert refused.value.rule == "region_not_served"
    with freeze(beijing("2026-06-12 00:00")):
        assert order_for(service_url, Access("web", "w1", "C1"), "A1").city == "北京"
