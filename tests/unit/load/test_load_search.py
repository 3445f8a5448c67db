"""The arithmetic of the load test."""

import math
import random

import pytest

from bot.launch.load import notes
from bot.launch.load.cpu import REST, Reading, read
from bot.launch.load.crowd import Sample, Step, problems
from bot.launch.load.search import Figures, figures, highest_rate, percentile
from bot.launch.timed import ACTION, CALL, EVENTS, HELD, PARSE, POLICIES, STORE, TURN


def step(times: list[float], *, rate: float = 10.0, failed: int = 0, collapsed: bool = False) -> Step:
    samples = [Sample(100.0, one) for one in times] + [Sample(100.0, 0.01, "状态 500")] * failed
    return Step(rate, tuple(samples), 10.0, 100.0, 110.0, collapsed)


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    random.Random(1).shuffle(values)
    assert [percentile(values, share) for share in (0.5, 0.95, 0.99, 1.0)] == [50.0, 95.0, 99.0, 100.0]
    assert percentile([7.0], 0.95) == 7.0 and percentile([1.0, 2.0], 0.5) == 1.0
    assert math.isnan(percentile([], 0.95))


def test_a_step_is_good_up_to_the_limit_and_no_further() -> None:
    assert figures(step([0.1] * 95 + [3.0] * 5)).good
    assert not figures(step([0.1] * 94 + [3.0] * 6)).good
    assert figures(step([0.5] * 100)).good and not figures(step([0.501] * 100)).good
    assert not figures(step([])).good and not figures(step([0.01] * 9, collapsed=True)).good


def test_a_failed_turn_counts_as_one_that_never_ends() -> None:
    found = figures(step([0.1] * 94, failed=6))
    assert found.failures == 6 and math.isinf(found.p95_ms) and not found.good
    assert figures(step([0.1] * 198, failed=2)).good and not figures(step([0.1] * 197, failed=3)).good
    assert figures(step([0.1] * 90, failed=10)).answered_rate == pytest.approx(9.0)
    assert problems(step([0.1], failed=2).samples) == ["状态 500（2 次）"]


def test_only_what_was_answered_inside_the_step_is_its_rate() -> None:
    late = Step(1.0, (Sample(109.0, 0.5), Sample(109.5, 2.0)), 10.0, 100.0, 110.0)
    assert figures(late).answered_rate == pytest.approx(0.1)


@pytest.mark.parametrize("capacity", [0.7, 3.1, 17.0, 42.5, 300.0])
async def test_the_search_finds_what_a_server_can_do(capacity: float) -> None:
    asked: list[float] = []

    async def play(rate: float) -> Figures:
        asked.append(rate)
        return figures(step([0.1 if rate <= capacity else 0.9] * 50, rate=rate))

    best, steps = await highest_rate(play)
    assert best <= capacity <= best * 1.08 * 1.001 and best in asked
    assert len(steps) == len(asked) <= 28


async def test_one_bad_step_between_good_ones_is_tried_again() -> None:
    bad = {1}  # the second step meets other work on the machine

    async def play(rate: float) -> Figures:
        place = len(asked)
        asked.append(rate)
        return figures(step([0.1 if rate <= 20 and place not in bad else 0.9] * 50, rate=rate))

    asked: list[float] = []
    best, _ = await highest_rate(play)
    assert best == pytest.approx(20, rel=0.09)


async def test_a_rate_that_was_good_by_chance_gives_way_to_one_that_holds() -> None:
    chance = {4.0, 6.0, 9.0, 13.5, 20.25}  # each is good once, though the bot can do 15

    async def play(rate: float) -> Figures:
        lucky = rate in chance
        chance.discard(rate)
        return figures(step([0.1 if rate <= 15 or lucky else 0.9] * 50, rate=rate))

    best, steps = await highest_rate(play)
    assert 15 / 1.09 < best <= 15
    assert steps[-1].rate == best and steps[-1].good
    assert max(one.rate for one in steps if one.good) > 20


async def test_a_bot_that_is_never_quick_has_no_rate() -> None:
    async def play(rate: float) -> Figures:
        return figures(step([9.0] * 5, rate=rate))

    best, steps = await highest_rate(play)
    assert best == 0.0 and steps[-1].rate < 0.2


def test_the_parts_of_a_turn_add_up() -> None:
    lines = [
        [TURN, "", 10.0, 0.100],
        [HELD, "", 10.01, 0.090],
        [STORE, "retrieve", 10.01, 0.004],
        [PARSE, "", 10.02, 0.010],
        [POLICIES, "", 10.03, 0.006],
        [POLICIES, "", 10.05, 0.006],
        [CALL, "action_a", 10.04, 0.030],
        [CALL, "action_b", 10.06, 0.010],
        [ACTION, "action_a", 10.04, 0.020],
        [STORE, "save", 10.08, 0.009],
        [EVENTS, "", 10.085, 0.001],
        [PARSE, "", 99.0, 5.0],  # of another step
    ]
    found = notes.parts(lines, 9.0, 20.0)
    assert found[notes.LOCK] == pytest.approx(10) and found[notes.SAVE] == pytest.approx(8)
    assert found[CALL] == pytest.approx(40) and found[ACTION] == pytest.approx(20) and found[notes.CALLS] == 2
    assert sum(found[part] for part in notes.TITLES) == pytest.approx(found[TURN]) == pytest.approx(100)
    assert notes.parts(lines, 50.0, 60.0) == {}


def test_cpu_is_what_was_used_since() -> None:
    before = read([])
    until = before.own[REST] + 0.1
    while read([]).own[REST] < until:
        sum(range(100_000))
    used = read([]).since(before)
    assert 0.05 <= used.own[REST] < 5
    assert Reading({"a": 1.0, "b": 0.5}, 2.0).others == 0.5 and Reading({"a": 1.0}, 0.9).others == 0.0
