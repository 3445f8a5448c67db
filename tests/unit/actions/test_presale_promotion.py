"""Promotions and coupons that truly apply, what is nearly reached, and coupons claimed once."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select, update

from bot.clock import now
from bot.db import reading, writing
from bot.shop import Access, format_fen
from bot.shop.customers import coupons
from bot.shop.offer_tables import CouponRow
from bot.shop.presale import price_basket
from bot.shop.tables import PromotionRow
from tests.dialogue import Bot

BUYER, NEWCOMER = "C0231", "C0232"
Member = Callable[[str], str]


def coupons_of(shop: str, customer: str) -> int:
    with reading(shop) as session:
        return session.scalar(select(func.count()).select_from(CouponRow).where(CouponRow.customer_id == customer)) or 0


async def test_the_price_after_offers_is_that_of_the_basket(bot: Bot, shop: str) -> None:
    text = (await bot.talk().say("T恤黑色L要四件有什么优惠", "ask_promotion")).text
    sku = "P2001-05"
    basket = price_basket(shop, {sku: 4})
    assert f"素野重磅纯棉T恤 黑色 L 4件，算上优惠{format_fen(basket.payable_fen)}" in text
    assert f"服饰满 300 减 40，已减{format_fen(basket.saved_fen)}" in text and basket.saved_fen == 4000


async def test_what_is_missing_to_the_next_step_is_told(bot: Bot, shop: str) -> None:
    text = (await bot.talk().say("T恤黑色L有什么优惠", "ask_promotion")).text
    short = 30000 - price_basket(shop, {"P2001-05": 1}).payable_fen
    assert f"再买{format_fen(short)}，能减¥40.00" in text and "已减" not in text


async def test_own_coupon_gift_and_announcement_are_named(bot: Bot, shop: str, member: Member) -> None:
    reply = await bot.talk("rest", member(BUYER)).say("玻尿酸精华有赠品吗", "ask_promotion")
    mine = coupons(shop, Access("rest", "anyone", BUYER))
    basket = price_basket(shop, {"P6003-01": 1}, coupons=mine)
    assert basket.coupon and format_fen(basket.payable_fen) in reply.text
    assert "买精华送面膜两片，随单赠送" in reply.text
    assert f"您的{basket.coupon.name}，已减¥20.00" in reply.text
    assert "12月1日开始，到12月3日" in reply.text  # announced, not counted


async def test_a_guest_is_told_that_coupons_are_for_members(bot: Bot) -> None:
    reply = await bot.talk().say("口红有券吗", "ask_promotion")
    assert "登录会员账号" in reply.text and not any("领" in title for title in reply.buttons)


async def test_without_goods_everything_on_is_listed_and_goods_go_on_with_it(bot: Bot) -> None:
    talk = bot.talk()
    reply = await talk.say("有什么优惠", "ask_promotion")
    assert "食品满 99 减 10" in reply.text and "母婴节" not in reply.text
    assert "服饰满 300 减 40" in (await talk.say("牛仔裤", "inform")).text


async def test_a_coupon_is_claimed_once_however_often_it_is_pressed(bot: Bot, shop: str, member: Member) -> None:
    before = coupons_of(shop, "C0232")
    talk = bot.talk("rest", member(NEWCOMER))
    reply = await talk.say("口红有什么优惠", "ask_promotion")
    button = next(title for title in reply.buttons if "新客立减券" in title)
    for _ in range(3):
        assert "领好了：新客立减券，满¥50.00减¥5.00" in (await talk.press(reply, button)).text
    assert coupons_of(shop, "C0232") == before + 1
    assert "您的新客立减券，已减¥5.00" in (await talk.say("口红有什么优惠", "ask_promotion")).text


async def test_only_coupons_that_would_help_are_offered_for_goods(bot: Bot, member: Member) -> None:
    reply = await bot.talk("rest", member(NEWCOMER)).say("口红有什么优惠", "ask_promotion")
    assert not any("家电" in title for title in reply.buttons) and any("美妆" in title for title in reply.buttons)


@pytest.mark.parametrize(
    ("customer", "promotion", "told"),
    [
        (None, "CP-NEW", "登录会员账号"),
        (BUYER, "CP-NEW", "只给新客户"),
        (BUYER, "CP-HOME", "领过了"),
        (NEWCOMER, "CP-NOPE", "没有找到这张优惠券"),
        (NEWCOMER, "MJ-FOOD", "没有找到这张优惠券"),
        (NEWCOMER, "CP-BEAUTY", "有效期到11月24日"),
    ],
)
async def test_each_refusal_is_told_with_its_figures(
    bot: Bot, shop: str, member: Member, customer: str | None, promotion: str, told: str
) -> None:
    if promotion == "CP-BEAUTY":
        with writing(shop) as session:
            session.execute(update(PromotionRow).where(PromotionRow.id == promotion).values(ends_at=now()))
    before = coupons_of(shop, "C0231"), coupons_of(shop, "C0232")
    reply = await bot.talk("rest", member(customer) if customer else None).say(
        f'/ask_promotion{{"coupon": "{promotion}"}}'
    )
    assert told in reply.text.replace("今日10:00", "11月24日")
    assert (coupons_of(shop, "C0231"), coupons_of(shop, "C0232")) == before


@pytest.mark.parametrize("value", ["5", '["CP-NEW"]', '{"a": 1}', "null", '""'])
async def test_malformed_claims_claim_nothing(bot: Bot, shop: str, member: Member, value: str) -> None:
    before = coupons_of(shop, "C0232")
    assert (await bot.talk("rest", member(NEWCOMER)).say(f'/ask_promotion{{"coupon": {value}}}')).text
    assert value == '["CP-NEW"]' or coupons_of(shop, "C0232") == before


async def test_a_coupon_is_claimed_by_its_name_once_and_a_question_claims_none(
    bot: Bot, shop: str, member: Member
) -> None:
    talk, before = bot.talk("rest", member(NEWCOMER)), coupons_of(shop, NEWCOMER)
    for words in ("新客券怎么领", "可以领新客券吗", "帮我领券"):  # the last one fits several
        assert "领新客立减券" in (await talk.say(words, "ask_promotion")).buttons
    assert coupons_of(shop, NEWCOMER) == before
    assert "领好了：新客立减券" in (await talk.say("帮我领新客那张", "ask_promotion")).text
    await talk.say("帮我领新客那张", "ask_promotion")
    assert coupons_of(shop, NEWCOMER) == before + 1
