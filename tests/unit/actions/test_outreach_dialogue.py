"""Offers in conversations with the demo's customers: said once, honest, and never where they would hurt."""

from typing import Any

import pytest
from sqlalchemy import select, update

from bot.db import reading, writing
from bot.shop import Access, find_order, place_order
from bot.shop.customer_tables import OfferRow, WishRow
from bot.shop.customers import coupons
from bot.shop.errors import Refused
from bot.shop.outreach import offers_on
from bot.shop.payments import record_payment
from bot.shop.presale import price_basket
from bot.shop.trade_tables import AccountRow, OrderRow
from tests.dialogue import Bot, Reply, Talk

OWN, NEWCOMER = "C0233", "C0232"
SAID = "尊敬的VIP客户，您上次购买的iPhone 13有新品iPhone 14到货，现在下单可享8折优惠"


def offers(shop: str, customer: str = OWN) -> list[Any]:
    with reading(shop) as session:
        rows = select(OfferRow).where(OfferRow.customer_id == customer).order_by(OfferRow.shown_at)
        return list(session.scalars(rows))


def come(bot: Bot, shop: str, customer: str = OWN, channel: str = "rest") -> Talk:
    """A new conversation of a customer."""
    talk = bot.talk(channel)
    with writing(shop) as session:
        session.add(AccountRow(channel=channel, account=talk.sender, customer_id=customer))
    return talk


async def greet(bot: Bot, shop: str, customer: str = OWN, channel: str = "rest", **more: Any) -> Reply:
    return await come(bot, shop, customer, channel).say("你好", "greet", **more)


async def test_a_vip_is_greeted_with_the_successor_of_the_last_purchase(bot: Bot, shop: str) -> None:
    reply = await greet(bot, shop)
    assert SAID in reply.text and "¥5,399.00的商品只要¥4,319.20" in reply.text and "11月27日24点" in reply.text
    assert [(o.script, o.segment, o.outcome, o.product_id) for o in offers(shop)] == [
        ("vip_greeting", "vip", "shown", "P1001")
    ]


async def test_the_discount_is_that_of_the_placed_order(bot: Bot, shop: str) -> None:
    talk = come(bot, shop)
    reply = await talk.say("你好", "greet")
    await talk.press(reply, "看看这件")
    assert offers(shop)[0].outcome == "clicked"
    (coupon,) = [c for c in coupons(shop, Access("rest", talk.sender, OWN)) if c.personal]
    basket = price_basket(shop, {"P1001-01": 1}, coupons=[coupon], city="北京")
    order = place_order(
        shop, channel="rest", account=talk.sender, sku="P1001-01", quantity=1, city="北京", coupon_id=coupon.id,
        idempotency_key="k",
    )  # fmt: skip
    assert basket.payable_fen - basket.shipping_fen == order.amount_fen - order.shipping_fen == 539900 * 80 // 100
    (offer,) = offers(shop)
    assert (offer.outcome, offer.order_no, offer.amount_fen) == ("ordered", order.no, order.amount_fen)
    assert offer.discount_fen == 539900 * 20 // 100
    with pytest.raises(Refused, match="coupon_used"):
        place_order(
            shop,
            channel="rest",
            account=talk.sender,
            sku="P1001-01",
            quantity=1,
            coupon_id=coupon.id,
            idempotency_key="k2",
        )


async def test_the_flow_itself_uses_the_coupon(bot: Bot, shop: str) -> None:
    talk = come(bot, shop)
    reply = await talk.say("你好", "greet")
    await talk.press(reply, "看看这件")
    await talk.say("128G午夜色", "inform")
    asked = (await talk.say("是的", "affirm")).text
    assert "¥4,319.20" in asked and "1,079.80" in asked
    assert "应付¥4,319.20" in (await talk.say("是的", "affirm")).text
    assert offers(shop)[0].outcome == "ordered"


async def test_once_in_a_conversation_and_not_again_the_next_day(bot: Bot, shop: str) -> None:
    talk = come(bot, shop)
    await talk.say("你好", "greet")
    assert SAID not in (await talk.say("在吗", "greet")).text
    assert "VIP" not in (await greet(bot, shop)).text and len(offers(shop)) == 1


