"""Yes, no and stop by the words alone."""

import pytest

from actions.answers import is_question, made_of, plain, read_answer, read_choice, without_question_words


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("是的", "yes"),
        ("嗯嗯，可以的！", "yes"),
        ("ＯＫ👌", "yes"),
        ("好的，帮我下单吧", "yes"),
        ("y", "yes"),
        ("不是", "no"),
        ("不对，不是这款", "no"),
        ("NO", "no"),
        ("算了", "stop"),
        ("好的，不用了谢谢", "stop"),
        ("不是，我再想想", "stop"),
        ("好的吗？", None),
        ("可以吗", None),
        ("是的但是包邮不", None),
        ("对了，几天能到", None),
        ("对不起", None),
        ("", None),
        ("👌", None),
        ("那个呢", None),
        ("你好", None),
        ("您好，好的", "yes"),
    ],
)
def test_an_answer_counts_when_it_is_made_of_answer_words_only(text: str, answer: str | None) -> None:
    assert read_answer(text) == answer


def test_words_are_compared_without_width_case_and_punctuation() -> None:
    assert plain(" Ｏk， 好！_👌") == "ok好"
    assert made_of("那…的呢？", "filler")
    assert not made_of("那苹果的呢", "filler")


def test_a_question_is_not_an_answer() -> None:
    assert is_question("可以？") and is_question("行吗") and not is_question("可以")


@pytest.mark.parametrize(("text", "left"), [("请问诺基亚3310有货吗？", "诺基亚3310"), ("这款手机有现货吗", "")])
def test_what_is_left_of_a_stock_question_is_the_name(text: str, left: str) -> None:
    assert without_question_words(text) == left


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1", 0),
        ("第一个吧", 0),
        ("②", 1),
        ("后面那个", 1),
        ("选第3个", 2),
        ("那个", None),
        ("第一个还是第二个", None),
        ("", None),
    ],
)
def test_a_choice_may_be_named_by_its_place(text: str, place: int | None) -> None:
    assert read_choice(text) == place
