"""What is drawn and why; labels and their review; the lines as Rasa's YAML."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from loop_kit import World

from bot.clock import freeze
from bot.db import writing
from bot.events import Event
from bot.events.store import add
from bot.learning import labels
from bot.learning.choosing import choose
from bot.learning.corpus import take_over, write_pending
from bot.learning.drawing import draw
from bot.learning.heard import Heard, heard_between
from bot.learning.labels import LabelError, label, list_drawn, review, skip
from bot.learning.neighbours import Neighbours, neighbours, vectors
from bot.learning.tables import DrawnRow
from bot.nlu.judge.corpus import Line, read_corpus
from bot.settings import Settings
from tests.unit.shop.small_shop import beijing

AT = beijing("2026-06-02 10:00")


def pairs(texts: Sequence[str]) -> np.ndarray:
    """Vectors of hashed characters: quick, and alike for texts that share characters."""
    rows = np.zeros((len(texts), 128), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for character in text:
            row[ord(character) % 128] += 1
    return rows


def heard(text: str, confidence: float = 0.99, base: str = "presale", score: int = 3) -> Heard:
    return Heard(text, "c", AT, "ask_stock", confidence, base, "calm", score)


def said(text: str, number: int, conversation: str = "c1", **data: object) -> Event:
    at = beijing(f"2026-06-02 10:{number:02d}")
    return Event(
        "message.customer", conversation, at, data={"text": text, "intent": "ask_stock", "confidence": 0.9, **data}
    )


def test_buttons_and_masked_messages_are_not_heard_but_what_a_button_chose_is(any_settings: Settings) -> None:
    url = any_settings.events_url
    add(url, [
        said("那个东西还来不来", 1, intent="nlu_fallback", confidence=0.4),
        said('/ask_delivery_time{"x": 1}', 2),
        said("我电话138****1234", 3),
        said("x" * 300, 4),
        said("有货吗", 5, "c2"),
    ])  # fmt: skip
    found = heard_between(url, beijing("2026-06-01 00:00"), beijing("2026-06-08 00:00"))
    assert [(one.text, one.chosen) for one in found] == [("那个东西还来不来", "ask_delivery_time"), ("有货吗", "")]


def test_each_reason_gets_its_share_and_the_same_meaning_is_drawn_once() -> None:
    messages = [heard(f"说法{chr(0x4E00 + i * 7)}{chr(0x5000 + i * 11)}") for i in range(40)]
    messages += [heard(f"投诉{chr(0x6000 + i * 3)}", base="complaint", score=1) for i in range(10)]
    messages += [heard(f"不确定{chr(0x7000 + i * 5)}", confidence=0.5) for i in range(10)]
    messages += [heard("一模一样的话"), heard("一模一样的话")]
    rows = np.eye(len(messages), dtype=np.float32)
    rows[-1] = rows[-2]
    near = [Neighbours({"ask_stock": 1.0}, 0.9) for _ in messages]
    near[3] = Neighbours({"ask_price": 0.8}, 0.9)
    near[5] = Neighbours({"ask_stock": 1.0}, 0.1)
    chosen = choose(messages, rows, near, 20, 0.85, "w")
    reasons = [choice.reason for choice in chosen]
    assert len(chosen) == 20 and reasons.count("complaint") == 3 and reasons.count("uncertain") == 6
    assert next(c for c in chosen if c.heard is messages[3]).reason == "disagreed"
    assert next(c for c in chosen if c.heard is messages[3]).suggestions == ("ask_stock", "ask_price")
    assert [c.heard for c in choose(messages, rows, near, 20, 0.85, "w")] == [c.heard for c in chosen]
    everything = choose(messages, rows, near, 1000, 0.85, "w")
    assert len(everything) == len(messages) - 1


def test_neighbours_vote_by_likeness_and_vectors_are_kept(tmp_path: Path) -> None:
    texts = {"有货吗": "ask_stock", "开发票": "ask_invoice"}
    lines = [Line(text, intent, "calm", 3, Path("x.yml"), 1) for text, intent in texts.items()]
    asked: list[int] = []

    def encode(texts: Sequence[str]) -> np.ndarray:
        asked.append(len(texts))
        return pairs(texts)

    cache = tmp_path / "v.npz"
    base = vectors([line.text for line in lines], encode, cache)
    assert vectors(["开发票", "退货"], encode, cache).shape == (2, 128) and asked == [2, 1]
    found = neighbours(vectors(["有货没"], encode, tmp_path / "w.npz"), base, lines)[0]
    assert next(iter(found.votes)) == "ask_stock"
    assert neighbours(base, np.zeros((0, 128)), []) == [Neighbours({}, -1.0)] * 2


@pytest.fixture
def drawn(world: World) -> World:
    world.customers_write(0, beijing("2026-06-01 00:00"), {})
    with freeze(beijing("2026-06-08 09:00")):
        assert draw(world.project, pairs) > 50
    return world


def test_one_labels_and_another_approves(drawn: World) -> None:
    url = drawn.project.url
    first, second, third, *_ = list_drawn(url, "waiting")
    label(url, first.id, "anna", "ask_stock", "calm")
    label(url, first.id, "anna", "ask_price", "impatient", 1)  # thought better of it
    skip(url, second.id, "anna")
    with pytest.raises(LabelError, match="自己标的"):
        review(url, [first.id], "anna", True, 0)
    with pytest.raises(LabelError, match="别人处理了"):
        review(url, [first.id, third.id], "bob", True, 0)
    assert labels.count_by_status(url)["labelled"] == 1
    assert review(url, [first.id], "bob", True, 0) == 1
    with pytest.raises(LabelError, match="审核过"):
        label(url, first.id, "anna", "ask_stock", "calm")
    approved = list_drawn(url, "approved")[0]
    assert (approved.intent, approved.emotion, approved.score, approved.reviewed_by) == (
        "ask_price",
        "impatient",
        1,
        "bob",
    )


@pytest.mark.parametrize(
    ("intent", "emotion", "score", "told"),
    [("buy", "calm", None, "业务意图"), ("ask_stock", "sad", None, "情感"), ("ask_stock", "calm", 5, "情绪分")],
)
def test_wrong_labels_are_told(drawn: World, intent: str, emotion: str, score: int | None, told: str) -> None:
    first = list_drawn(drawn.project.url, "waiting")[0]
    with pytest.raises(LabelError, match=told):
        label(drawn.project.url, first.id, "anna", intent, emotion, score)
    with pytest.raises(LookupError):
        label(drawn.project.url, 10**6, "anna", "ask_stock", "calm")


def test_sent_back_labels_wait_again_and_a_part_is_kept_back(drawn: World) -> None:
    url = drawn.project.url
    ids = [one.id for one in list_drawn(url, "waiting")]
    for number in ids:
        label(url, number, "anna", "ask_stock", "calm")
    review(url, ids[:1], "bob", False, 20)
    assert list_drawn(url, "waiting")[0].id == ids[0] or ids[0] in [one.id for one in list_drawn(url, "waiting")]
    review(url, ids[1:], "bob", True, 50)
    counts = labels.count_by_status(url)
    assert counts["kept"] > 5 and counts["approved"] > 5 and counts["kept"] + counts["approved"] == len(ids) - 1


def test_approved_lines_are_written_as_rasa_reads_them(drawn: World) -> None:
    project, url = drawn.project, drawn.project.url
    known = read_corpus(project.corpus)
    first, second, third, fourth, *_ = list_drawn(url, "waiting")
    with writing(url) as session:
        for number, (row, text) in enumerate(
            [(first, "怪句子[图片](很重要)吗"), (second, known[0].text), (third, known[1].text), (fourth, "气死我了")]
        ):
            found = session.get(DrawnRow, row.id)
            found.text, found.status, found.emotion, found.score = text, "approved", "calm", 3
            found.intent = ("ask_stock", known[0].intent, "complain_quality", "complain_quality")[number]
            if number == 3:
                found.emotion, found.score = "impatient", 1
    clashes = known[1].intent != "complain_quality"
    assert clashes and write_pending(project) == 2
    assert list_drawn(url, "clash")[0].id == third.id and known[1].intent in list_drawn(url, "clash")[0].note
    assert [one.id for one in list_drawn(url, "taken")] == [second.id]
    before = len(known)
    assert take_over(project) == 2 and not list(project.pending.rglob("*.yml"))
    lines = {line.text: line for line in read_corpus(project.corpus)}
    assert len(lines) == before + 2
    assert lines["怪句子[图片] (很重要)吗"].intent == "ask_stock"
    assert (lines["气死我了"].emotion, lines["气死我了"].score) == ("impatient", 1)
    for file in project.corpus.rglob("*.yml"):
        assert yaml.safe_load(file.read_text(encoding="utf8"))["version"] == "3.1"
