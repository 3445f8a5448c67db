"""The tests behind a verdict, each with its source; rates are shares from 0 to 1."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats


def sample_size(rate: float, lift: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Customers an arm needs so that a two-sided test finds `rate` → `rate + lift` with `power`.

    Fleiss, Levin, Paik: Statistical Methods for Rates and Proportions, 3rd ed., chapter 4, without the correction for
    continuity.
    """
    other = rate + lift
    mean = (rate + other) / 2
    z_alpha, z_power = stats.norm.ppf(1 - alpha / 2), stats.norm.ppf(power)
    spread = z_alpha * math.sqrt(2 * mean * (1 - mean))
    spread += z_power * math.sqrt(rate * (1 - rate) + other * (1 - other))
    return math.ceil((spread / lift) ** 2)


@dataclass(frozen=True)
class Lift:
    """`difference` of the second rate over the first with its 95 % interval; `p` of the pooled two-sided z-test.

    `always_valid_p` stays valid however often one looks.
    """

    difference: float
    low: float
    high: float
    p: float
    always_valid_p: float


def compare_rates(won: tuple[int, int], seen: tuple[int, int], expected_lift: float = 0.02) -> Lift:
    """Compare two conversion rates.

    The z-test for two proportions with pooled variance; and the mixture sequential probability ratio test of Johari,
    Koomen, Pekelis, Walsh: Peeking at A/B Tests (KDD 2017), whose mixing variance is the lift that is hoped
    for, squared.

    Args:
        won: converted customers of control and variant.
        seen: customers of control and variant, more than 0.
        expected_lift: share of customers, as 0.02.
    """
    rates = won[0] / seen[0], won[1] / seen[1]
    difference = rates[1] - rates[0]
    pooled = sum(won) / sum(seen)
    pooled_variance = pooled * (1 - pooled) * (1 / seen[0] + 1 / seen[1])
    variance = sum(rate * (1 - rate) / count for rate, count in zip(rates, seen, strict=True))
    if pooled_variance == 0:
        return Lift(difference, difference, difference, 1.0, 1.0)
    p = 2 * stats.norm.sf(abs(difference) / math.sqrt(pooled_variance))
    tau2 = expected_lift**2
    ratio = 0.5 * math.log(pooled_variance / (pooled_variance + tau2))
    ratio += tau2 * difference**2 / (2 * pooled_variance * (pooled_variance + tau2))
    half = stats.norm.ppf(0.975) * math.sqrt(variance)
    return Lift(difference, difference - half, difference + half, float(p), min(1.0, math.exp(-ratio)))


@dataclass(frozen=True)
class Satisfaction:
    """`difference` in stars of the second over the first; `low` its one-sided 95 % bound, None with too few ratings.

    `not_inferior` whether `low` stays above the margin; `worse` whether it is significantly lower.
    """

    difference: float | None
    low: float | None
    not_inferior: bool | None
    worse: bool


def compare_stars(control: Sequence[int], variant: Sequence[int], margin: float, alpha: float = 0.05) -> Satisfaction:
    """Whether the variant's ratings are not worse by `margin` stars or more (Welch's t-test, one-sided).

    Args:
        control: how many customers gave 1, 2, 3, 4, 5 stars.
        variant: likewise.
        margin: stars that may be lost.
        alpha: of the one-sided test.
    """
    (n1, m1, v1), (n2, m2, v2) = _moments(control), _moments(variant)
    if min(n1, n2) < 20:
        return Satisfaction(m2 - m1 if n1 and n2 else None, None, None, False)
    difference, error2 = m2 - m1, v1 / n1 + v2 / n2
    if error2 == 0:
        return Satisfaction(difference, difference, difference > -margin, difference < 0)
    freedom = error2**2 / ((v1 / n1) ** 2 / (n1 - 1) + (v2 / n2) ** 2 / (n2 - 1))
    half = stats.t.ppf(1 - alpha, freedom) * math.sqrt(error2)
    low, high = float(difference - half), float(difference + half)
    return Satisfaction(difference, low, low > -margin, high < 0)


def _moments(counts: Sequence[int]) -> tuple[int, float, float]:
    number = sum(counts)
    mean = sum(stars * n for stars, n in enumerate(counts, start=1)) / number if number else 0.0
    spread = sum(n * (stars - mean) ** 2 for stars, n in enumerate(counts, start=1))
    return number, mean, spread / (number - 1) if number > 1 else 0.0


def sample_ratio_p(seen: Sequence[int], weights: Sequence[float]) -> float:
    """How likely such unequal arms are by chance: Pearson's chi-squared test of sizes against weights."""
    total = sum(seen)
    if total == 0:
        return 1.0
    expected = [total * weight / sum(weights) for weight in weights]
    return float(stats.chisquare(list(seen), expected).pvalue)
