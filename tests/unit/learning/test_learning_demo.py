"""The demo's loop: consistent with the taxonomy and the corpus, put in once, and no obstacle to the real loop."""

from pathlib import Path

import pytest
from loop_kit import World

from bot.clock import freeze
from bot.learning.corpus import write_pending
from bot.learning.cycle import where
from bot.learning.demo import PATH, fill
from bot.learning.labels import SCORES, LabelError, count_by_status, label, list_drawn, review, skip, take_back
from bot.learning.notes import release_notes
from bot.learning.releasing import roll_back
from bot.nlu.judge.corpus import normalise, read_corpus
from bot.nlu.taxonomy import load_taxonomy
from bot.settings import ROOT, Settings, read_yaml
from tests.unit.shop.small_shop import beijing

STATUSES = ("waiting", "labelled", "skipped", "approved", "kept", "clash")


def test_what_is_written_there_can_be() -> None:
    written, taxonomy = read_yaml(PATH), load_taxonomy()
    held_out = {normalise(line.text) for line in read_corpus(ROOT / "tests" / "nlu")}
    for status in STATUSES:
        for line in written[status]:
            named = [line["heard"], line.get("meant", ""), *line["near"]]
            assert all(name in taxonomy.base_of for name in named if name), line
            assert line.get("score", 3) in SCORES[line.get("emotion", "calm")], line
            assert normalise(line["text"]) not in held_out, line


def test_it_is_put_in_once_and_the_loop_goes_on_from_it(world: World, settings: Settings) -> None:
    with freeze(beijing("2026-06-11 09:00")):
        count = fill(settings.events_url)
        assert count == sum(count_by_status(settings.events_url).values()) > 20
        assert fill(settings.events_url) == 0
        standing = where(world.project)
        assert standing.step == "" and "等人标注" in standing.told, "people come first, nothing is drawn again"
        assert {one.week for one in list_drawn(settings.events_url, "waiting")} == {"2026-W23"}
        with pytest.raises(LabelError, match="没有可以退回的模型"):
            roll_back(world.project, lambda _archive: False)
        assert write_pending(world.project) == len(read_yaml(PATH)["approved"])
        assert "没有上线" in release_notes(settings.events_url, beijing("2026-05-31 00:00").date())


def test_a_quiet_week_does_not_stop_the_loop(world: World, settings: Settings) -> None:
    with freeze(beijing("2026-06-11 09:00")):
        fill(settings.events_url)
    with freeze(beijing("2026-06-18 09:00")):  # a week on, nobody wrote
        assert where(world.project).step == "draw"
        assert where(world.project, nothing_to_draw=True).step == "train"


def test_a_real_loop_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    assert fill(settings.events_url, tmp_path / "gone.yml") == 0
    assert not count_by_status(settings.events_url)


def test_a_slip_is_taken_back_until_it_is_reviewed(settings: Settings) -> None:
    url = settings.events_url
    fill(url)
    first, second, *_ = list_drawn(url, "waiting")
    label(url, first.id, "anna", "ask_stock", "calm")
    skip(url, second.id, "anna")
    with pytest.raises(LabelError, match="别人标的"):
        take_back(url, first.id, "bob")
    take_back(url, first.id, "anna")
    take_back(url, second.id, "bob")  # what one skipped another may know
    assert {first.id, second.id} <= {one.id for one in list_drawn(url, "waiting")}
    label(url, first.id, "anna", "ask_stock", "calm")
    review(url, [first.id], "bob", True, 0)
    with pytest.raises(LabelError, match="审核过"):
        take_back(url, first.id, "anna")
    with pytest.raises(LookupError):
        take_back(url, 10**6, "anna")
