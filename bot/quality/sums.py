"""The sums of a day, made anew from its conversations: what pages and reports add up."""

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, text

from bot.db import writing
from bot.quality.tables import DayRow, TalkRow
from bot.quality.talk import SOMEONE


def sum_day(url: str, day: date) -> None:
    """Replace the sums of `day`."""
    with writing(url) as session:
        write_sums(session, day)


def write_sums(session: Any, day: date) -> None:
    """`sum_day` inside a transaction."""
    if session.get_bind().dialect.name == "postgresql":  # two who sum the same day would insert the same rows
        session.execute(text(f"LOCK TABLE {DayRow.__tablename__} IN SHARE ROW EXCLUSIVE MODE"))
    sums: dict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0, 0, 0.0])
    query = select(TalkRow.kind, TalkRow.agent, TalkRow.score, TalkRow.verdicts)
    query = query.where(TalkRow.day == day, TalkRow.handled_by != SOMEONE)
    for kind, agent, score, verdicts in session.execute(query):
        if score is not None:
            whole = sums[kind, agent, ""]
            whole[0] += 1
            whole[2] += score
        for criterion, verdict in verdicts.items():
            if verdict in ("pass", "fail"):
                sums[kind, agent, criterion][verdict == "fail"] += 1
    session.execute(delete(DayRow).where(DayRow.day == day).execution_options(synchronize_session=False))
    rows = [
        {
            "day": day, "kind": kind, "agent": agent, "criterion": criterion,
            "passed": int(passed), "failed": int(failed), "score_sum": score_sum,
        }
        for (kind, agent, criterion), (passed, failed, score_sum) in sums.items()
    ]  # fmt: skip
    if rows:
        session.execute(insert(DayRow), rows)
