"""Experiments in real conversations: each customer keeps their variant, each conversation is counted once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot import experiments
from bot.db import writing
from bot.experiments import assignment, load_experiments, promote, start, variant_of
from bot.settings import ROOT
from bot.shop.presale import recommend
from bot.shop.trade_tables import AccountRow
from tests.dialogue import Bot, Talk
from tests.unit.actions.conftest import Recorded

VIP = "C0233"
DEALS, PLAIN = "店里正在进行的优惠", "很高兴为您服务"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop's own experiments, to be changed by a test."""
    copy = tmp_path / "experiments.yml"
    copy.write_text((ROOT / "data" / "experiments.yml").read_text(encoding="utf8"), encoding="utf8")
    monkeypatch.setattr(assignment, "load_experiments", lambda: load_experiments(copy))
    return copy


def of_variant(bot: Bot, file: Path, name: str, variant: str) -> Talk:
    """A guest's conversation that falls to `variant`."""
    experiment = load_experiments(file)[name]
    while True:
        talk = bot.talk()
        if variant_of(name, experiment, f"rest/{talk.sender}") == variant:
            return talk


async def test_without_an_experiment_nothing_is_told(bot: Bot, file: Path, recorded: Recorded) -> None:
    assert PLAIN in (await bot.talk().say("你好", "greet")).text
    assert recorded.of("experiment.exposed") == []


async def test_the_welcome_is_the_variants_and_counts_once(bot: Bot, file: Path, recorded: Recorded) -> None:
    start("welcome_words", file)
    for variant, words in (("plain", PLAIN), ("deals", DEALS)):
        talk = of_variant(bot, file, "welcome_words", variant)
        for _ in range(3):
            assert words in (await talk.say("你好", "greet")).text
        (told,) = [e for e in recorded.of("experiment.exposed") if e.conversation_id == talk.sender]
        assert told.data == {"experiment": "welcome_words", "variant": variant}


async def test_a_customer_keeps_the_variant_in_every_channel(
    bot: Bot, shop: str, file: Path, recorded: Recorded
) -> None:
    start("welcome_words", file)
    for channel in ("rest", "webchat", "wecom"):
        talk = bot.talk(channel)
        with writing(shop) as session:
            session.add(AccountRow(channel=channel, account=talk.sender, customer_id=VIP))
        await talk.say("你好", "greet")
    told = recorded.of("experiment.exposed")
    assert len(told) == 3 and len({event.data["variant"] for event in told}) == 1
    assert [event.channel for event in told] == ["rest", "webchat", "wecom"]


async def test_the_winner_is_everybodys_at_once(bot: Bot, file: Path, recorded: Recorded) -> None:
    start("welcome_words", file)
    talk = of_variant(bot, file, "welcome_words", "plain")
    assert PLAIN in (await talk.say("你好", "greet")).text
    promote("welcome_words", "deals", file)
    assert DEALS in (await talk.say("你好", "greet")).text
    assert len(recorded.of("experiment.exposed")) == 1  # what everybody gets is no test any more


async def test_recommendations_come_in_the_variants_order(bot: Bot, shop: str, file: Path, recorded: Recorded) -> None:
    start("recommend_order", file)
    for variant, strategy in (("fitting", "fitting"), ("popular", "best_selling")):
        talk = of_variant(bot, file, "recommend_order", variant)
        reply = await talk.say("推荐个1000元以内的洗衣机以外的家电", "recommend_product")
        expected = recommend(shop, category="家电", budget_fen=100_000, strategy=strategy)  # type: ignore[arg-type]
        assert [card["sku"] for card in reply.cards] == [one.variant.sku for one in expected]
        assert ("卖出" in reply.text) == any(r.kind == "sold" for one in expected for r in one.reasons)
    assert len(recorded.of("experiment.exposed")) == 2


async def vip_of(bot: Bot, shop: str, member: Callable[[str], str]) -> Talk:
    return bot.talk("rest", member(VIP))


@pytest.mark.parametrize(("variant", "at_once"), [("early", True), ("late", False)])
async def test_the_vips_offer_comes_when_the_variant_says(
    bot: Bot, shop: str, member: Callable[[str], str], file: Path, recorded: Recorded, variant: str, at_once: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    start("offer_when", file)
    monkeypatch.setattr(assignment, "variant_of", lambda *_: variant)
    talk = await vip_of(bot, shop, member)
    assert ("尊敬的VIP客户" in (await talk.say("你好", "greet")).text) == at_once
    await order(talk)
    said = (await talk.say("是的", "affirm")).text
    assert "订单已生成" in said
    assert ("尊敬的VIP客户" in said) != at_once  # either time, and only once
    assert [e.data for e in recorded.of("experiment.exposed")] == [{"experiment": "offer_when", "variant": variant}]


async def test_who_gets_no_offers_takes_no_part_in_their_timing(bot: Bot, file: Path, recorded: Recorded) -> None:
    start("offer_when", file)
    await bot.talk().say("你好", "greet")
    assert recorded.of("experiment.exposed") == []


async def test_a_broken_file_keeps_nobody_from_the_welcome(bot: Bot, file: Path, recorded: Recorded) -> None:
    file.write_text("welcome_words: 3", encoding="utf8")
    assert PLAIN in (await bot.talk().say("你好", "greet")).text


async def test_the_end_of_a_flow_is_told_with_its_outcome(bot: Bot, recorded: Recorded) -> None:
    talk = bot.talk()
    await order(talk)
    await talk.say("是的", "affirm")
    other = bot.talk()
    await order(other)
    await other.say("算了不要了", "deny")
    assert [(e.conversation_id, e.data) for e in recorded.of("task.done")] == [
        (talk.sender, {"flow": "place_order", "outcome": "done"}),
        (other.sender, {"flow": "place_order", "outcome": "left"}),
    ]


async def order(talk: Talk) -> Any:
    await talk.say("iPhone 14 256G午夜色有货吗", "ask_stock")
    return await talk.say("是的", "affirm")


def test_every_experiment_of_the_shop_has_real_values() -> None:
    assert {e.place for e in experiments.load_experiments().values()} == {"welcome", "recommendation", "offer_timing"}
