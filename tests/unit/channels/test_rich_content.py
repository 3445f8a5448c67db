"""Utterances made of the log's messages, and the choices customers answer with a number."""

import pytest
from fuzzing import fuzzed
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.choices import choose, number_meant
from bot.channels.outgoing import Button, from_content

YES_NO = [Button("是的", "/affirm"), Button("不用了", "/deny")]


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("2", 2), ("2.", 2), ("２", 2), ("（2）", 2), ("二", 2), ("②", 2), ("2号", 2), ("第二个", 2), ("第2个", 2),
        ("第二款吧", 2), ("选2", 2), ("我要第二个。", 2), ("最后一个", 3), (" 3 ", 3), ("就第一个吧", 1),
        ("4", None), ("0", None), ("2件", None), ("2个", None), ("二十", None), ("两个", None), ("22", None),
        ("一个就行", None), ("2月发货吗", None), ("", None), ("第", None), ("٢", None), ("第二个多少钱", None),
    ],
)  # fmt: skip
def test_numbers_that_customers_write(said: str, number: int | None) -> None:
    assert number_meant(said, 3) == number


def test_titles_choose_too_but_only_what_was_offered() -> None:
    assert choose("不用了。", YES_NO) == YES_NO[1]
    assert choose("2", YES_NO) == YES_NO[1]
    assert choose("2. 不用了", YES_NO) == YES_NO[1]
    assert choose("1. 不用了", YES_NO) is None
    assert choose("3", YES_NO) is None
    assert choose("/deny", YES_NO) is None
    assert choose("2", []) is None


def test_everything_in_words() -> None:
    outgoing = from_content(
        {
            "text": "您要哪一款？",
            "quick_replies": [
                {"title": "都不要", "payload": "/deny"},
                {"title": "看详情", "url": "https://shop.example.com/1"},
            ],
            "custom": {
                "type": "product_cards",
                "cards": [
                    {"title": "iPhone 14", "price": "¥5999", "stock_text": "现货", "payload": '/inform{"sku":"A"}'}
                ],
                "rows": [["", "甲", "乙"], ["价格", "1", "2"]],
            },
        }
    )
    assert outgoing is not None
    assert [b.payload for b in outgoing.choices] == ['/inform{"sku":"A"}', "/deny"]
    assert outgoing.as_text() == (
        "您要哪一款？\n ｜ 甲 ｜ 乙\n价格 ｜ 1 ｜ 2\n1. iPhone 14　¥5999　现货\n2. 都不要\n看详情：https://shop.example.com/1"
    )
    assert "1." not in outgoing.as_text(numbered=False)


def test_images_and_elements() -> None:
    image = from_content({"attachment": {"type": "image", "payload": {"src": "https://x.example.com/a.png"}}})
    assert image is not None and image.image == "https://x.example.com/a.png"
    element = {
        "title": "手机壳",
        "subtitle": "透明",
        "image_url": "https://x.example.com/b.png",
        "default_action": {"type": "web_url", "url": "https://x.example.com/p"},
        "buttons": [{"type": "postback", "title": "要这个", "payload": "/yes"}],
    }
    card = from_content({"attachment": {"type": "template", "payload": {"elements": element}}})
    assert card is not None and card.cards[0].button == Button("要这个", "/yes")
    assert card.as_text() == "1. 手机壳　透明　https://x.example.com/p"
    assert from_content({"custom": {"type": "unknown"}}) is None
    assert from_content({"hidden": True}) is None


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["text", "quick_replies", "title", "payload", "attachment", "custom", "cards", "rows", "elements"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@fuzzed
@given(
    st.dictionaries(st.sampled_from(["text", "quick_replies", "attachment", "custom"]), ANY, max_size=4),
    st.text(max_size=12),
)
def test_any_content_is_rendered_and_any_answer_read(content: dict[str, object], said: str) -> None:
    outgoing = from_content(content)
    if outgoing is not None:
        assert isinstance(outgoing.as_text(), str)
        chosen = choose(said, outgoing.choices)
        assert chosen is None or chosen in outgoing.choices


@fuzzed
@given(st.text(max_size=10), st.integers(0, 12))
def test_a_number_meant_is_a_number_offered(said: str, count: int) -> None:
    meant = number_meant(said, count)
    assert meant is None or 1 <= meant <= count
