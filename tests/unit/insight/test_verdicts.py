"""Verdicts: the statistics against known numbers, and simulated experiments with daily looks."""

import math
from datetime import datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from bot import clock
from bot.events import Event, add
from bot.experiments import Experiment
from bot.insight import refresh
from bot.insight.statistics import compare_rates, compare_stars, sample_ratio_p, sample_size
from bot.insight.verdict import Arm, Verdict, arms_of, judge
from bot.settings import Settings
from tests.unit.insight.conftest import answers, asks, beijing, order, told

START = datetime.fromisoformat("2026-11-01T00:00:00+08:00")
EXPERIMENT = Experiment.parse_obj(
    {
        "title": "欢迎语",
        "place": "welcome",
        "status": "running",
        "started_at": START,
        "variants": {v: {"title": v, "value": f"utter_{v}"} for v in ("a", "b")},
    }
)
GOOD = (8, 12, 40, 160, 180)


def after(days: float, a: tuple[int, int], b: tuple[int, int], stars_b: tuple[int, ...] = GOOD) -> Verdict:
    arms = {"a": Arm("a", *a, GOOD), "b": Arm("b", *b, stars_b)}  # type: ignore[arg-type]
    with clock.freeze(START + timedelta(days=days)):
        return judge(EXPERIMENT, arms)


def test_sample_size_of_the_textbook() -> None:
    # 12 % → 14 % at α 0.05 and power 0.8, by the normal approximation worked out by hand: 4,437 an arm.
    assert sample_size(0.12, 0.02) == pytest.approx(4437, abs=5)


def test_the_z_test_is_the_square_root_of_chi_squared() -> None:
    table = [[300, 4700], [380, 4620]]
    expected = stats.chi2_contingency(table, correction=False)[1]
    assert compare_rates((300, 380), (5000, 5000)).p == pytest.approx(expected)


def test_looking_often_costs_some_significance() -> None:
    lift = compare_rates((300, 380), (5000, 5000))
    assert lift.p < lift.always_valid_p < 0.05
    assert compare_rates((0, 0), (10, 10)).always_valid_p == 1.0


def test_stars_against_scipy() -> None:
    a, b = (5, 10, 20, 30, 35), (8, 12, 25, 30, 25)
    expand = [[s for s, n in enumerate(counts, 1) for _ in range(n)] for counts in (a, b)]
    shifted = stats.ttest_ind([x + 0.2 for x in expand[1]], expand[0], equal_var=False, alternative="greater")
    found = compare_stars(a, b, 0.2)
    assert found.not_inferior is bool(shifted.pvalue < 0.05)
    assert found.difference == pytest.approx(np.mean(expand[1]) - np.mean(expand[0]))


def test_no_verdict_before_time_and_sample() -> None:
    assert after(2.9, (5000, 500), (5000, 900)).outcome == "too_early"
    assert after(4, (4000, 400), (5000, 900)).outcome in ("broken_split", "too_few")
    assert after(4, (4000, 400), (4050, 700)).outcome == "too_few"
    assert after(4, (5000, 600), (5000, 800)).outcome == "winner"


def test_a_gain_below_two_points_does_not_win() -> None:
    verdict = after(10, (60_000, 7200), (60_000, 8280))
    assert verdict.compared[0].lift.always_valid_p < 0.001
    assert verdict.outcome == "no_difference"


def test_falling_satisfaction_takes_the_win() -> None:
    assert after(4, (5000, 600), (5000, 800), (120, 80, 80, 80, 40)).outcome == "no_difference"
    # Too few ratings to know: no win either.
    assert after(4, (5000, 600), (5000, 800), (0, 0, 0, 5, 5)).outcome == "no_difference"


def test_a_broken_split_is_told_before_anything_else() -> None:
    assert after(4, (6000, 600), (5000, 900)).outcome == "broken_split"
    assert sample_ratio_p([5000, 5050], [1, 1]) > 0.5


def test_a_worse_variant_is_told() -> None:
    assert after(4, (5000, 800), (5000, 600)).outcome == "worse"


def _simulate(rate_a: float, rate_b: float, runs: int, seed: int) -> dict[str, int]:
    """Experiments of 28 days with 400 new customers an arm a day, looked at every day until a verdict falls."""
    chance = np.random.default_rng(seed)
    outcomes: dict[str, int] = {}
    for _ in range(runs):
        won = np.cumsum(chance.binomial(400, (rate_a, rate_b), size=(28, 2)), axis=0)
        stars = np.cumsum(chance.multinomial(60, [0.03, 0.04, 0.13, 0.35, 0.45], size=(28, 2)), axis=0)
        outcome = "no_difference"
        for day in range(28):
            seen = 400 * (day + 1)
            arms = {v: Arm(v, seen, int(won[day, i]), tuple(stars[day, i])) for i, v in enumerate("ab")}
            with clock.freeze(START + timedelta(days=day + 1)):
                verdict = judge(EXPERIMENT, arms)
            if verdict.outcome in ("winner", "worse"):
                outcome = verdict.outcome
                break
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcomes


def test_without_a_difference_false_verdicts_stay_below_five_percent() -> None:
    outcomes = _simulate(0.12, 0.12, 300, seed=1)
    assert outcomes.get("winner", 0) + outcomes.get("worse", 0) <= 0.05 * 300


def test_four_real_points_are_found() -> None:
    assert _simulate(0.12, 0.16, 100, seed=2).get("winner", 0) >= 95


def test_arms_are_counted_by_customer(settings: Settings) -> None:
    def exposed(at: str, variant: str, conversation: str) -> Event:
        return told("experiment.exposed", at, conversation, experiment="words", variant=variant)

    add(
        settings.events_url,
        [
            asks("10 10:00:00"), exposed("10 10:00:01", "a", "c1"), answers("10 10:00:01"),
            asks("11 10:00:00"), exposed("11 10:00:01", "a", "c1"), told("rating", "11 10:01:00", stars=2),
            asks("10 10:00:00", conversation="g1"), exposed("10 10:00:01", "b", "g1"),
            told("rating", "10 10:05:00", "g1", stars=5),
            asks("10 10:00:00", conversation="g2"), exposed("10 10:00:01", "b", "g2"),
            asks("12 10:00:00", conversation="g2"), exposed("12 10:00:01", "a", "g2"),
        ],
    )  # fmt: skip
    order(settings.shop_url, "DX1", "11 10:30:00", 100)
    order(settings.shop_url, "DX2", "11 11:30:00", 100)
    refresh(settings)
    arms, mixed = arms_of(settings.events_url, "words", EXPERIMENT)
    assert arms["a"] == Arm("a", 1, 1, (0, 1, 0, 0, 0))
    assert arms["b"] == Arm("b", 1, 0, (0, 0, 0, 0, 1))
    assert mixed == 1
    assert not math.isnan(judge(EXPERIMENT, arms).split_p)
    assert beijing("10 10:00:00") > START
