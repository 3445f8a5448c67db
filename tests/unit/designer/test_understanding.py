"""`python -m bot parse`: the words for a parse result."""

import pytest

from bot.cli import main
from bot.designer.understanding import in_words
from bot.nlu.taxonomy import Taxonomy

TAXONOMY = Taxonomy(
    {"ask_stock": "presale", "ask_price": "presale"},
    {"ask_stock": "有没有货", "ask_price": "价格", "presale": "售前咨询", "calm": "平静"},
    ("calm",),
)
RANKING = [{"name": "ask_stock", "confidence": 0.6}, {"name": "ask_price", "confidence": 0.3}]
PARSED = {
    "text": "苹果14有货吗",
    "intent": {"name": "ask_stock", "confidence": 0.97},
    "intent_ranking": [{"name": "ask_price", "confidence": 0.01}, {"name": "ask_stock", "confidence": 0.97}],
    "base_intent": {"name": "presale", "confidence": 0.99},
    "emotion": {"name": "calm", "confidence": 0.9, "score": 3},
    "entities": [{"entity": "product", "value": "P1001", "text": "苹果14"}],
}


def test_what_was_understood_is_shown_in_chinese() -> None:
    text = in_words(PARSED, TAXONOMY, 0.85)
    assert "“苹果14有货吗”" in text
    assert "意图      ask_stock（有没有货） 0.97，不低于 0.85，照它办" in text
    assert "其次      ask_price（价格） 0.01" in text
    assert "presale（售前咨询） 0.99" in text and "calm（平静） 0.90，情绪分 3" in text
    assert "product = P1001（“苹果14”）" in text


def test_a_message_below_the_threshold_says_that_the_bot_asks_back() -> None:
    unclear = {"name": "nlu_fallback", "confidence": 0.6}
    text = in_words({"text": "嗯", "intent": unclear, "intent_ranking": [unclear, *RANKING]}, TAXONOMY, 0.85)
    assert "ask_stock（有没有货） 0.60，没有听准，会反问（把握要到 0.85）" in text and "nlu_fallback" not in text
    assert "没有认出" in text


def test_a_message_without_any_intent_is_no_error() -> None:
    assert "没有听出意图" in in_words({"text": "", "intent": {"name": None, "confidence": 0.0}}, TAXONOMY, 0.85)


def test_a_missing_model_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: object) -> None:
    assert main(["parse", "你好", "--model", f"{tmp_path}/none.tar.gz"]) == 1
    assert "python -m bot train" in capsys.readouterr().err