@pytest.mark.parametrize("feeling", [("impatient", 2), ("impatient", 1), ("calm", 1)])
async def test_an_impatient_vip_gets_no_offer(bot: Bot, shop: str, feeling: tuple[str, int]) -> None:
    assert "VIP" not in (await greet(bot, shop, feeling=feeling)).text and offers(shop) == []


async def test_no_offer_after_a_complaint_or_a_hand_over_or_inside_a_flow(bot: Bot, shop: str) -> None:
    for text, intent in (
        ("用两次就坏", "complain_quality"),
        ("转人工", "request_human"),
        ("iPhone 14有货吗", "ask_stock"),
    ):
        talk = come(bot, shop)
        await talk.say(text, intent)
        assert "VIP" not in (await talk.say("你好", "greet")).text
    assert offers(shop) == []


async def test_guests_and_newcomers_get_the_plain_greeting(bot: Bot, shop: str) -> None:
    for talk in (bot.talk(), come(bot, shop, NEWCOMER)):
        reply = await talk.say("你好", "greet")
        assert len(reply.messages) == 1 and "我是店小二" in reply.text


async def test_declined_rests_and_is_written_down(bot: Bot, shop: str) -> None:
    talk = come(bot, shop)
    reply = await talk.say("你好", "greet")
    assert "没关系" in (await talk.press(reply, "不用了")).text
    assert offers(shop)[0].outcome == "declined"


async def test_a_no_to_something_else_declines_nothing(bot: Bot, shop: str) -> None:
    talk = come(bot, shop)
    await talk.say("你好", "greet")
    await talk.say("你是谁", "ask_bot")
    await talk.say("不用了", "deny")
    assert offers(shop)[0].outcome == "shown"


@pytest.mark.parametrize("said", ["别再给我推销了", "button"])
async def test_the_off_switch_is_recorded_and_reversible(bot: Bot, shop: str, said: str) -> None:
    talk = come(bot, shop)
    reply = await talk.say("你好", "greet")
    reply = await talk.press(reply, "别再推荐") if said == "button" else await talk.say(said, "complain_service")
    assert "以后不再向您推荐" in reply.text and not offers_on(shop, OWN)
    assert offers(shop)[0].outcome == "declined"
    with writing(shop) as session:
        session.execute(update(OfferRow).values(shown_at=OfferRow.shown_at, outcome="ignored", script="older"))
    assert "VIP" not in (await greet(bot, shop)).text
    assert "已恢复" in (await talk.say("恢复推荐吧")).text and offers_on(shop, OWN)


async def test_an_order_about_to_expire_comes_first_and_its_payment_counts(bot: Bot, shop: str) -> None:
    order = place_order(shop, channel="rest", account="demo-vip", sku="P5004-01", quantity=1, idempotency_key="k")
    with writing(shop) as session:
        row = session.get(OrderRow, order.no)
        row.pay_before = row.created_at.replace(hour=row.created_at.hour + 5)
    reply = await greet(bot, shop)
    assert order.no in reply.text and "今日15:00前不付款会自动取消" in reply.text and "VIP" not in reply.text
    assert record_payment(shop, order.no, method="wechat") and not record_payment(shop, order.no, method="wechat")
    assert [(o.script, o.outcome, o.amount_fen) for o in offers(shop)] == [
        ("order_expiring", "ordered", order.amount_fen)
    ]
    assert find_order(shop, order.no).status == "paid"  # type: ignore[union-attr]


async def test_goods_that_are_back_are_told_once(bot: Bot, shop: str, stock: Any) -> None:
    stock("P1003-01", 0)
    talk = come(bot, shop, NEWCOMER)
    assert "没有货" in (await talk.say("iPhone 13 128G 午夜色有货吗", "ask_stock")).text
    with reading(shop) as session:
        wished = session.scalars(select(WishRow.sku)).all()
    assert wished == ["P1003-01"]
    assert "到货" not in (await greet(bot, shop, NEWCOMER)).text
    stock("P1003-01", 3, only="BJ")
    reply = await greet(bot, shop, NEWCOMER)
    assert "您之前问过的iPhone 13" in reply.text and "到货了" in reply.text
    with reading(shop) as session:
        assert session.scalars(select(WishRow.told_at)).one() is not None


