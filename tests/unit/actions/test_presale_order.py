"""Ordering: the customer's coupon, the city where it matters, and systems that are down."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.clock import now
from bot.db import reading, writing
from bot.settings import get_settings
from bot.shop import Access, SystemDown, find_order
from bot.shop.adapters.local import LocalCrm, LocalInventory, LocalOrders
from bot.shop.customers import claim_coupon
from bot.shop.offer_tables import CouponRow
from bot.shop.trade_tables import OrderRow
from tests.dialogue import Bot, Talk

Member = Callable[[str], str]
NEWCOMER = "C0232"
LIPSTICK, NOODLES = "口红枫叶橘有货吗，发成都", "螺蛳粉单袋有货吗"


def claim(shop: str) -> str:
    """The newcomer's coupon of ¥5.00."""
    return claim_coupon(shop, Access("rest", "demo-newcomer", NEWCOMER), "CP-NEW", key="t").id


def orders(shop: str) -> int:
    with reading(shop) as session:
        return session.scalar(select(func.count()).select_from(OrderRow)) or 0


async def asked(bot: Bot, text: str, sender: str | None = None) -> Talk:
    talk = bot.talk("rest", sender)
    await talk.say(text, "ask_stock")
    return talk


async def test_the_coupon_that_helps_is_used_said_and_charged(bot: Bot, shop: str, member: Member) -> None:
    coupon = claim(shop)
    talk = await asked(bot, LIPSTICK, member(NEWCOMER))
    offer = (await talk.say("是的", "affirm")).text
    assert "共¥124.00（已优惠¥5.00，用了您的新客立减券）" in offer
    number = re.search(r"DX\d+", (await talk.say("是的", "affirm")).text)
    assert number
    order = find_order(shop, number.group())
    assert order is not None and order.amount_fen == 12400
    with reading(shop) as session:
        row = session.get(CouponRow, coupon)
        assert row is not None and row.order_no == order.no
    talk = await asked(bot, LIPSTICK, member(NEWCOMER))
    assert "共¥129.00，" in (await talk.say("是的", "affirm")).text  # used up


async def test_a_coupon_used_meanwhile_is_offered_anew_without_it(bot: Bot, shop: str, member: Member) -> None:
    coupon = claim(shop)
    talk = await asked(bot, LIPSTICK, member(NEWCOMER))
    await talk.say("是的", "affirm")
    before = orders(shop)
    with writing(shop) as session:
        session.execute(update(CouponRow).where(CouponRow.id == coupon).values(used_at=now()))
    reply = await talk.say("是的", "affirm")
    assert "用不了了" in reply.text and "共¥129.00" in reply.text and orders(shop) == before
    assert "应付¥129.00" in (await talk.say("是的", "affirm")).text


async def test_the_city_is_asked_where_postage_hangs_on_it(bot: Bot, shop: str) -> None:
    talk = await asked(bot, NOODLES)
    assert "寄到哪个城市" in (await talk.say("是的", "affirm")).text
    reply = await talk.say("多少钱", "ask_price")
    assert "¥12.90" in reply.text and "寄到哪个城市" in reply.messages[-1]["text"]
    offer = (await talk.say("北京", "inform")).text
    assert "共¥20.90（含运费¥8.00）" in offer
    placed = (await talk.say("好的", "affirm")).text
    number = re.search(r"DX\d+", placed)
    assert number and "应付¥20.90（含运费¥8.00）" in placed
    order = find_order(shop, number.group())
    assert order is not None and order.amount_fen == 2090


@pytest.mark.parametrize(("text", "intent"), [("先不说", "deny"), ("不方便说", "inform"), ("随便", "chitchat")])
async def test_who_keeps_the_city_to_himself_may_order_all_the_same(bot: Bot, text: str, intent: str) -> None:
    talk = await asked(bot, NOODLES)
    await talk.say("是的", "affirm")
    assert "共¥12.90" in (await talk.say(text, intent)).text
    assert "订单已生成" in (await talk.say("是的", "affirm")).text


async def test_leaving_at_the_city_orders_nothing(bot: Bot, shop: str) -> None:
    before = orders(shop)
    talk = await asked(bot, NOODLES)
    await talk.say("是的", "affirm")
    assert "先不下单" in (await talk.say("算了", "deny")).text and orders(shop) == before


