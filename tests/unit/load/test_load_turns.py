"""The bots take their steps by turns: none waits to the end, and no two are talked to at a time."""

import asyncio
from typing import Any

import pytest

from bot.launch.load import bench
from bot.launch.load.crowd import Sample, Step
from bot.launch.problems import LaunchError

CAPACITY = {1: 5.0, 2: 40.0}  # turns a second, by port


class FakeCrowd:
    said: list[tuple[int, float]] = []
    lasted: dict[float, float] = {}
    busy = 0

    def __init__(self, url: str, *_: Any) -> None:
        self.port, self.turns = int(url.split(":")[2].split("/")[0]), 0

    async def __aenter__(self) -> "FakeCrowd":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def play(self, rate: float, seconds: float, settle: float = 0.0) -> Step:
        assert not FakeCrowd.busy
        FakeCrowd.busy += 1
        await asyncio.sleep(0)
        FakeCrowd.busy -= 1
        FakeCrowd.said.append((self.port, rate))
        FakeCrowd.lasted[rate] = seconds
        self.turns += 10
        took = 0.03 if rate <= CAPACITY[self.port] else 0.9
        silent = "" if CAPACITY[self.port] else "timeout"
        return Step(rate, tuple(Sample(i / 10, took, silent) for i in range(10)), 1.0, 0.0, 2.0)


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeCrowd.said, FakeCrowd.lasted, FakeCrowd.busy = [], {}, 0
    monkeypatch.setattr(bench, "Crowd", FakeCrowd)


async def measured() -> list[Any]:
    bots = [bench._Bot("一", 1, []), bench._Bot("二", 2, [])]
    return list(await bench._measure_all(bots, bench.Options()))


async def test_steps_go_by_turns_as_long_as_there_are_two() -> None:
    slow, fast = await measured()
    assert 4.6 < slow.best <= 5 and 37 < fast.best <= 40
    assert [row.share for row in slow.rows] == [row.share for row in fast.rows] == [0.25, 0.5, 0.75, 1.0]
    assert [row.figures.rate for row in fast.rows] == [share * fast.best for share in bench.SHARES]
    ports = [port for port, _ in FakeCrowd.said]
    searched = len(ports) - 8
    both = 2 * min(ports[:searched].count(1), ports[:searched].count(2))
    assert ports[:both] == [1, 2] * (both // 2) and ports[searched:] == [1, 2] * 4


async def test_a_step_counts_as_many_turns_of_who_is_slow() -> None:
    await measured()
    lasted = {rate: seconds for rate, seconds in FakeCrowd.lasted.items() if rate > bench._WARM_RATE}
    assert any(seconds > 10 for seconds in lasted.values()) and any(seconds == 10 for seconds in lasted.values())
    assert all(seconds == 20 or rate * seconds >= 149.9 for rate, seconds in lasted.items())


async def test_a_bot_that_says_nothing_ends_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CAPACITY, 2, 0.0)
    with pytest.raises(LaunchError, match="二没有好好回答"):
        await measured()
