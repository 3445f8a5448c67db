"""Beside the chat: the customer's card, goods in a draft, replies to choose from, alerts."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from bot import conversations
from bot.conversations import Store
from bot.db import engine_for
from bot.desk import lookup
from bot.desk.alerts import Watch, words_in
from bot.shop import current_catalogue, orders_of, upgrade_and_seed


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('shop')}/shop.db"
    upgrade_and_seed(url, progress=lambda _: None)
    yield url
    engine_for(url).dispose()


def test_a_draft_that_names_goods_shows_price_stock_and_parameters(shop: str) -> None:
    found = lookup.products_in(shop, "您说的iPhone 14 256G午夜色有货")
    assert [one["title"] for one in found] == ["iPhone 14 256G 午夜色"]
    assert found[0]["price"].startswith("¥") and found[0]["stock"][0]["available"] > 0 and found[0]["parameters"]
    assert len(lookup.products_in(shop, "ｉｐｈｏｎｅ１４")) == lookup.MOST
    for nothing in ("", "好的", "北京", "😀" * 500, "a" * 5000):
        assert lookup.products_in(shop, nothing) == []


def test_the_look_up_is_quick(shop: str) -> None:
    lookup.products_in(shop, "iPhone 14")
    began = time.perf_counter()
    for _ in range(10):
        lookup.products_in(shop, "亲，iPhone 14和小米手机都有现货的，今天就能发")
    assert (time.perf_counter() - began) / 10 < 0.15


def test_every_product_is_found_by_its_name(shop: str) -> None:
    catalogue = current_catalogue(shop)
    for product in catalogue.products.values():
        assert product.id in [found for found, _ in lookup.named(catalogue, f"您看的{product.name}还有货")]


@pytest.mark.parametrize(
    ("text", "words"), [("我要打１２３１５", ["12315"]), ("去工 商局曝光你们", ["工商", "曝光"]), ("好的谢谢", [])]
)
def test_risk_words_are_found_however_they_are_written(text: str, words: list[str]) -> None:
    assert words_in(text) == words


def test_each_risky_message_alerts_once(store: Store) -> None:
    chat = conversations.open_conversation(store, "test", "c")
    watches = [Watch(store), Watch(store)]  # the second as after a change of process
    conversations.receive(store, chat, {"text": "我要曝光你们"})
    conversations.receive(store, chat, {"text": "好的"})
    conversations.receive(store, chat, {"hidden": True})
    for watch in watches:
        watch.look()
    alerts = conversations.latest_events(store, "alert", 9)
    assert [(a.data["number"], a.data["words"]) for a in alerts] == [(1, ["曝光"])]


def test_a_falling_mood_alerts_and_makes_the_curve(store: Store) -> None:
    chat = conversations.open_conversation(store, "test", "c")
    for number, score in ((1, 3), (2, 2), (2, 2), (3, 1), (4, 4), (5, 2)):
        conversations.feel(store, chat, number, "calm", score, 2)
    assert [e.data["score"] for e in conversations.emotions(store, chat)] == [3, 2, 1, 4, 2]
    alerts = conversations.latest_events(store, "alert", 9)
    assert [(a.data["number"], a.data["before"]) for a in alerts] == [(5, 4), (2, 3)]


async def test_the_card_shows_who_writes_and_alerts_reach_agent_and_supervisor(desk: Any, site: Any) -> None:
    shop_url = site.settings.shop_url
    upgrade_and_seed(shop_url, progress=lambda _: None)
    with engine_for(shop_url).connect() as connection:
        channel, account = connection.exec_driver_sql(
            "SELECT a.channel, a.account FROM accounts a JOIN orders o ON o.customer_id = a.customer_id"
        ).first()
    anna, boss = await desk.person("anna"), await desk.person("boss", "supervisor")
    await anna.listen()
    await boss.listen()
    chat = conversations.open_conversation(desk.store, channel, account)
    conversations.request_person(desk.store, chat, conversations.Request("x"))
    await anna.until(lambda: anna.heard("owner", move="claim"))
    card = await anna.get(f"/conversations/{chat}/customer")
    assert card["customer"]["name"] and len(card["orders"]) == len(orders_of(shop_url, channel, account, limit=10))
    assert card["orders"][0]["amount"].startswith("¥") and card["orders"][0]["goods"]
    assert (await anna.get("/lookup?text=iPhone 14"))["products"][0]["title"].startswith("iPhone 14")
    began = time.monotonic()
    conversations.receive(desk.store, chat, {"text": "再不退我就打12315"})
    for person in (anna, boss):
        await person.until(lambda p=person: p.heard("alert", reason="risk_word", words=["12315"]))
    assert time.monotonic() - began < 2
    engine_for(shop_url).dispose()
