"""The arithmetic of the load test: percentiles, whether a step was good enough, and the highest rate that is."""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.launch.load.crowd import Step

LIMIT = 0.5  # seconds; of the 95th percentile
_FAILURES = 0.01  # share of turns that may fail
_FASTER = 1.5


@dataclass(frozen=True)
class Figures:
    """A step in figures: rates in turns a second, times in milliseconds; a failed turn is one that never ends."""

    rate: float
    turns: int
    failures: int
    answered_rate: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    collapsed: bool

    @property
    def good(self) -> bool:
        """Whether customers would call it quick."""
        few = self.failures <= _FAILURES * self.turns
        return self.turns > 0 and not self.collapsed and few and self.p95_ms <= 1000 * LIMIT


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed (nearest rank); nan without any."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)] if ranked else math.nan


def figures(step: Step) -> Figures:
    """The figures of a step."""
    times = [math.inf if one.failed else 1000 * one.seconds for one in step.samples]
    answered = sum(1 for one in step.samples if not one.failed and one.at + one.seconds <= step.ended)
    p50, p95, p99 = (percentile(times, share) for share in (0.5, 0.95, 0.99))
    failures = sum(bool(one.failed) for one in step.samples)
    return Figures(step.rate, len(times), failures, answered / step.seconds, p50, p95, p99, step.collapsed)


async def highest_rate(
    play: Callable[[float], Awaitable[Figures]], first: float = 4.0, precision: float = 0.08, most: float = 2000.0
) -> tuple[float, list[Figures]]:
    """The highest rate whose step is good, and all steps: faster by half until one is not, then halving the gap.

    A step that fails is tried once more before it counts: on a shared machine something else may have been at work.
    What is found must hold once more, else it was good by chance and gives way to less until one rate holds.

    Args:
        play: one step at a rate.
        first: where to begin; slower by half until a step is good.
        precision: how near the answer the search ends, as a share of it.
        most: where the search gives up going faster.

    Returns:
        0.0 when not even a tenth of a turn a second is answered in time.
    """
    steps: list[Figures] = []

    async def good(rate: float) -> bool:
        for _ in range(2):
            steps.append(await play(rate))
            if steps[-1].good:
                return True
            if steps[-1].collapsed:
                break
        return False

    low, rate = 0.0, first
    while rate <= most and await good(rate):
        low, rate = rate, rate * _FASTER
    high = rate
    while not low and high > 0.1:
        rate = high / _FASTER
        low, high = (rate, high) if await good(rate) else (0.0, rate)
    while low and high <= most and high / low > 1 + precision:
        rate = math.sqrt(low * high)
        low, high = (rate, high) if await good(rate) else (low, rate)
    while low > 0.1:
        steps.append(await play(low))
        if steps[-1].good:
            return low, steps
        low /= 1 + precision
    return 0.0, steps
