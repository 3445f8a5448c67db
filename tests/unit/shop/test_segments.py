"""Segments and scripts as designers write them: what is read, what is refused, and that everybody has a segment."""

import operator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import SettingsError, get_settings
from bot.shop.outreach.scripts import load_scripts, read_scripts
from bot.shop.segments import MEASURES, Standing, load_segments, parse_conditions, segment_of
from bot.shop.segments.reader import read_segments

SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "!=": operator.ne}
standings = st.builds(
    Standing,
    recency_days=st.none() | st.integers(0, 4000),
    frequency=st.integers(0, 300),
    monetary_fen=st.integers(0, 10**9),
    member_days=st.integers(0, 6000),
)


@given(standings, st.sampled_from(sorted(MEASURES)), st.sampled_from(sorted(SIGNS)), st.integers(0, 10**6))
def test_a_condition_compares_exactly_and_what_is_unknown_fulfils_none(
    standing: Standing, measure: str, sign: str, cents: int
) -> None:
    number = Decimal(cents) / 100
    (condition,) = parse_conditions(measure, f"{sign} {number}", {})
    own = {
        "recency_days": standing.recency_days,
        "frequency": standing.frequency,
        "monetary_yuan": Decimal(standing.monetary_fen) / 100,
        "average_yuan": Decimal(standing.monetary_fen) / 100 / standing.frequency if standing.frequency else None,
        "member_days": standing.member_days,
    }[measure]
    assert condition.holds(standing) is (own is not None and SIGNS[sign](own, number))


@given(standings)
def test_everybody_has_the_first_segment_that_fits(standing: Standing) -> None:
    segments = load_segments()
    found = segment_of(standing, segments)
    earlier = segments[: segments.index(found)]
    assert found.fits(standing) and not any(segment.fits(standing) for segment in earlier)


@given(standings)
def test_a_condition_and_its_opposite_part_those_who_have_the_measure(standing: Standing) -> None:
    for measure in MEASURES:
        below = parse_conditions(measure, "< 30", {})[0].holds(standing)
        above = parse_conditions(measure, ">= 30", {})[0].holds(standing)
        assert (below + above) == (standing.measure(measure) is not None)


@pytest.mark.parametrize("written", ["< 30", "<30", "＜ 30", " < vip_days ", ["< 30", "!= 99"]])
def test_ways_to_write_it(written: Any) -> None:
    conditions = parse_conditions("recency_days", written, {"vip_days": 30})
    assert conditions[0].holds(Standing(29, 1, 1, 1)) and not conditions[0].holds(Standing(30, 1, 1, 1))


def test_the_managers_number_moves_the_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    customer = Standing(20, 4, 150_000, 300)
    assert segment_of(customer, load_segments()).name == "vip"
    monkeypatch.setitem(get_settings().operations.customers.limits, "vip_yuan", 1500)
    assert segment_of(customer, load_segments()).name == "regular"


END = {"name": "rest", "title": "其他", "when": {}}


