"""docs/designers-guide.md: every example works as it is written, every mistake is told as it says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.designer import check_project
from tests.unit.designer.guide import Line, apply, conversations, copy_project, edits, mistakes


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with all the guide's examples."""
    root = copy_project(tmp_path_factory.mktemp("guide"))
    for edit in edits():
        apply(edit, root)
    return root


@pytest.fixture(scope="module")
def played(edited: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the bot of that copy says in the guide's conversations."""
    folder = tmp_path_factory.mktemp("played")
    environment = {**os.environ, "PYTHONPATH": str(edited), "DIANXIAOER_VAR": str(folder), "CUDA_VISIBLE_DEVICES": ""}
    environment |= {"RASA_TELEMETRY_ENABLED": "false", "DIANXIAOER_NOW": "2026-11-24T10:00:00+08:00"}
    command = [sys.executable, "-W", "ignore", "-m", "tests.unit.designer.play_guide", str(folder)]
    done = subprocess.run(
        command, cwd=edited, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return dict(json.loads((folder / "played.json").read_text(encoding="utf8")))


def test_the_guide_has_an_example_of_each_kind() -> None:
    files = {edit.file for edit in edits()}
    for needed in ("domain.yml", "data/rules/my_shop.yml", "data/stories/my_shop.yml", "data/operations.yml"):
        assert needed in files
    assert any(file.startswith("data/nlu/") for file in files) and any(file.endswith(".csv") for file in files)
    assert "tests/stories/test_my_shop.yml" in files and len(conversations()) >= 8 and len(mistakes()) >= 15


def test_make_check_finds_nothing_wrong_with_the_examples(edited: Path) -> None:
    found = check_project(edited)
    own = ("my_shop", "install", "opening_hours", "weekend", "utter_thank", "praise_satisfied")
    assert [f for f in found if f.level == "error" or any(name in f.file + f.text for name in own)] == []


@pytest.mark.parametrize("number", range(len(conversations())))
def test_the_bot_talks_as_the_guide_says(number: int, played: dict[str, list[list[str]]]) -> None:
    answers = iter(played["said"][number])
    answer = ""
    for line in conversations()[number]:
        if line.who == "顾客":
            answer = next(answers)
        else:
            assert line.text in answer, _told(conversations()[number], played["said"][number])


def _told(lines: list[Line], said: list[str]) -> str:
    return "\n".join([f"{line.who}：{line.text}" for line in lines] + ["", "answers:", *said])


def test_the_test_story_of_the_guide_passes(played: dict[str, dict[str, float]]) -> None:
    accuracy = played["stories"]
    assert accuracy["total"] >= 1 and accuracy["correct"] == accuracy["total"]


@pytest.mark.parametrize(("right", "wrong", "told"), mistakes(), ids=[wrong.strip() for _, wrong, _ in mistakes()])
def test_a_mistake_is_told_as_the_guide_says(right: str, wrong: str, told: str, edited: Path) -> None:
    files = ["data/rules/my_shop.yml", "data/nlu/presale/ask_weekend.yml", "data/taxonomy.yml", "domain.yml"]
    path = next(edited / file for file in files if right in (edited / file).read_text(encoding="utf8"))
    text = path.read_text(encoding="utf8")
    before, after = text.rsplit(right, 1)
    try:
        path.write_text(before + wrong + after, encoding="utf8")
        found = check_project(edited, conflicts=False)
        file = path.relative_to(edited).as_posix()
        assert any(told in f.text for f in found), [str(f) for f in found]
        assert file in {f.file for f in found} or "domain.yml" in {f.file for f in found if told in f.text}
    finally:
        path.write_text(text, encoding="utf8")
