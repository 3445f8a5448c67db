"""When an offer may be said, and which scripts come into question: rules without a database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.customer_settings import Customers
from bot.shop.outreach.scripts import Script

IMPATIENT, COMPLAINT = "impatient", "complaint"
DECLINED = "declined"


@dataclass(frozen=True)
class Mood:
    """The conversation at this moment; `score` from 1 (furious) to 5, `offered` whether it had an offer already."""

    emotion: str = "calm"
    score: int = 3
    soothed: bool = False
    complained: bool = False
    handed_over: bool = False
    in_flow: bool = False
    offered: bool = False


@dataclass(frozen=True)
class Past:
    """An offer that the customer had before."""

    script: str
    shown_at: datetime
    outcome: str
    outcome_at: datetime | None = None


def silent_because(mood: Mood, soothe_score: int) -> str:
    """Why nothing may be offered now ("" when something may)."""
    reasons = {
        "handed_over": mood.handed_over,
        "complained": mood.complained,
        "impatient": mood.emotion == IMPATIENT or mood.soothed or mood.score <= soothe_score,
        "in_flow": mood.in_flow,
        "offered": mood.offered,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def rested(past: Iterable[Past], moment: datetime, numbers: Customers) -> bool:
    """Whether the customer has had peace long enough: since the last offer, and since the last refusal."""
    gap, after_refusal = timedelta(hours=numbers.offer_gap_hours), timedelta(days=numbers.declined_days)
    for one in past:
        if moment < one.shown_at + gap:
            return False
        if one.outcome == DECLINED and moment < (one.outcome_at or one.shown_at) + after_refusal:
            return False
    return True


def candidates(
    scripts: Sequence[Script], segment: str, situations: Sequence[str], past: Iterable[Past], moment: datetime
) -> list[Script]:
    """The scripts for a segment that are not too soon again; the situations' order first, then the file's."""
    last: dict[str, datetime] = {}
    for one in past:
        last[one.script] = max(one.shown_at, last.get(one.script, one.shown_at))
    return [
        script
        for situation in situations
        for script in scripts
        if script.situation == situation
        and segment in script.segments
        and (script.name not in last or moment >= last[script.name] + timedelta(days=script.every_days))
    ]
