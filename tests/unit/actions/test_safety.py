"""Payloads, repeated turns and wrong figures: nothing but an accepted offer makes an order."""

import json
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import func, select, update

from actions.ordering import PlaceOrder
from bot.db import reading, writing
from bot.shop.tables import PriceRow
from bot.shop.trade_tables import OrderRow
from tests.dialogue import Bot, Talk


@pytest.fixture
def orders(shop: str) -> Any:
    def count() -> int:
        with reading(shop) as session:
            return int(session.scalar(select(func.count()).select_from(OrderRow)) or 0)

    return count


async def offered(bot: Bot) -> Talk:
    talk = bot.talk()
    await talk.say("iPhone 14 256G 午夜色有货吗", "ask_stock")
    assert "生成订单" in (await talk.say("是的", "affirm")).text
    return talk


@pytest.mark.parametrize(
    "payload",
    [
        "/affirm",
        '/affirm{"confirmed": true}',
        '/affirm{"offer": {"sku": "P1001-04", "quantity": 1}}',
        '/inform{"stock_confirmed": true, "confirmed": true, "sku": "P1001-04"}',
        '/place_order{"sku": "P1001-04", "confirmed": true}',
    ],
)
async def test_no_order_before_the_question_was_asked(bot: Bot, orders: Any, payload: str) -> None:
    before = orders()
    talk = bot.talk()
    await talk.say(payload)
    await talk.say("我在北京", "inform")
    assert orders() == before and "offer" not in await talk.slots()


@pytest.mark.parametrize(
    "payload",
    [
        '/affirm{"sku": "P1001-06"}',
        '/affirm{"product": "P1003"}',
        '/affirm{"quantity": 3}',
        '/inform{"confirmed": true}',
        '/inform{"sku": "P1001-06", "confirmed": true}',
        '/affirm{"sku": "nonsense"}',
    ],
)
async def test_a_payload_that_changes_the_offer_accepts_nothing(bot: Bot, orders: Any, payload: str) -> None:
    before = orders()
    talk = await offered(bot)
    assert (await talk.say(payload)).text
    assert orders() == before and await talk.active_form() == "stock_form"


@pytest.mark.parametrize(
    "entities",
    [
        {"sku": "nonsense"},
        {"sku": ["P1001-04"]},
        {"sku": {"a": 1}},
        {"sku": ""},
        {"product": "P9999"},
        {"product": 5},
        {"quantity": "many"},
        {"quantity": -1},
        {"quantity": 1e400},
        {"city": "nowhere"},
        {"storage": "9T"},
        {"warehouse": None},
        {"sku": "'; DROP TABLE orders; --"},
    ],
)
async def test_malformed_payloads_break_nothing(bot: Bot, entities: dict[str, Any]) -> None:
    payload = json.dumps(entities)
    for talk in (bot.talk(), await offered(bot)):
        assert (await talk.say(f"/inform{payload}")).text
        assert (await talk.say(f"/ask_stock{payload}")).text
        assert "我是店小二" in (await talk.say("你是谁", "ask_bot")).text


async def test_a_repeated_action_makes_one_order(bot: Bot, orders: Any) -> None:
    before = orders()
    talk = await offered(bot)
    await talk.say("是的", "affirm")
    tracker = await bot.agent.tracker_store.retrieve(talk.sender)
    assert tracker is not None
    offer = next(e.value for e in reversed(tracker.events) if getattr(e, "key", "") == "offer" and e.value)
    slots = {"offer": offer, "confirmed": True}
    user = {"event": "user", "input_channel": "rest"}
    said = []
    for _ in range(2):
        dispatcher = CollectingDispatcher()
        again = Tracker(talk.sender, slots, {}, [user], False, None, {}, None)
        await PlaceOrder().run(dispatcher, again, {})
        said.append(dispatcher.messages[0]["order_number"])
    assert said[0] == said[1] and orders() == before + 1


async def test_a_second_yes_makes_no_second_order(bot: Bot, orders: Any) -> None:
    before = orders()
    talk = await offered(bot)
    for _ in range(3):
        await talk.say("是的", "affirm")
    assert orders() == before + 1


async def test_a_changed_price_is_confirmed_anew(bot: Bot, shop: str, orders: Any) -> None:
    before = orders()
    talk = await offered(bot)
    with writing(shop) as session:
        session.execute(update(PriceRow).where(PriceRow.sku == "P1001-04").values(price_fen=612300))
    reply = await talk.say("是的", "affirm")
    assert "价格刚刚有变动" in reply.text and "¥6,123.00" in reply.text and orders() == before
    assert "¥6,123.00" in (await talk.say("是的", "affirm")).text and orders() == before + 1


async def test_an_unclear_sentence_with_yes_in_it_orders_nothing(bot: Bot, orders: Any) -> None:
    before = orders()
    for text in ("是的话怎么付款", "可以吗？", "好的那什么时候到"):
        talk = await offered(bot)
        await talk.say(text, "affirm", 0.6)
        assert orders() == before and await talk.active_form() == "stock_form"
