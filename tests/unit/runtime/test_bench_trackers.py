"""`bot bench-trackers` with small numbers."""

import pytest
from sqlalchemy import text

from bot.db import engine_for
from bot.runtime.bench_trackers import Cost, bench_trackers, table


def test_it_measures_both_stores_at_each_size(capsys: pytest.CaptureFixture[str]) -> None:
    found = bench_trackers(rounds=3, sizes=(20, 600))
    assert [(cost.store, cost.events) for cost in found] == [
        ("Rasa SQL", 20), ("店小二", 20), ("Rasa SQL", 600), ("店小二", 600)
    ]  # fmt: skip
    assert all(cost.load_ms > 0 and cost.save_ms > 0 for cost in found)
    printed = capsys.readouterr().out
    assert "| 600 | 店小二 |" in printed and "600 个事件的一轮是 20 个的" in printed


def test_it_leaves_nothing_in_a_database_that_is_in_use(postgres_url: str) -> None:
    bench_trackers(postgres_url, rounds=2, sizes=(10, 20))
    with engine_for(postgres_url).connect() as connection:
        for name in ("events", "tracker_turns", "tracker_heads"):
            assert connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() == 0


def test_the_table_says_how_much_dearer() -> None:
    costs = [Cost("Rasa SQL", 50, 4.0, 2.0), Cost("店小二", 50, 1.0, 1.0)]
    costs += [Cost("Rasa SQL", 99, 40.0, 20.0), Cost("店小二", 99, 2.0, 1.0)]
    told = table(costs, 5)
    assert "| 99 | Rasa SQL | 40.00 | 20.00 | 60.00 | 20.0 |" in told and "99 个事件的一轮是 50 个的 10.00 倍" in told
