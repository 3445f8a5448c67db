"""Advice before a purchase: prices, comparison, offers, sizes, recommendations, payment, shipping, origin."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_shop import beijing
from sqlalchemy import delete, update

from bot.clock import freeze
from bot.db import writing
from bot.shop import Access, BadQuantity, Coupon, Refused, UnknownSku, UnknownWarehouse, place_order
from bot.shop.customers import coupons
from bot.shop.offer_tables import SizeRow
from bot.shop.presale import (
    Demand,
    advise_size,
    compare,
    instalment_plan,
    instalment_plans,
    origin_of,
    payment_options,
    price_basket,
    price_insight,
    product_facts,
    recommend,
    shipping_quote,
)
from bot.shop.presale.carriage import grams_of
from bot.shop.presale.insight import lowest_since
from bot.shop.tables import PriceRow, PromotionRow, StockRow, WarehouseRow

OWNER = Access("web", "w1", "C1")


def set_prices(url: str, sku: str, *points: tuple[str, int]) -> None:
    with writing(url) as session:
        session.execute(delete(PriceRow).where(PriceRow.sku == sku))
        for day, fen in points:
            session.add(
                PriceRow(sku=sku, valid_from=beijing(f"{day} 00:00"), price_fen=fen, list_fen=fen, market_fen=620000)
            )


def test_a_price_comes_with_its_lows_and_its_latest_change(service_url: str) -> None:
    set_prices(
        service_url, "P1-2", ("2026-01-01", 500000), ("2026-02-20", 640000), ("2026-04-20", 590000),
        ("2026-05-05", 610000), ("2026-06-01", 600000),
    )  # fmt: skip
    found = price_insight(service_url, "P1-2")  # 10 June: 30 days back is 11 May, 90 days 12 March
    assert (found.lowest_30_fen, found.lowest_90_fen, found.below_market_fen) == (600000, 590000, 20000)
    assert found.last_change is not None
    assert (found.last_change.before_fen, found.last_change.by_fen) == (610000, -10000)
    assert lowest_since(found.price, beijing("2026-04-25 00:00")) == 590000  # in force then, though it began before


def test_a_price_that_never_changed_has_no_change(service_url: str) -> None:
    assert price_insight(service_url, "P1-1").last_change is None
    with pytest.raises(UnknownSku):
        price_insight(service_url, "NONE")


def test_two_products_side_by_side_show_only_what_differs(service_url: str) -> None:
    found = compare(service_url, "P1", "P4")
    assert found.rows == (
        ("屏幕", "6.1英寸", ""),
        ("电池", "5000mAh", ""),
        ("容量", "", "4升"),
        ("保修", "", "整机一年，内胆三年"),
    )
    assert (found.left.variant.sku, found.left.price_fen, found.left.market_fen) == ("P1-1", 499900, 519900)
    assert (found.left.interest_free, found.right.interest_free) == (3, 3)
    assert compare(service_url, "P1-2", "P1-3").rows == ()
    with pytest.raises(UnknownSku):
        compare(service_url, "P1", "NONE")


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("续航怎么样", {"电池"}),
        ("屏幕多大", {"屏幕"}),
        ("支持5000MAH吗", {"电池"}),
        ("介绍一下", {"屏幕", "电池"}),
    ],
)
def test_a_product_page_answers_what_is_asked(service_url: str, question: str, found: set[str]) -> None:
    assert set(product_facts(service_url, "P1", question).found) == found


def test_a_basket_is_priced_to_the_fen_with_the_best_coupon(service_url: str) -> None:
    # Clothes 356 − 40 (from 300 on) − 20 by coupon; dates 2 × 50, the second at half price.
    basket = price_basket(service_url, {"P2-1": 4, "P3-1": 2}, coupons=coupons(service_url, OWNER))
    assert [(offer.promotion_id, offer.saved_fen) for offer in basket.offers] == [("F", 2500), ("D", 4000)]
    assert basket.coupon is not None
    assert (basket.coupon.id, basket.goods_fen, basket.saved_fen, basket.payable_fen) == ("Y1", 45600, 8500, 37100)
    assert [(line.sku, line.net_fen) for line in basket.lines] == [("P2-1", 29600), ("P3-1", 7500)]


def test_a_basket_costs_what_the_order_costs(service_url: str) -> None:
    basket = price_basket(service_url, {"P2-1": 2}, coupons=coupons(service_url, OWNER), city="保定", warehouse_id="BJ")
    placed = place_order(
        service_url, channel="web", account="w1", sku="P2-1", quantity=2, coupon_id="Y1", city="保定",
        warehouse_id="BJ", idempotency_key="k",
    )  # fmt: skip
    assert (basket.payable_fen, basket.shipping_fen) == (placed.amount_fen, placed.shipping_fen) == (16200, 1400)


@pytest.mark.parametrize(
    ("lines", "saved"),
    [
        ({"P2-1": 1}, []),
        ({"P2-1": 2}, [("E", 1000)]),  # two reductions hold, a line counts for one: the better
        ({"P2-1": 4}, [("D", 4000)]),
        ({"P3-1": 1}, []),
        ({"P3-1": 3}, [("F", 2500)]),
        ({"P3-1": 4}, [("F", 5000)]),
        ({"P1-2": 1}, [("G", 0)]),  # a gift saves nothing and is told
    ],
)
def test_offers_stack_as_the_rules_say(service_url: str, lines: dict[str, int], saved: list[tuple[str, int]]) -> None:
    assert [(o.promotion_id, o.saved_fen) for o in price_basket(service_url, lines).offers] == saved


def test_a_line_split_between_reductions_saves_most(service_url: str) -> None:
    """One reduction for the whole shop, one for clothes: both are earned when each has lines of its own."""
    with writing(service_url) as session:
        session.add(
            PromotionRow(
                id="Z", name="满200减35", kind="reduction", rule={"over_fen": 20000, "minus_fen": 3500},
                starts_at=beijing("2026-01-01 00:00"), ends_at=beijing("2027-01-01 00:00"), categories=[], skus=[],
            )
        )  # fmt: skip
    basket = price_basket(service_url, {"P2-1": 4, "P4-1": 1})
    assert {offer.promotion_id for offer in basket.offers} == {"D", "Z"}
    assert basket.saved_fen == 7500


def test_what_a_little_more_would_earn_is_told(service_url: str) -> None:
    basket = price_basket(service_url, {"P2-1": 1}, coupons=coupons(service_url, OWNER))
    assert [(missed.promotion_id, missed.short_fen, missed.saves_fen) for missed in basket.missed] == [
        ("K1", 1100, 2000),
        ("E", 6100, 1000),
    ]
    assert [m.promotion_id for m in price_basket(service_url, {"P2-1": 2}).missed] == ["D"]


@pytest.mark.parametrize(
    ("coupon", "lines", "rule"),
    [
        ("Y1", {"P2-1": 1}, "coupon_minimum"),
        ("Y1", {"P1-1": 1}, "coupon_scope"),
        ("NONE", {"P2-1": 2}, "coupon_unknown"),
        ("OLD", {"P2-1": 2}, "coupon_expired"),
        ("K2", {"P2-1": 2}, "coupon_unknown"),  # to be claimed first
    ],
)
def test_a_wished_coupon_that_cannot_be_used_says_why(
    service_url: str, coupon: str, lines: dict[str, int], rule: str
) -> None:
    old = Coupon("OLD", "K1", "旧券", 100, 50, beijing("2026-06-09 00:00"))
    with pytest.raises(Refused) as refused:
        price_basket(service_url, lines, coupons=[*coupons(service_url, OWNER), old], coupon_id=coupon)
    assert refused.value.rule == rule


def test_wrong_baskets(service_url: str) -> None:
    for quantity in (0, 21):
        with pytest.raises(BadQuantity):
            price_basket(service_url, {"P2-1": quantity})
    with pytest.raises(UnknownSku):
        price_basket(service_url, {"NONE": 1})
    with pytest.raises(Refused, match="region_not_served"):
        price_basket(service_url, {"P2-1": 1}, city="火星")


@pytest.mark.parametrize(
    ("measures", "size", "between", "beyond"),
    [
        ({"height_cm": 172, "weight_kg": 65}, "L", (), ""),
        ({"weight_kg": 60}, "L", (), ""),  # M ends below 60
        ({"weight_kg": 59.9}, "M", (), ""),
        ({"height_cm": 165, "weight_kg": 72}, "XL", ("M", "XL"), ""),  # the larger: what is too tight cannot be worn
        ({"height_cm": 179}, "XL", (), ""),  # a gap in the chart
        ({"weight_kg": 49}, None, (), "small"),
        ({"weight_kg": 80}, None, (), "large"),
        ({"foot_mm": 250}, None, (), ""),  # the chart knows no feet
        ({}, None, (), ""),
    ],
)
def test_sizes(
    service_url: str, measures: dict[str, float], size: str | None, between: tuple[str, ...], beyond: str
) -> None:
    advice = advise_size(service_url, "P2", **measures)
    assert (advice.size, advice.between, advice.beyond) == (size, between, beyond)


def test_a_size_comes_with_a_variant_in_stock(service_url: str) -> None:
    assert advise_size(service_url, "P2", weight_kg=65).sku == "P2-4"  # black L is sold out, white is not
    assert advise_size(service_url, "P2", weight_kg=65, colour="黑色").sku is None
    assert advise_size(service_url, "P1", weight_kg=65).chart is None
    with pytest.raises(UnknownSku):
        advise_size(service_url, "NONE", weight_kg=65)


def test_where_sizes_overlap_the_nearest_middle_wins(service_url: str) -> None:
    with writing(service_url) as session:
        session.execute(update(SizeRow).where(SizeRow.measure == "weight", SizeRow.size == "M").values(high=66))
    assert advise_size(service_url, "P2", weight_kg=61).size == "M"
    assert advise_size(service_url, "P2", weight_kg=65).size == "L"


def test_recommendations_meet_every_demand_and_say_why(service_url: str) -> None:
    (phone,) = recommend(service_url, category="手机", budget_fen=600000, demands=[Demand("电池", "at_least", 5000)])
    assert (phone.variant.product.id, phone.price_fen) == ("P1", 599900)  # the best that the budget buys
    reasons = {reason.kind: reason for reason in phone.reasons}
    assert (reasons["parameter"].name, reasons["parameter"].value) == ("电池", "5000mAh")
    assert reasons["budget"].fen == 100
    assert {"below_market", "interest_free", "in_stock", "lowest"} <= set(reasons)


@pytest.mark.parametrize(
    ("wish", "products"),
    [
        ({"category": "手机", "budget_fen": 100000}, []),
        ({"category": "手机", "demands": [Demand("电池", "at_least", 5001)]}, []),
        ({"category": "手机", "demands": [Demand("电池", "at_most", 5000)]}, ["P1"]),
        ({"demands": [Demand("材质", "contains", "棉")]}, ["P2"]),
        ({"demands": [Demand("材质", "at_least", 1)]}, []),  # no number there
        ({"words": ["红枣"]}, ["P3"]),
        ({"words": ["红枣", "鲜虾"]}, ["P3", "P5"]),
        ({"words": ["飞船"]}, []),
        ({"category": "食品", "without": ["P3"]}, ["P5"]),
        ({"category": "没有的"}, []),
    ],
)
def test_recommendations(service_url: str, wish: dict[str, object], products: list[str]) -> None:
    found = recommend(service_url, **wish)  # type: ignore[arg-type]
    assert sorted(one.variant.product.id for one in found) == products


def test_nothing_sold_out_is_recommended_and_never_more_than_three(service_url: str) -> None:
    assert len(recommend(service_url)) == 3
    with writing(service_url) as session:
        session.execute(update(StockRow).where(StockRow.sku == "P3-1").values(on_hand=0))
    assert recommend(service_url, words=["红枣"]) == []


def test_ways_to_pay_follow_amount_and_goods(service_url: str) -> None:
    cheap = {option.id for option in payment_options(service_url, {"P3-1": 1}, 5000)}
    assert {"wechat", "alipay", "cod"} <= cheap
    assert not {"instalment", "transfer"} & cheap
    phone = {option.id: option for option in payment_options(service_url, {"P1-2": 1}, 599900)}
    assert "cod" not in phone
    assert [(plan.periods, plan.interest_free) for plan in phone["instalment"].plans] == [
        (3, True),
        (6, True),
        (12, True),
    ]


def test_interest_free_must_cover_every_line(service_url: str) -> None:
    plans = {plan.periods: plan for plan in instalment_plans(service_url, {"P1-2": 1, "P2-1": 1}, 608800)}
    assert plans[3].interest_free  # for the whole shop
    assert not plans[12].interest_free  # for phones
    assert plans[12].fee_fen == 12 * round(608800 * 65 / 10000)


@given(st.integers(1, 10**8), st.integers(1, 36), st.integers(0, 1000))
def test_instalments_add_up_to_the_fen(principal: int, periods: int, rate: int) -> None:
    plan = instalment_plan(principal, periods, rate)
    assert plan.each_fen * (periods - 1) + plan.last_fen == plan.total_fen == principal + plan.fee_fen
    assert 0 <= plan.last_fen - plan.each_fen < periods
    assert plan.interest_free == (plan.fee_fen == 0)


def test_instalments_round_on_the_last_one() -> None:
    plan = instalment_plan(100000, 3, 75)
    assert (plan.fee_fen, plan.each_fen, plan.last_fen, plan.total_fen) == (2250, 34083, 34084, 102250)
    for principal, periods in ((0, 3), (100, 0)):
        with pytest.raises(ValueError, match="分期"):
            instalment_plan(principal, periods, 0)


@pytest.mark.parametrize(
    ("city", "quantity", "fee", "short", "days"),
    [
        ("北京", 1, 600, 1000, (1, 1)),
        ("北京市", 2, 0, 0, (1, 1)),
        ("保定", 1, 1000, 11000, (2, 4)),
        ("保定", 2, 1400, 2100, (2, 4)),  # 1.2 kg: one begun step
        ("保定", 3, 0, 0, (2, 4)),
        ("乌鲁木齐", 2, 2800, 0, (5, 8)),  # never free there
    ],
)
def test_shipping_fee_and_days(
    service_url: str, city: str, quantity: int, fee: int, short: int, days: tuple[int, int]
) -> None:
    quote = shipping_quote(service_url, {"P2-1": quantity}, city)
    assert (quote.fee_fen, quote.short_fen, quote.warehouse_id) == (fee, short, "BJ")
    assert quote.ship_by == beijing("2026-06-10 18:00")
    assert (quote.earliest_on, quote.latest_on) == (date(2026, 6, 10 + days[0]), date(2026, 6, 10 + days[1]))


def test_after_the_cut_off_it_arrives_a_day_later(service_url: str) -> None:
    with freeze(beijing("2026-06-10 16:00")):
        assert shipping_quote(service_url, {"P2-1": 1}, "北京").earliest_on == date(2026, 6, 12)


def test_shipping_that_cannot_be(service_url: str) -> None:
    for lines, city, rule in (({"P2-1": 1}, "拉萨", ""), ({"P2-1": 1}, "纽约", ""), ({"P4-1": 1}, "乌鲁木齐", "家电")):
        with pytest.raises(Refused) as refused:
            shipping_quote(service_url, lines, city)
        assert refused.value == Refused("region_not_served", city=city, category=rule)
    with pytest.raises(UnknownSku):
        shipping_quote(service_url, {"NONE": 1}, "北京")
    with pytest.raises(BadQuantity):
        shipping_quote(service_url, {}, "北京")
    with pytest.raises(UnknownWarehouse):
        shipping_quote(service_url, {"P2-1": 1}, "北京", warehouse_id="MARS")


def test_a_warehouse_without_rules_ships_free_in_usual_time(service_url: str) -> None:
    quote = shipping_quote(service_url, {"P2-1": 1}, "上海", warehouse_id="SH")
    assert (quote.fee_fen, quote.carrier, quote.free_over_fen) == (0, "", 0)
    assert (quote.latest_on - quote.earliest_on).days == 2


def test_goods_that_are_sold_out_are_quoted_from_the_nearest_warehouse(service_url: str) -> None:
    assert shipping_quote(service_url, {"P1-4": 1}, "苏州").warehouse_id == "SH"
    with writing(service_url) as session:
        session.execute(update(WarehouseRow).values(regions=[]))
    assert shipping_quote(service_url, {"P1-4": 1}, "苏州").warehouse_id == "BJ"


@pytest.mark.parametrize(
    ("category", "parameters", "grams"),
    [
        ("手机", {}, 500),
        ("服饰", {"毛重": "600克"}, 600),
        ("服饰", {"毛重": "约1.5 kg"}, 1500),
        ("食品", {"毛重": "2斤"}, 1000),
        ("其他", {"毛重": "很轻"}, 1000),
    ],
)
def test_weights(category: str, parameters: dict[str, str], grams: int) -> None:
    assert grams_of(category, parameters) == grams


def test_origin_tells_whether_the_licence_still_counts(service_url: str) -> None:
    phone, shirt = origin_of(service_url, "P1"), origin_of(service_url, "P2")
    assert phone is not None
    assert shirt is not None
    assert (phone.source, phone.batch, phone.licence_valid) == ("品牌授权经销", "P1-01", True)  # its last day
    assert shirt.licence_valid is False
    assert origin_of(service_url, "P3") is None
    with pytest.raises(UnknownSku):
        origin_of(service_url, "NONE")