REGULAR = "顺便告诉您，您买过的iPhone 13有新品iPhone 14到货，老客户9.5折"


async def invoice(talk: Talk) -> Reply:
    """The reply to the last yes for an invoice."""
    await talk.say("DX800000000020开个人发票", "ask_invoice")
    await talk.say("个人", "inform")
    await talk.say("不用发邮箱", "deny")
    return await talk.say("确认", "affirm")


async def test_after_a_resolved_request_a_known_customer_hears_of_news(bot: Bot, shop: str) -> None:
    talk = come(bot, shop)
    reply = await invoice(talk)
    assert "开票申请提交了" in reply.messages[0]["text"] and REGULAR in reply.messages[-1]["text"]
    assert [(o.script, o.situation, o.outcome) for o in offers(shop)] == [("regular_resolved", "resolved", "shown")]
    assert "没关系" in (await talk.press(reply, "不用了")).text and offers(shop)[0].outcome == "declined"


async def test_after_an_order_that_was_placed_and_one_offer_in_a_conversation(bot: Bot, shop: str) -> None:
    talk = come(bot, shop)
    await talk.say("口红枫叶橘有货吗，发成都", "ask_stock")
    await talk.say("是的", "affirm")
    reply = await talk.say("是的", "affirm")
    assert "订单已生成" in reply.text and REGULAR in reply.text
    assert "顺便" not in (await invoice(talk)).text and len(offers(shop)) == 1


async def test_nobody_is_offered_what_they_have_just_ordered(bot: Bot, shop: str) -> None:
    talk = come(bot, shop)
    await talk.say("iPhone 14 128G 午夜色有货吗，发北京", "ask_stock")
    await talk.say("是的", "affirm")
    reply = await talk.say("是的", "affirm")
    assert "订单已生成" in reply.text and "有新品iPhone 14" not in reply.text


@pytest.mark.parametrize("before", [("用两次就坏", "complain_quality"), ("转人工", "request_human")])
async def test_no_offer_after_a_resolved_request_of_a_complaining_customer(
    bot: Bot, shop: str, before: tuple[str, str]
) -> None:
    talk = come(bot, shop)
    await talk.say(*before)
    assert "开票申请提交了" in (await invoice(talk)).text and offers(shop) == []


async def test_what_was_sold_out_and_is_back_is_told_after_an_order_too(bot: Bot, shop: str, stock: Any) -> None:
    stock("P1003-01", 0)
    talk = come(bot, shop, NEWCOMER)
    await talk.say("iPhone 13 128G 午夜色有货吗", "ask_stock")
    await talk.say("算了", "deny")
    stock("P1003-01", 3, only="BJ")
    talk = come(bot, shop, NEWCOMER)
    await talk.say("口红枫叶橘有货吗，发成都", "ask_stock")
    await talk.say("是的", "affirm")
    reply = await talk.say("是的", "affirm")
    assert "订单已生成" in reply.text and "您之前问过的iPhone 13 128G 午夜色到货了" in reply.text


async def test_who_hesitates_about_a_price_gets_one_offer(bot: Bot, shop: str) -> None:
    talk = come(bot, shop)
    await talk.say("iPhone 13多少钱", "ask_price")
    reply = await talk.say("有点贵我再想想", "chitchat", feeling=("hesitant", 3))
    assert "iPhone 13" in reply.text and "9.5折" in reply.text and "最多减¥100.00" in reply.text
    assert "VIP" not in (await talk.say("你好", "greet")).text and len(offers(shop)) == 1


async def test_hesitating_without_an_offer_is_left_in_peace(bot: Bot, shop: str) -> None:
    talk = bot.talk()
    await talk.say("iPhone 13多少钱", "ask_price")
    assert "慢慢考虑" in (await talk.say("再想想", "deny", feeling=("hesitant", 3))).text


async def test_a_second_account_of_the_customer_counts_as_the_same(bot: Bot, shop: str) -> None:
    await greet(bot, shop)
    assert "VIP" not in (await greet(bot, shop, channel="wechat")).text
