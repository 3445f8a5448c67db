"""The house's clock: real, stopped, or running faster for tests and demos."""

from datetime import datetime, timedelta, timezone

import pytest

from bot import clock
from bot.settings import SettingsError

MORNING = "2026-11-23T10:00:00+08:00"


@pytest.fixture(autouse=True)
def usual(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIANXIAOER_NOW", "DIANXIAOER_CLOCK_SPEED"):
        monkeypatch.delenv(name, raising=False)


def test_it_tells_the_real_time_or_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    assert abs(clock.now() - datetime.now(timezone.utc)) < timedelta(seconds=1)
    assert clock.real_seconds(30) == 30
    monkeypatch.setenv("DIANXIAOER_NOW", MORNING)
    assert clock.now() == datetime(2026, 11, 23, 2, tzinfo=timezone.utc)


def test_it_runs_faster_from_an_agreed_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIANXIAOER_CLOCK_SPEED", "10@1000")
    monkeypatch.setattr(clock.time, "time", lambda: 1003.0)
    assert clock.now() == datetime.fromtimestamp(1030, timezone.utc)
    monkeypatch.setenv("DIANXIAOER_NOW", MORNING)
    assert clock.now() == datetime(2026, 11, 23, 2, 0, 30, tzinfo=timezone.utc)
    assert clock.real_seconds(30) == 3
    with clock.freeze(datetime(2026, 1, 1, tzinfo=timezone.utc)):
        assert clock.now().year == 2026 and clock.now().month == 1


@pytest.mark.parametrize("wrong", ["10", "fast@1000", "0@1000", "-2@1000", "10@"])
def test_a_wrong_speed_is_told(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("DIANXIAOER_CLOCK_SPEED", wrong)
    with pytest.raises(SettingsError, match="DIANXIAOER_CLOCK_SPEED"):
        clock.now()
