"""The demo entries answer the questions that other hands wrote as well as promised."""

from pathlib import Path

from bot.clock import freeze
from bot.knowledge.bench import GOALS, quality, read_questions
from bot.knowledge.entries import read_entries
from bot.knowledge.store import FOLDER
from bot.knowledge.words import fold
from bot.settings import ROOT, get_settings
from tests.unit.shop.small_shop import beijing

QUESTIONS = ROOT / "tests" / "knowledge" / "questions.tsv"
CALIBRATION = ROOT / "tests" / "knowledge" / "calibration.tsv"


def test_the_goals_are_reached(tmp_path: Path) -> None:
    settings = get_settings().copy(update={"knowledge_url": f"sqlite:///{tmp_path}/vectors.db"})
    with freeze(beijing("2026-11-25 10:00")):
        found = quality(settings, QUESTIONS)
    assert (found.known, found.unknown) == (300, 100)
    assert found.ours.top1 >= GOALS["top1"] and found.ours.top3 >= GOALS["top3"]
    assert found.ours.false <= GOALS["false"]
    assert found.ours.answered >= 0.4, "a search that answers nothing makes no mistakes either"
    assert found.ours.top1 > found.plain.top1 + 0.2


def test_no_question_of_the_test_was_seen_before() -> None:
    ways = {
        fold(way)
        for file in FOLDER.glob("*.json")
        for entry in read_entries(file, {}).entries
        for way in entry.questions
    }
    ways |= {fold(asked.text) for asked in read_questions(CALIBRATION)}
    assert len(ways) > 1000
    asked = [fold(asked.text) for asked in read_questions(QUESTIONS)]
    assert sorted(ways.intersection(asked)) == [] and len(set(asked)) == len(asked)
    pairs = {way: _pairs(way) for way in ways}
    copied = [(text, way) for text in asked for way, of_way in pairs.items() if _overlap(_pairs(text), of_way) > 0.7]
    assert copied == []


def _pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / max(len(one | other), 1)
