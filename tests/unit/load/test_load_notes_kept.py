"""The notes of time that several servers write into one file."""

import json
from pathlib import Path

import pytest

from bot.launch import timed


def test_lines_of_two_servers_stay_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "times.jsonl"
    one, other = (timed.Lines(str(path)) for _ in range(2))
    for number in range(50):
        one.write((timed.PARSE, f"one {number}", 1.0, 0.5))
        other.write((timed.PARSE, f"other {number}", 1.0, 0.5))
    assert path.read_text() == ""  # nothing is written for each line
    one.flush()
    other.flush()
    expected = {(f"{name} {number}", 0.5) for name in ("one", "other") for number in range(50)}
    read = [json.loads(line) for line in path.read_text().splitlines()]
    assert {(name, seconds) for _, name, _, seconds in read} == expected
    monkeypatch.setattr(timed, "_KEPT_SECONDS", 0.0)
    one.write((timed.PARSE, "late", 1.0, 0.5))
    assert "late" in path.read_text().splitlines()[-1]
