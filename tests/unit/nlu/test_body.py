"""Heights, weights and feet as customers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.nlu.body import Body, Measure, read_body

DIGITS = "零一二三四五六七八九"


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("一米六五", Body(165)),
        ("165", Body(165)),
        ("1米7", Body(170)),
        ("１．７２ｍ 130", Body(172, 65)),
        ("一米零五", Body(105)),
        ("130斤", Body(None, 65)),
        ("65公斤", Body(None, 65)),
        ("一百三十斤", Body(None, 65)),
        ("五十五公斤", Body(None, 55)),
        ("163/110斤", Body(163, 55)),
        ("161/98穿S正好吧", Body(161, 49)),
        ("178 150斤", Body(178, 75)),
        ("165 55", Body(165, 55)),
        ("一五二 八十六斤穿啥", Body(152, 43)),
        ("身高165cm体重52kg", Body(165, 52)),
        ("宝宝110cm 20公斤", Body(110, 20)),
        ("一米八二，一百六十斤半", Body(182, 80.25)),
        ("脚25.5", Body(None, None, 255)),
        ("脚长255毫米", Body(None, None, 255)),
        ("给孩子看看，身高128", Body(128)),
        ("身高128，体重50", Body(128, 25)),
        ("身高：165 体重是120", Body(165, 60)),
        ("身高一米六五体重一百二", Body(165, 60)),
        ("2尺7的裤腰", Body()),
        ("90", Body()),
        ("要三件", Body()),
        ("9999斤 8米", Body()),
        ("", Body()),
    ],
)
def test_measures_are_read_with_and_without_units(text: str, body: Body) -> None:
    assert read_body(text) == body


@pytest.mark.parametrize(
    ("text", "asked", "body"),
    [
        ("110", "weight", Body(None, 55)),
        ("55", "weight", Body(None, 55)),
        ("25", "weight", Body(None, 12.5)),
        ("25.5", "foot", Body(None, None, 255)),
        ("255", "foot", Body(None, None, 255)),
        ("110", "height", Body(110)),
        ("一六五", "height", Body(165)),
        ("六十公斤", "height", Body(None, 60)),
        ("1000", "weight", Body()),
    ],
)
def test_a_bare_number_is_what_was_asked_for(text: str, asked: Measure, body: Body) -> None:
    assert read_body(text, asked) == body


def _metres(cm: int, spelt: bool) -> str:
    metres, rest = divmod(cm, 100)
    if not spelt:
        return f"{metres}米{rest:02d}"
    tens, ones = divmod(rest, 10)
    return f"{DIGITS[metres]}米{DIGITS[tens]}{DIGITS[ones]}"


@given(cm=st.integers(100, 229), kg=st.integers(30, 149), spelt=st.booleans(), jin=st.booleans(), turned=st.booleans())
def test_every_pair_is_read_in_any_notation(cm: int, kg: int, spelt: bool, jin: bool, turned: bool) -> None:
    pieces = [_metres(cm, spelt), f"{2 * kg}斤" if jin else f"{kg}公斤"]
    assert read_body("，".join(reversed(pieces) if turned else pieces)) == Body(cm, kg)


@given(st.text(max_size=60))
def test_no_text_breaks_it_and_no_body_is_impossible(text: str) -> None:
    for asked in (None, "height", "weight", "foot"):
        body = read_body(text, asked)  # type: ignore[arg-type]
        assert body.height_cm is None or 45 <= body.height_cm <= 230
        assert body.weight_kg is None or 2 <= body.weight_kg <= 200
        assert body.foot_mm is None or 70 <= body.foot_mm <= 330
