"""Tokens are true to the character and to annotated entities."""

import pytest
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.tokenizer import ChineseTokenizer


def _tokens(text: str, *spans: tuple[int, int]) -> list[str]:
    entities = [{"start": start, "end": end, "entity": "product", "value": "x"} for start, end in spans]
    message = Message({TEXT: text, ENTITIES: entities} if entities else {TEXT: text})
    ChineseTokenizer(ChineseTokenizer.get_default_config()).process_training_data(TrainingData([message]))
    tokens = message.get("text_tokens")
    assert all(text[token.start : token.end] == token.text for token in tokens)
    return [token.text for token in tokens]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("有货吗？", ["有", "货", "吗", "？"]),
        ("iPhone14 256G 有吗", ["iPhone", "14", "256G", "有", "吗"]),
        ("iphone14pro max", ["iphone", "14", "pro", "max"]),
        ("5,999元 1.5L 18:00", ["5,999", "元", "1.5L", "18:00"]),
        ("２５６Ｇ的", ["２５６Ｇ", "的"]),
        ("Type-C接口", ["Type-C", "接", "口"]),
        ("好\u3000 的\n\t吧", ["好", "的", "吧"]),
        ("👨‍👩‍👧开心😊", ["👨‍👩‍👧", "开", "心", "😊"]),
    ],
)
def test_splits(text: str, expected: list[str]) -> None:
    assert _tokens(text) == expected


def test_a_token_never_reaches_across_an_entity() -> None:
    assert _tokens("买256GB的", (1, 5)) == ["买", "256G", "B", "的"]
    assert _tokens("iPhone手机", (1, 7)) == ["i", "Phone", "手", "机"]


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_a_blank_message_is_one_empty_token(text: str) -> None:
    message = Message({TEXT: text})
    ChineseTokenizer(ChineseTokenizer.get_default_config()).process([message])
    assert [(token.text, token.start, token.end) for token in message.get("text_tokens")] == [("", 0, 0)]
