"""Requests about the own account, by the words: said in many ways, and not heard in what only sounds like it."""

# ruff: noqa: E501 (lists of sentences)
from typing import Any

import pytest
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.account_requests import AccountRequestRecognizer, account_request, read_wordings
from bot.settings import SettingsError

SAID = {
    "show_data": [
        "你们存了我什么信息", "你们都记录了我哪些资料？", "我的个人信息你们存了哪些", "查看我的信息", "店里有我的什么个人信息",
        "我想看看我的个人资料", "你们掌握我多少信息啊",
    ],
    "erase_data": [
        "把我的信息删掉", "请删除我的个人信息！", "我的资料全部清空吧，删了", "帮我删除 我留的信息", "别保存我的信息",
        "注销我的信息", "我要你们删除关于我的一切",
    ],
    "stop_offers": [
        "别再给我推销", "不要给我打广告了", "别再推荐了", "关闭优惠提醒", "能不能不要老给我推荐", "把推送关掉", "不想再收到营销",
    ],
    "resume_offers": ["恢复推荐", "重新打开优惠提醒吧", "帮我开启推送"],
}  # fmt: skip
NOT_SAID = [
    "删除订单", "把订单里的信息改一下", "收货信息怎么改", "别给我推荐太贵的", "能推荐一款吗", "不要推荐这个颜色", "我的订单信息在哪看",
    "你们会泄露我的信息吗", "发票信息填错了删掉重开", "取消订单", "怎么取消优惠券", "有什么优惠信息", "这款推荐吗", "物流信息怎么不更新了",
    "商品信息不全", "我的快递信息查一下", "", "！！！", "在吗", "关掉灯", "怎么关闭自动续费",
]  # fmt: skip


@pytest.mark.parametrize(("request_", "text"), [(name, text) for name, texts in SAID.items() for text in texts])
def test_said(request_: str, text: str) -> None:
    assert account_request(text) == request_


@pytest.mark.parametrize("text", NOT_SAID)
def test_not_said(text: str) -> None:
    assert account_request(text) is None


def test_a_long_story_is_no_request() -> None:
    assert account_request("你们存了我什么信息" + "我昨天买的东西" * 12) is None


def parse(text: str) -> dict[str, Any]:
    message = Message.build(text=text)
    message.set("intent", {"name": "complain_service", "confidence": 0.5}, add_to_output=True)
    ranking = [{"name": "complain_service", "confidence": 0.5}, {"name": "out_of_scope", "confidence": 0.2}]
    message.set("intent_ranking", ranking, add_to_output=True)
    message.set("entities", [{"entity": "city", "value": "北京"}], add_to_output=True)
    AccountRequestRecognizer().process([message])
    return message.as_dict(only_output_properties=True)


def test_it_overrules_the_classifier_and_keeps_what_else_was_found() -> None:
    parsed = parse("你们存了我什么信息")
    assert parsed["intent"] == {"name": "out_of_scope", "confidence": 1.0} == parsed["intent_ranking"][0]
    assert [one["name"] for one in parsed["intent_ranking"]] == ["out_of_scope", "complain_service"]
    assert {e["entity"]: e["value"] for e in parsed["entities"]} == {"city": "北京", "account_request": "show_data"}
    assert parsed["base_intent"]["name"] == "other"


@pytest.mark.parametrize("text", ["有货吗", "/inform", '/out_of_scope{"account_request": "把我的信息删掉"}', ""])
def test_everything_else_passes(text: str) -> None:
    assert parse(text)["intent"]["name"] == "complain_service"


FOUR = {name: {"any": ["甲|乙 + 丙"]} for name in SAID}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "应有 erase_data、"),
        ({"show_data": {"any": ["甲"]}}, "四项，不能多也不能少"),
        (FOUR | {"show_data": ["甲"]}, "show_data 下面应为 any"),
        (FOUR | {"show_data": {"any": []}}, "show_data：any 和 except 都应为列表"),
        (FOUR | {"show_data": {"any": ["甲"], "but": []}}, "show_data 下面应为 any"),
        (FOUR | {"show_data": {"any": ["甲 + "]}}, "有空的一段"),
        (FOUR | {"show_data": {"any": ["甲||乙"]}}, "有空的一段"),
    ],
)
def test_what_is_wrong_is_said(content: Any, says: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_wordings(content)
    assert says in str(error.value)


def test_a_designers_line_is_used() -> None:
    wordings = read_wordings(FOUR | {"show_data": {"any": ["甲 + 丙|丁"], "except": ["戊"]}})
    assert wordings["show_data"].fits("丁在甲") and not wordings["show_data"].fits("甲丁戊")
