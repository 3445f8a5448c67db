"""The notes of time that several servers write into one file."""

from pathlib import Path

import pytest

from bot.launch import timed


def test_lines_of_two_servers_stay_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "times.jsonl"
    one, other = (timed.Lines(str(path)) for _ in range(2))
    for number in range(50):
        one.write(f"one {number}\n")
        other.write(f"other {number}\n")
    assert path.read_text() == ""  # nothing is written for each line
    one.flush()
    other.flush()
    expected = {f"{name} {number}" for name in ("one", "other") for number in range(50)}
    assert set(path.read_text().splitlines()) == expected
    monkeypatch.setattr(timed, "_KEPT_SECONDS", 0.0)
    one.write("late\n")
    assert path.read_text().endswith("late\n")
