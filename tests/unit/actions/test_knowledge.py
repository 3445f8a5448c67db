"""Answers from the knowledge base in whole conversations."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from bot.db import reading, upgrade
from bot.knowledge import current, import_entries, shared_encoder
from bot.knowledge.tables import AskedRow
from bot.settings import get_settings
from tests.dialogue import Bot

ENTRIES: list[dict[str, Any]] = [
    {
        "id": "wash-down", "question": "羽绒服怎么洗？", "answer": "手洗，平铺晾干。", "tags": ["洗涤"],
        "alike": ["羽绒服能放洗衣机吗", "羽绒服可以干洗吗"], "update_time": "2026-11-20",
    },
    {
        "id": "price", "question": "午夜色256G现在多少钱", "answer": "现价{price:P1001-04}，{stock:P1001-04}。",
        "tags": ["价格"], "update_time": "2026-11-21",
    },
    {
        "id": "invoice", "question": "发票抬头写错了能改吗？", "answer": "告诉客服订单号和正确的抬头，重新开一张。",
        "tags": ["发票"], "alike": ["税号填错了怎么办"], "update_time": "2026-11-20",
    },
]  # fmt: skip


@pytest.fixture
def faq(bot: Bot, shop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bot]:
    """The bot with three entries."""
    url = get_settings().knowledge_url
    upgrade(url, "knowledge")
    (tmp_path / "faq.json").write_text(json.dumps(ENTRIES, ensure_ascii=False), "utf8")
    assert import_entries(url, shop, [tmp_path / "faq.json"]).rejected == []
    monkeypatch.setattr(current, "RECHECK_SECONDS", 0.0)
    yield bot


def asked() -> list[AskedRow]:
    with reading(get_settings().knowledge_url) as session:
        return list(session.scalars(select(AskedRow).order_by(AskedRow.seq)))


async def test_a_question_of_use_is_answered_with_its_source(faq: Bot) -> None:
    reply = await faq.talk().say("羽绒服怎么洗", "usage_help")
    assert reply.text == "手洗，平铺晾干。\n依据：羽绒服怎么洗？（更新于11月20日）"
    assert list(reply.buttons) == ["有用", "没用"]
    assert [(row.outcome, row.entry_id, row.text) for row in asked()] == [("answered", "wash-down", "羽绒服怎么洗")]


async def test_figures_are_todays(faq: Bot) -> None:
    assert "现价¥5,999.00，有货（共56台）。" in (await faq.talk().say("午夜色256G现在多少钱", "usage_help")).text


@pytest.mark.parametrize(("title", "helpful", "said"), [("有用", True, "谢谢您的反馈"), ("没用", False, "没有帮上忙")])
async def test_the_buttons_tell_whether_it_helped(faq: Bot, title: str, helpful: bool, said: str) -> None:
    talk = faq.talk()
    first = await talk.say("羽绒服怎么洗", "usage_help")
    assert said in (await talk.press(first, title)).text
    assert [row.helpful for row in asked()] == [helpful]


async def test_an_unknown_question_of_use_asks_about_what(faq: Bot) -> None:
    assert "请问是哪款商品" in (await faq.talk().say("北极熊怎么养", "usage_help")).text
    assert [row.outcome for row in asked()] == ["none"]


async def test_what_was_not_understood_is_answered_before_asking_back(faq: Bot) -> None:
    talk = faq.talk()
    reply = await talk.say("羽绒服怎么洗", guesses={"ask_stock": 0.5, "usage_help": 0.4})
    assert "手洗，平铺晾干。" in reply.text and "没太听明白" not in reply.text
    assert "unclear" not in await talk.slots()
    reply = await talk.say("袜子帽子羽毛球", guesses={"ask_stock": 0.5, "ask_price": 0.4})
    assert "没太听明白" in reply.text


async def test_in_a_flow_the_answer_comes_and_the_flow_goes_on(faq: Bot) -> None:
    talk = faq.talk()
    await talk.say("iPhone 14 256G有货吗", "ask_stock")
    reply = await talk.say("发票抬头写错了能改吗", guesses={"ask_stock": 0.3, "ask_invoice": 0.3})
    assert "重新开一张" in reply.text and "您咨询的是iPhone 14 256G版本吗" in reply.text


async def test_near_questions_are_offered_and_chosen(faq: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings().operations.knowledge, "answer", 0.9999)
    monkeypatch.setattr(get_settings().operations.knowledge, "near", 0.01)
    talk = faq.talk()
    reply = await talk.say("衣服脏了怎么洗", "usage_help")
    assert "您是不是想问" in reply.text and next(iter(reply.buttons)) == "羽绒服怎么洗？"
    chosen = await talk.press(reply, "羽绒服怎么洗？")
    assert "手洗，平铺晾干。" in chosen.text
    assert [(row.outcome, row.followed_by, row.entry_id) for row in asked()] == [("near", "chosen", "wash-down")]


async def test_an_entry_removed_in_between_is_apologized_for(faq: Bot) -> None:
    reply = await faq.talk().say('/usage_help{"faq_entry": "gone", "faq_asked": "1"}')
    assert "刚刚有更新" in reply.text


@pytest.mark.parametrize("number", ["", "x", "-1", "99999999", "²"])
async def test_forged_buttons_do_no_harm(faq: Bot, number: str) -> None:
    payload = json.dumps({"faq_helpful": "useful", "faq_asked": number}, ensure_ascii=False)
    assert "谢谢您的反馈" in (await faq.talk().say(f"/usage_help{payload}")).text
    assert asked() == []


async def test_a_hand_over_after_an_answer_is_noted(faq: Bot) -> None:
    talk = faq.talk()
    await talk.say("羽绒服怎么洗", "usage_help")
    await talk.say("转人工", "request_human")
    assert [row.followed_by for row in asked()] == ["handoff"]


async def test_without_a_knowledge_base_the_bot_still_answers(bot: Bot) -> None:
    talk = bot.talk()
    assert "洗涤：手洗，平铺晾干" in (await talk.say("羽绒服怎么洗", "usage_help")).text
    assert "转接" in (await talk.say("转人工", "request_human")).text


async def test_an_encoder_that_cannot_be_had_is_survived(faq: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.nlu.encoder import EncoderError

    def broken(_texts: Sequence[str]) -> np.ndarray:
        raise EncoderError("没有编码器")

    monkeypatch.setattr(shared_encoder(), "sentences", broken)
    assert "洗涤：手洗，平铺晾干" in (await faq.talk().say("羽绒服怎么洗", "usage_help")).text
