"""The figures, each against a count by hand."""

import pytest

from bot.nlu.judge import JudgeError
from bot.nlu.judge._floors import check_floors, parse_floors
from bot.nlu.judge._messages import LabelledMessage
from bot.nlu.judge._parsing import NOTHING, Prediction, interpret
from bot.nlu.judge._scores import Scores, expected_calibration_error, macro_f1, reliability, score
from bot.nlu.judge._text import as_text
from bot.nlu.taxonomy import Taxonomy

TAXONOMY = Taxonomy(
    {"ask_stock": "presale", "ask_price": "presale", "greet": "other"}, {"ask_stock": "有没有货"}, ("calm", "impatient")
)


def judged(rows: list[tuple], threshold: float = 0.85) -> Scores:
    """Scores of rows (text, business, emotion, predicted business, confidence, predicted emotion, ms)."""
    messages = [LabelledMessage(*row[:3]) for row in rows]
    predictions = [Prediction(b, c, TAXONOMY.base_of.get(b, NOTHING), e, ms) for *_, b, c, e, ms in rows]
    return score(messages, predictions, TAXONOMY, threshold)


ROWS = [
    ("有货吗", "ask_stock", "calm", "ask_stock", 0.95, "calm", 4.0),
    ("快说有没有！！", "ask_stock", "impatient", "ask_price", 0.90, "calm", 6.0),
    ("多少钱", "ask_price", None, "ask_price", 0.85, "impatient", 8.0),
    ("你好", "greet", "calm", NOTHING, 0.20, "calm", None),
    ("？？", None, "impatient", "greet", 0.99, "impatient", 2.0),
]


def test_figures_count_only_what_is_labelled() -> None:
    scores = judged(ROWS)
    assert scores.n == 5
    assert scores.business_accuracy == 2 / 4
    assert scores.base_accuracy == 3 / 4  # the price asked for stock stays in the group
    assert scores.coverage == 3 / 4
    assert scores.precision == 2 / 3
    # ask_stock: P 1, R 1/2; ask_price: P 1/2, R 1; greet: never found
    assert scores.business_macro_f1 == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    # calm: P 2/3, R 1; impatient: P 1, R 1/2; "多少钱" has no emotion label
    assert scores.emotion_macro_f1 == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert scores.ece == pytest.approx((abs(0.95 + 0.90 - 1) + abs(0.85 - 1) + 0.20) / 4)
    assert (scores.parse_ms_median, scores.parse_ms_p95) == (5.0, pytest.approx(7.7))  # repeated messages have no time


def test_figures_without_their_labels_are_open() -> None:
    scores = judged([("嗯", None, None, "greet", 0.5, None, None)])
    assert {v for k, v in scores.as_dict().items() if k not in ("n", "confusions")} == {None}
    assert judged([("嗯", "greet", "calm", "greet", 0.5, None, 1.0)]).emotion_macro_f1 is None
    assert judged([("嗯", "greet", None, "greet", 0.5, None, 1.0)]).precision is None  # nothing at the threshold


def test_json_has_the_promised_keys() -> None:
    assert list(judged(ROWS).as_dict()) == [
        "n", "base_accuracy", "business_accuracy", "business_macro_f1", "emotion_macro_f1", "coverage", "precision",
        "ece", "parse_ms_median", "parse_ms_p95", "confusions",
    ]  # fmt: skip


def test_confusions_put_the_frequent_and_the_sure_first() -> None:
    wrong = [(f"第{i}句", "ask_stock", None, "ask_price", i / 10, None, 1.0) for i in range(1, 6)]
    first, *rest = judged([*wrong, *ROWS[3:4]]).as_dict()["confusions"]
    assert first == {
        "expected": "ask_stock", "predicted": "ask_price", "count": 5, "examples": ["第5句", "第4句", "第3句"]
    }  # fmt: skip
    assert [(c["expected"], c["predicted"]) for c in rest] == [("greet", NOTHING)]


def test_macro_f1_is_over_the_labels_of_the_file() -> None:
    assert macro_f1(["a", "a"], ["a", "b"]) == pytest.approx(2 / 3)


def test_bins_are_equally_wide_and_hold_the_borders() -> None:
    bins = reliability([0.0, 0.1, 0.19, 1.0], [False, True, False, True])
    assert [(b.low, b.count, b.accuracy) for b in bins] == [(0.0, 1, 0.0), (0.1, 2, 0.5), (0.9, 1, 1.0)]
    assert expected_calibration_error(bins) == pytest.approx(2 * abs(0.145 - 0.5) / 4)


@pytest.mark.parametrize(
    ("parsed", "business", "confidence", "base"),
    [
        ({"intent": {"name": "greet", "confidence": 0.9}, "intent_ranking": []}, "greet", 0.9, "other"),
        (
            {
                "intent": {"name": "nlu_fallback", "confidence": 0.6},
                "intent_ranking": [
                    {"name": "nlu_fallback", "confidence": 0.6},
                    {"name": "ask_stock", "confidence": 0.4},
                ],
                "base_intent": {"name": "aftersale", "confidence": 0.5},
            },
            "ask_stock", 0.4, "aftersale",
        ),
        ({"intent": {"name": None, "confidence": 0.0}, "intent_ranking": []}, NOTHING, 0.0, NOTHING),
    ],
)  # fmt: skip
def test_the_best_real_intent_counts(parsed: dict, business: str, confidence: float, base: str) -> None:
    prediction = interpret(parsed, TAXONOMY)
    assert (prediction.business, prediction.confidence, prediction.base) == (business, confidence, base)


@pytest.mark.parametrize(
    ("floors", "told"),
    [
        ("base=0.8", "base 是 0.7500，低于要求的 0.8"),
        ("ece=0.1, business=0.5", "ece 是 .*，高于要求的 0.1"),
        ("base=1,business=1", "base .*；business "),
    ],
)
def test_missed_floors_are_named(floors: str, told: str) -> None:
    with pytest.raises(JudgeError, match=told):
        check_floors(judged(ROWS), parse_floors(floors))


def test_reached_floors_pass_and_open_figures_do_not() -> None:
    check_floors(judged(ROWS), parse_floors("base=0.75,business=0.5,ece=0.5,ms=5"))
    with pytest.raises(JudgeError, match="emotion 算不出来"):
        check_floors(judged([("嗯", "greet", None, "greet", 0.5, None, 1.0)]), {"emotion": 0.1})


@pytest.mark.parametrize(("floors", "told"), [("speed=1", "speed"), ("base", "base=0.9"), ("base=high", "base=0.9")])
def test_floors_must_be_readable(floors: str, told: str) -> None:
    with pytest.raises(JudgeError, match=told):
        parse_floors(floors)


def test_the_text_names_intents_in_chinese() -> None:
    text = as_text(judged(ROWS), TAXONOMY, 0.85)
    assert "业务意图准确率：50.0%" in text
    assert "1 次  有没有货 ask_stock → ask_price" in text and "· 快说有没有！！" in text