def segment(**changed: Any) -> list[dict[str, Any]]:
    return [{"name": "vip", "title": "贵客", "when": {"frequency": "> 3"}} | changed, END]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "应该只有一项 segments"),
        ({"segments": []}, "应该只有一项 segments"),
        ({"segments": [END], "more": 1}, "应该只有一项 segments"),
        ({"segments": ["vip"]}, "第 1 个分群应有 name、title、when"),
        ({"segments": segment(name="贵客")}, "第 1 个分群的 name 应为小写英文"),
        ({"segments": segment(whenn={})}, "分群 vip：没有 whenn 这样的项"),
        ({"segments": [{"name": "vip", "title": "贵客"}, END]}, "分群 vip：缺少 when"),
        ({"segments": segment(title=" ")}, "分群 vip 的 title"),
        ({"segments": segment(when=["> 3"])}, "分群 vip 的 when：应为若干"),
        (
            {"segments": segment(when={"frequence": "> 3"})},
            "分群 vip 的 frequence：没有这个指标，可用的有：recency_days",
        ),
        ({"segments": segment(when={"frequency": "=> 3"})}, "分群 vip 的 frequency：“=> 3”不是条件"),
        ({"segments": segment(when={"frequency": "3 <"})}, "分群 vip 的 frequency：“3 <”不是条件"),
        ({"segments": segment(when={"frequency": True})}, "分群 vip 的 frequency：“True”不是条件"),
        ({"segments": segment(when={"frequency": []})}, "分群 vip 的 frequency：没有写条件"),
        ({"segments": segment(when={"frequency": "> many"})}, "customers.limits 的名字：vip_days"),
        ({"segments": segment(when={})}, "分群 vip 的 when 是空的，后面的分群永远轮不到"),
        ({"segments": segment()[:1]}, "最后一个分群 vip 的 when 应为空"),
        ({"segments": [*segment()[:1], *segment()]}, "分群 vip 出现了两次"),
    ],
)
def test_what_is_wrong_with_a_segment_is_said(content: Any, says: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_segments(content, {"vip_days": 30})
    assert says in str(error.value)


def script(**changed: Any) -> dict[str, Any]:
    row = {
        "name": "one", "situation": "greeting", "segments": ["vip"], "say": {"thanks": "utter_offer_x"},
        "discount": {"title": "券", "percent": 80, "valid_days": 3}, "every_days": 7,
    } | changed  # fmt: skip
    return {"scripts": [{key: value for key, value in row.items() if value is not ...}]}


def test_a_script_is_read() -> None:
    (found,) = read_scripts(script(), ("vip",))
    assert found.discount is not None and (found.discount.percent, found.say) == (80, {"thanks": "utter_offer_x"})


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"situation": "birthday"}, "话术 one 的 situation：应为 greeting、"),
        ({"segments": ["vipp"]}, "话术 one 的 segments：segments.yml 里没有 vipp"),
        ({"segments": []}, "话术 one 的 segments：至少写一个"),
        ({"say": {"wish": "utter_offer_x"}}, "话术 one：say 里只能写 successor、newer、thanks"),
        ({"say": {"newer": "utter_greet"}}, "utter_greet 应为 domain.yml 里 utter_offer_ 开头的回复"),
        ({"every_days": ...}, "话术 one 的 every_days：缺少这一项"),
        ({"every_days": 0}, "话术 one 的 every_days：不能小于 1"),
        ({"every_day": 3}, "话术 one 的 every_day：没有这一项"),
        ({"discount": {"title": "券", "percent": 100, "valid_days": 3}}, "话术 one 的 discount.percent：不能大于 99"),
        ({"discount": {"title": "券", "valid_days": 3}}, "话术 one 的 discount：percent（付百分之几）和 minus_yuan"),
        ({"discount": {"title": "券", "percent": 80, "minus_yuan": 5, "valid_days": 3}}, "只写一个"),
        ({"discount": {"title": "券", "minus_yuan": 50, "over_yuan": 20, "valid_days": 3}}, "不能小于 minus_yuan"),
        ({"discount": ...}, "thanks 说的是优惠，要写 discount"),
        (
            {"situation": "abandoned_order", "say": {"order": "utter_offer_x"}},
            "abandoned_order 不能写 discount",
        ),
    ],
)
def test_what_is_wrong_with_a_script_is_said(changed: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError) as error:
        read_scripts(script(**changed), ("vip",))
    assert says in str(error.value)


def test_two_scripts_of_one_name_are_refused() -> None:
    with pytest.raises(SettingsError, match="话术 one出现了两次"):
        read_scripts({"scripts": script()["scripts"] * 2}, ("vip",))


def test_the_shops_own_files_are_right() -> None:
    assert {s.situation for s in load_scripts()} == {
        "greeting", "resolved", "price_hesitation", "back_in_stock", "abandoned_order"
    }  # fmt: skip
