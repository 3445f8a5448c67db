"""The verdict on an experiment, with everything it rests on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import and_, case, func, select

from bot import clock
from bot.db import reading
from bot.experiments import Experiment
from bot.insight.statistics import (
    Lift,
    Satisfaction,
    compare_rates,
    compare_stars,
    sample_ratio_p,
    sample_size,
)
from bot.insight.tables import ContactRow, ExposureRow

# Kohavi, Tang, Xu: Trustworthy Online Controlled Experiments, ch. 21: below it something is broken, not unlucky.
SAMPLE_RATIO_LIMIT = 0.001
Outcome = Literal["draft", "too_early", "too_few", "broken_split", "winner", "worse", "no_difference"]


@dataclass(frozen=True)
class Arm:
    """What customers of a variant did; `stars` how many of them gave 1, 2, 3, 4, 5."""

    variant: str
    customers: int
    converted: int
    stars: tuple[int, int, int, int, int]

    @property
    def rate(self) -> float:
        """The share of customers that ordered."""
        return self.converted / self.customers if self.customers else 0.0


@dataclass(frozen=True)
class Compared:
    """A variant against the control; `wins` when it gained enough, significantly, and satisfaction held."""

    arm: Arm
    lift: Lift
    satisfaction: Satisfaction
    wins: bool


@dataclass(frozen=True)
class Verdict:
    """`outcome` with `winner` (variant) where there is one; `needed` customers an arm, `until` the earliest verdict."""

    outcome: Outcome
    needed: int
    until: datetime | None
    control: Arm | None = None
    compared: tuple[Compared, ...] = ()
    split_p: float = 1.0
    mixed: int = 0
    winner: str | None = None


def judge(experiment: Experiment, arms: dict[str, Arm], mixed: int = 0) -> Verdict:
    """The verdict at this moment; it may be asked for as often as one likes, see `compare_rates`.

    No verdict before the minimum time and sample; none when the arms' sizes do not fit their weights.

    Args:
        experiment: as data/experiments.yml has it.
        arms: variant → what its customers did.
        mixed: customers left out because they saw two variants.
    """
    lift_wanted = experiment.lift_points / 100
    needed = sample_size(experiment.baseline_percent / 100, lift_wanted)
    if experiment.started_at is None:
        return Verdict("draft", needed, None)
    until = experiment.started_at + timedelta(hours=experiment.minimum_hours)
    control = arms[experiment.control]
    others = [arm for name, arm in arms.items() if name != experiment.control]
    split = sample_ratio_p(
        [arms[name].customers for name in experiment.variants], [v.weight for v in experiment.variants.values()]
    )
    if min(arm.customers for arm in arms.values()) == 0:
        return Verdict("too_few", needed, until, control, (), split, mixed)
    # With several variants against one control each test gets its share of the error (Bonferroni).
    alpha = 0.05 / len(others)
    compared = tuple(_compare(experiment, control, arm, lift_wanted, alpha) for arm in others)
    best = max(compared, key=lambda c: c.lift.difference)
    if split < SAMPLE_RATIO_LIMIT:
        outcome: Outcome = "broken_split"
    elif clock.now() < until:
        outcome = "too_early"
    elif min(arm.customers for arm in arms.values()) < needed:
        outcome = "too_few"
    elif any(c.wins for c in compared):
        best = max((c for c in compared if c.wins), key=lambda c: c.lift.difference)
        return Verdict("winner", needed, until, control, compared, split, mixed, best.arm.variant)
    elif best.lift.difference < 0 and best.lift.always_valid_p < alpha:
        outcome = "worse"
    else:
        outcome = "no_difference"
    return Verdict(outcome, needed, until, control, compared, split, mixed)


def _compare(experiment: Experiment, control: Arm, arm: Arm, wanted: float, alpha: float) -> Compared:
    lift = compare_rates((control.converted, arm.converted), (control.customers, arm.customers), wanted)
    satisfaction = compare_stars(control.stars, arm.stars, experiment.satisfaction_margin)
    wins = lift.difference >= wanted and lift.always_valid_p < alpha and satisfaction.not_inferior is True
    return Compared(arm, lift, satisfaction, wins and not satisfaction.worse)


def arms_of(url: str, name: str, experiment: Experiment) -> tuple[dict[str, Arm], int]:
    """What the customers of each variant did since they saw it first, and how many saw two (they are left out)."""
    begin = experiment.started_at or datetime.max.replace(tzinfo=clock.now().tzinfo)
    seen = (
        select(
            ExposureRow.customer,
            func.min(ExposureRow.variant).label("variant"),
            func.count().label("variants"),
            func.min(ExposureRow.first_at).label("first_at"),
        )
        .where(ExposureRow.experiment == name, ExposureRow.first_at >= begin)
        .group_by(ExposureRow.customer)
        .subquery()
    )
    contact = and_(ContactRow.customer == seen.c.customer, ContactRow.started_at >= seen.c.first_at)
    each = (
        select(
            seen.c.variant,
            seen.c.variants,
            func.max(case((ContactRow.order_no.is_not(None), 1), else_=0)).label("converted"),
            func.min(ContactRow.stars).label("stars"),
        )
        .select_from(seen.outerjoin(ContactRow, contact))
        .group_by(seen.c.customer, seen.c.variant, seen.c.variants)
        .subquery()
    )
    query = select(each.c.variant, each.c.variants > 1, each.c.converted, each.c.stars, func.count()).group_by(
        each.c.variant, each.c.variants > 1, each.c.converted, each.c.stars
    )
    totals: dict[str, dict[str, Any]] = {v: {"n": 0, "won": 0, "stars": [0] * 5} for v in experiment.variants}
    mixed = 0
    with reading(url) as session:
        for variant, saw_more, converted, stars, count in session.execute(query):
            if saw_more or variant not in totals:
                mixed += count
                continue
            totals[variant]["n"] += count
            totals[variant]["won"] += count * converted
            if stars:
                totals[variant]["stars"][stars - 1] += count
    return {v: Arm(v, t["n"], t["won"], tuple(t["stars"])) for v, t in totals.items()}, mixed