class Broken:
    """Puts systems down, `broken(LocalCrm, "coupons")`, until `mend()`."""

    def __init__(self) -> None:
        self.whole: list[tuple[type, str, Any]] = []

    def __call__(self, system: type, method: str) -> None:
        async def fail(*_: Any, **__: Any) -> None:
            raise SystemDown(system.__name__.removeprefix("Local").lower(), "超时")

        self.whole.append((system, method, getattr(system, method)))
        setattr(system, method, fail)

    def mend(self) -> None:
        """All systems work again."""
        for system, method, whole in self.whole:
            setattr(system, method, whole)


@pytest.fixture
def broken() -> Iterator[Broken]:
    systems = Broken()
    yield systems
    systems.mend()


@pytest.mark.parametrize(
    ("system", "method", "text", "intent", "told"),
    [
        (LocalCrm, "coupons", "T恤有什么优惠", "ask_promotion", "会员系统"),
        (LocalCrm, "identify", "iPhone 14可以分期吗", "ask_payment", "会员系统"),
        (LocalCrm, "identify", '/ask_promotion{"coupon": "CP-NEW"}', "", "会员系统"),
        (LocalInventory, "availability", "iPhone 14几天到北京", "ask_delivery_time", "库存系统"),
        (LocalInventory, "availability", "iPhone 14寄北京包邮吗", "ask_shipping_fee", "库存系统"),
        (LocalInventory, "stock", "T恤一米七五130斤穿多大", "ask_size", "库存系统"),
        (LocalInventory, "availability", "iPhone 14 256G有货吗", "ask_stock", "库存系统"),
    ],
)
async def test_a_system_that_is_down_is_named_and_a_person_offered(
    bot: Bot, broken: Broken, system: type, method: str, text: str, intent: str, told: str
) -> None:
    broken(system, method)
    reply = await bot.talk().say(text, intent)
    assert f"{told}暂时连不上" in reply.text and "转人工" in reply.buttons
    assert len([m for m in reply.messages if m.get("text")]) == 1  # no half answer before


async def test_what_was_said_is_kept_until_the_system_is_back(bot: Bot, broken: Broken) -> None:
    talk = bot.talk()
    broken(LocalInventory, "availability")
    assert "库存系统暂时连不上" in (await talk.say("iPhone 14 256G寄北京要几天", "ask_delivery_time")).text
    broken.mend()
    assert "iPhone 14 256G 午夜色现在下单，北京仓库" in (await talk.say("现在呢，几天", "ask_delivery_time")).text


@pytest.mark.parametrize(
    "intent", ["ask_price", "ask_size", "recommend_product", "ask_shipping_fee", "compare_products"]
)
async def test_without_the_shops_database_nothing_breaks(
    bot: Bot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, intent: str
) -> None:
    monkeypatch.setattr(get_settings(), "shop_url", f"sqlite:///{tmp_path}/no/such/folder/shop.db")
    reply = await bot.talk().say("🙂", intent)
    assert "店铺系统暂时连不上" in reply.text and "转人工" in reply.buttons


async def test_orders_down_keeps_the_offer_and_one_order_comes_of_it(bot: Bot, shop: str, broken: Broken) -> None:
    before = orders(shop)
    talk = await asked(bot, LIPSTICK)
    await talk.say("是的", "affirm")
    broken(LocalOrders, "place")
    assert "订单系统暂时连不上" in (await talk.say("是的", "affirm")).text and orders(shop) == before
    broken.mend()
    assert "¥129.00" in (await talk.say("帮我下单", "place_order")).text
    assert "订单已生成" in (await talk.say("是的", "affirm")).text and orders(shop) == before + 1


async def test_an_order_that_went_through_unheard_is_not_placed_twice(
    bot: Bot, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, place = orders(shop), LocalOrders.place

    async def unheard(self: LocalOrders, *args: Any, **values: Any) -> None:
        await place(self, *args, **values)
        raise SystemDown("orders", "超时")

    talk = await asked(bot, LIPSTICK)
    await talk.say("是的", "affirm")
    with monkeypatch.context() as context:
        context.setattr(LocalOrders, "place", unheard)
        reply = await talk.say("是的", "affirm")
    assert "订单系统暂时连不上" in reply.text and orders(shop) == before + 1
    assert "¥129.00" in (await talk.press(reply, "再试一次")).text
    assert "订单已生成" in (await talk.say("是的", "affirm")).text and orders(shop) == before + 1


async def test_without_the_crm_the_order_goes_on_without_coupons(
    bot: Bot, shop: str, member: Member, broken: Broken
) -> None:
    claim(shop)
    broken(LocalCrm, "coupons")
    talk = await asked(bot, LIPSTICK, member(NEWCOMER))
    reply = await talk.say("是的", "affirm")
    assert "按没用券的价格算" in reply.text and "共¥129.00" in reply.text
