"""What is personal is masked, what a designer needs to read stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import clock
from bot.events import Event, mask_text, masked
from bot.events.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("打我电话17012345678", "打我电话170****5678"),
        ("电话是 +86 170-1234-5678 谢谢", "电话是 170****5678 谢谢"),
        ("发到 li.si+shop@example.com 吧", "发到 ***@*** 吧"),
        ("身份证11010119900307123X", "身份证[证件号]"),
        ("卡号6222 0200 0000 0000 123", "卡号[卡号]"),
        ("座机010-12345678", "座机[电话]"),
        ("改成学府街120号3栋502室", "改成学府街**号"),
        ("收货人：王小明，明天送", "收货人：王**，明天送"),
        ("我叫李雷", "我叫李**"),
        ("订单DX947125718065到哪了", "订单DX947125718065到哪了"),
        ("iPhone 14 256G 5999元 2026年11月25日", "iPhone 14 256G 5999元 2026年11月25日"),
        ("我是老顾客了，便宜点", "我是老顾客了，便宜点"),
        ("3号前能到吗", "3号前能到吗"),
    ],
)
def test_masking(text: str, masked: str) -> None:
    assert mask_text(text) == masked


@given(
    st.text(alphabet="的在哪要买1234567890 -号", max_size=20),
    st.from_regex(r"1[3-9]\d{9}", fullmatch=True),
    st.sampled_from(["", " ", "，", "：", "电话"]),
)
def test_no_mobile_number_survives(around: str, phone: str, mark: str) -> None:
    text = mask_text(f"{around.rstrip('0123456789 -')}{mark}{phone}{mark or '。'}")
    assert phone not in re.sub(r"[ -]", "", text)


@given(st.text(max_size=200))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once


def test_shapes_stay() -> None:
    data = {"text": "17012345678", "score": 3, "entities": ["phone", "a@b.cn"], "none": None}
    assert mask(data) == {"text": "170****5678", "score": 3, "entities": ["phone", "***@***"], "none": None}


def test_a_messages_id_stays_what_it_is() -> None:
    """Some are like a card's or a telephone's number, and reports join on them."""
    data = {"text": "我的号码13812345678", "message_id": "457242419355526ccfcd5f24c2bed1fe-1"}
    event = masked(Event("message.customer", "c", clock.now(), data=data))
    assert event.data == {"text": "我的号码138****5678", "message_id": data["message_id"]}
