"""Search: answers, near misses and nothing; the index follows the store while the process runs."""

import time
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from knowledge_kit import Entries, PairEncoder, entry

from bot.clock import freeze
from bot.db import writing
from bot.knowledge import CurrentIndex, import_entries, search
from bot.knowledge import current as current_module
from bot.knowledge import index as index_module
from bot.knowledge.fitting import Held, fit_trust
from bot.knowledge.index import Index, Ranked, questions
from bot.knowledge.ranking import Trust, probability
from bot.knowledge.synthetic import synthetic_index
from bot.knowledge.tables import VectorRow
from bot.knowledge.vectors import vectors_of
from bot.knowledge.words import ProductNames, WordIndex, terms
from bot.settings import Settings
from bot.shop import load_catalogue
from tests.unit.shop.small_shop import beijing


@pytest.fixture(autouse=True)
def always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions are checked at each question; the interval itself has its own test."""
    monkeypatch.setattr(current_module, "RECHECK_SECONDS", 0.0)


def test_a_question_finds_its_entry(known: CurrentIndex) -> None:
    found = search(known, "退货运费谁出")
    assert (found.outcome, found.entries[0].id) == ("answered", "freight")
    assert found.best is not None and found.probability > 0.9
    assert search(known, "T恤能不能机洗").entries[0].id == "wash"


@pytest.mark.parametrize("text", ["", "  ", "北极熊吃什么", "？？？", "🙂", "abc def"])
def test_what_nobody_knows_is_not_answered(known: CurrentIndex, text: str) -> None:
    found = search(known, text)
    assert found.outcome == "none" and found.best is None


def test_an_empty_store_answers_nothing(settings: Settings, encoder: PairEncoder) -> None:
    found = search(CurrentIndex(settings.knowledge_url, settings.shop_url, encoder), "退货运费谁出")
    assert (found.outcome, found.entries, found.probability) == ("none", (), 0.0)


def test_tags_narrow_the_search(known: CurrentIndex) -> None:
    assert search(known, "退货运费谁出", ["退货"]).best is not None
    assert search(known, "退货运费谁出", ["保修"]).entries[0].id == "warranty"
    assert search(known, "退货运费谁出", ["没有的标签"]).entries == ()


def test_entries_are_found_only_while_they_are_valid(known: CurrentIndex, settings: Settings, write: Entries) -> None:
    bounded = entry("店庆几点开始", id="party", valid_from="2026-06-10T09:00", valid_until="2026-06-11")
    import_entries(settings.knowledge_url, settings.shop_url, [write([bounded], "party.json")])
    for moment, found in {"06-10 08:59": False, "06-10 09:00": True, "06-10 23:59": True, "06-11 00:00": False}.items():
        with freeze(beijing(f"2026-{moment}")):
            assert ("party" in [e.id for e in search(known, "店庆几点开始").entries]) is found, moment


def test_changes_are_found_without_a_restart_and_only_they_are_embedded(
    known: CurrentIndex, settings: Settings, write: Entries, encoder: PairEncoder
) -> None:
    search(known, "退货运费谁出")
    encoder.embedded.clear()
    import_entries(
        settings.knowledge_url, settings.shop_url, [write([entry("发票怎么开", "在订单页申请。")], "b.json")]
    )
    assert search(known, "发票怎么开").entries[0].answer == "在订单页申请。"
    assert sorted({*encoder.embedded} - {"发票怎么开"}) == ["在订单页申请。"]
    import_entries(settings.knowledge_url, settings.shop_url, [write([], "b.json")])
    assert search(known, "发票怎么开").outcome == "none"


def test_the_store_is_looked_at_once_a_second(
    known: CurrentIndex, settings: Settings, write: Entries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_module, "RECHECK_SECONDS", 60.0)
    search(known, "退货运费谁出")
    import_entries(settings.knowledge_url, settings.shop_url, [write([entry("发票怎么开")], "b.json")])
    assert search(known, "发票怎么开").outcome == "none"
    monkeypatch.setattr(current_module, "RECHECK_SECONDS", 0.0)
    assert search(known, "发票怎么开").outcome == "answered"


def test_a_slow_renewal_does_not_hold_questions_up(
    known: CurrentIndex, settings: Settings, write: Entries, encoder: PairEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_module, "PATIENCE_SECONDS", 0.05)
    search(known, "退货运费谁出")
    real = encoder.sentences

    def slow(texts: list[str]) -> np.ndarray:
        if "在订单页申请。" in texts:
            time.sleep(1.0)
        return real(texts)

    monkeypatch.setattr(encoder, "sentences", slow)
    import_entries(
        settings.knowledge_url, settings.shop_url, [write([entry("发票怎么开", "在订单页申请。")], "b.json")]
    )
    began = time.monotonic()
    assert search(known, "退货运费谁出").best is not None
    assert time.monotonic() - began < 0.8, "the old index answers meanwhile"
    deadline = time.monotonic() + 20
    while search(known, "发票怎么开").outcome == "none":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_store_that_breaks_is_answered_from_memory(
    known: CurrentIndex, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert search(known, "退货运费谁出").best is not None
    monkeypatch.setattr(known, "url", f"sqlite:///{tmp_path}/nowhere.db")
    assert search(known, "退货运费谁出").best is not None


def test_vectors_are_kept_by_text_and_encoder(settings: Settings, encoder: PairEncoder) -> None:
    first = vectors_of(settings.knowledge_url, ["甲", "乙", "甲"], encoder)
    assert first.shape == (3, 256) and np.allclose(first[0], first[2])
    again = PairEncoder()
    assert np.allclose(vectors_of(settings.knowledge_url, ["乙", "丙"], again)[0], first[1], atol=1e-3)
    assert again.embedded == ["丙"]
    again.name = "other"
    vectors_of(settings.knowledge_url, ["乙"], again)
    assert again.embedded == ["丙", "乙"]
    with writing(settings.knowledge_url) as session:
        assert session.query(VectorRow).count() == 4


def test_a_named_product_leads_to_its_entries(settings: Settings, encoder: PairEncoder, write: Entries) -> None:
    entries = [
        entry("屏幕碎了怎么办", "找客服。", id="phone", products=["P1"]),
        entry("屏幕碎了怎么办？", "找厂家。", id="cloth", products=["P2"]),
    ]
    import_entries(settings.knowledge_url, settings.shop_url, [write(entries)])
    index = CurrentIndex(settings.knowledge_url, settings.shop_url, encoder)
    assert search(index, "星河七屏幕碎了怎么办").entries[0].id == "phone"
    assert search(index, "我的T恤屏幕碎了怎么办").entries[0].id == "cloth"


def test_longer_product_names_hide_shorter_ones(settings: Settings) -> None:
    names = ProductNames(load_catalogue(settings.shop_url))
    assert (
        names.named("星河 7怎么充电") == {"P1"}
        and names.named("ＳＴ恤") == {"P2"}
        and names.named("天气") == frozenset()
    )
    assert (
        names.rest("星河7怎么充电") == "怎么充电"
        and names.rest("怎么充电") == "怎么充电"
        and names.rest("星河7") == "星河7"
    )


def test_word_coverage_weighs_rare_words_more() -> None:
    words = WordIndex(["退货的运费", "换货的运费", "发票的抬头"])
    coverage = words.coverage("退货运费")
    assert coverage.argmax() == 0 and coverage[1] > coverage[2] and coverage.max() <= 1
    assert WordIndex([]).coverage("甲").shape == (0,)
    assert terms("iPhone 14怎么用") == ["iphone", "14", "怎", "么", "用", "怎么", "么用"]


def test_fewer_dimensions_find_the_same_in_a_large_index(monkeypatch: pytest.MonkeyPatch, encoder: PairEncoder) -> None:
    small, texts = synthetic_index(400, 64)
    vectors = {e.question: v for e, v in zip(small.entries, small.ways.each.astype(np.float32), strict=True)}
    names = ProductNames(None)
    monkeypatch.setattr(index_module, "LARGE", 100)
    monkeypatch.setattr(index_module, "DIMENSIONS", 48)
    large, _ = synthetic_index(400, 64)
    assert large._fixed.shape == (400, 48)
    for text in texts[:50]:
        (question,) = questions([text], lambda some: np.stack([vectors[t] for t in some]), names)
        expected, found = small.rank(question, limit=1), large.rank(question, limit=1)
        assert expected.places[0] == found.places[0] and np.allclose(expected.scores, found.scores, atol=1e-4)


def test_probability_grows_with_the_evidence() -> None:
    weak, strong = np.full((2, 8), 0.2), np.full((2, 8), 0.9)
    assert probability(weak, np.array([3.0, 2.9])) < probability(strong, np.array([3.0, 2.9]))
    assert probability(weak, np.array([3.0, 2.9])) < probability(weak, np.array([6.0, 1.0]))
    assert probability(weak[:1], np.array([3.0]), Trust()) < 0.5


def test_a_short_way_to_ask_inside_a_long_message_is_seen() -> None:
    words = WordIndex(["毛衣起球怎么办", "运费谁出", "几点发货"])
    long = "你好，上周买的，挺喜欢，就是想问下运费谁出呀"
    assert words.share("运费谁出", long) == 1.0
    assert 0 < words.share("毛衣起球怎么办", "起球") < 0.7
    assert words.share("几点发货", "毛衣") == words.share("？", long) == 0.0


def test_more_likeness_never_means_less_trust() -> None:
    table = np.random.default_rng(3).uniform(-1, 1, (60, 8))
    # The signs say the opposite of what is right: a weight below zero would fit best.
    held = [Held(Ranked(np.arange(1), row[None], np.array([8.0])), 0 if row[5:].sum() < 0 else None) for row in table]
    trust = fit_trust(held)
    assert min(astuple(trust)[1:]) == 0.0


def test_an_index_can_be_asked_by_many_at_once(known: CurrentIndex) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: search(known, "退货运费谁出").entries[0].id, range(40)))
    assert found == ["freight"] * 40


def test_an_index_of_one_entry_works(encoder: PairEncoder, known: CurrentIndex) -> None:
    one = [known.get()[0].entries[0]]
    index = Index.build(one, encoder.sentences, ProductNames(None))
    (question,) = questions([one[0].question], encoder.sentences, ProductNames(None))
    assert list(index.rank(question).places) == [0]
