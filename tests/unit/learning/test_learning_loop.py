"""Three weeks of the loop from end to end, with real training: it gets better, and a worse model stays out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from loop_kit import World

from bot.clock import freeze
from bot.knowledge import shared_encoder
from bot.learning import labels
from bot.learning.candidate import models, rasa_train, train_candidate
from bot.learning.cycle import where
from bot.learning.drawing import draw
from bot.learning.gate import judge_candidate
from bot.learning.labels import LabelError
from bot.learning.notes import release_notes
from bot.learning.releasing import adopt, release, roll_back
from bot.nlu.judge.corpus import read_corpus
from bot.nlu.judge.evaluate import predict
from bot.nlu.taxonomy import load_taxonomy
from tests.unit.shop.small_shop import beijing

FIRST_MONDAY = beijing("2026-06-01 00:00")


def _accuracy(world: World, model: Path) -> float:
    found = predict(model, [line.text for line in world.unseen], load_taxonomy())
    return sum(f.business == line.intent for f, line in zip(found, world.unseen, strict=True)) / len(world.unseen)


def _understood(model: Path, texts: Sequence[str]) -> dict[str, tuple[str, float]]:
    found = predict(model, texts, load_taxonomy())
    return {text: (one.business, one.confidence) for text, one in zip(texts, found, strict=True)}


def _first_model(world: World) -> Path:
    """What the shop begins with, trained on its few lines."""
    project = world.project
    return rasa_train(project, [project.corpus], project.models, "first")


def _annotate(world: World, wrong: bool = False) -> None:
    """One person labels from the known answers (or all of them wrong), another approves."""
    url = world.project.url
    while waiting := labels.list_drawn(url, "waiting"):
        for drawn in waiting:
            meant = world.meant[drawn.text].intent
            intent = ("ask_stock" if meant != "ask_stock" else "return_goods") if wrong else meant
            labels.label(url, drawn.id, "anna", intent, "calm")
        labels.review(url, [drawn.id for drawn in waiting], "bob", True, 20)


@pytest.mark.slow
def test_three_weeks_make_a_better_model(world: World) -> None:
    project, swapped = world.project, []

    def swap(archive: Path) -> bool:
        swapped.append(archive.name)
        return True

    live = _first_model(world)
    with freeze(FIRST_MONDAY):
        adopt(project)
    reached = [_accuracy(world, live)]
    for week in range(3):
        monday: datetime = FIRST_MONDAY + timedelta(days=7 * week)
        world.customers_write(week, monday, _understood(live, [line.text for line in world.weeks[week]]))
        with freeze(monday + timedelta(days=7, hours=9)):
            assert where(project).step == "draw"
            drawn = draw(project, shared_encoder().sentences)
            assert 60 <= drawn <= len(world.weeks[week])  # those alike are drawn once
            assert draw(project, shared_encoder().sentences) == drawn  # the week is drawn once
            _annotate(world)
            train_candidate(project)
            assert where(project).step == "gate"
            found = judge_candidate(project)
            if found.refusals:  # a week may bring nothing; its lines stay for the next one
                print(week, found.refusals)
                continue
            assert where(project).step == "release"
            live = release(project, swap)
            assert project.live_model() == live and swapped[-1] == live.name
            assert where(project).step == ""
        reached.append(_accuracy(world, live))
    assert len(reached) >= 3 and reached[-1] >= reached[0] + 0.1, reached
    assert len(read_corpus(project.corpus)) > 24 + 100

    # Labels that are all wrong make a worse model: refused, and the corpus does not learn them.
    size = len(read_corpus(project.corpus))
    world.weeks.append(world.unseen[:120])
    monday = FIRST_MONDAY + timedelta(days=21)
    world.customers_write(3, monday, {})
    with freeze(monday + timedelta(days=7, hours=9)):
        draw(project, shared_encoder().sentences)
        _annotate(world, wrong=True)
        train_candidate(project)
        assert judge_candidate(project).refusals
        with pytest.raises(LabelError, match="没有通过考核"):
            release(project, swap)
        assert project.live_model() == live and len(read_corpus(project.corpus)) == size

        before = roll_back(project, swap)
        assert before != live and project.live_model() == before and swapped[-1] == before.name
        assert [row.name for row in models(project.url, "live")] == [before.name]
        assert roll_back(project, swap) == live  # and forward again
    notes = release_notes(project.url, FIRST_MONDAY.date())
    assert "没有上线" in notes and "新学的句子" in notes and live.name in notes
