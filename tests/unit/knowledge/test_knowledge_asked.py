"""What was asked, and the heat map of it."""

import json
from datetime import timedelta

import pytest
from knowledge_kit import Entries, PairEncoder, entry
from sqlalchemy import select

from bot.clock import freeze, now
from bot.db import reading
from bot.knowledge import (
    CurrentIndex,
    Found,
    forget_asked,
    heat_map,
    import_entries,
    note_asked,
    note_chosen,
    note_hand_over,
    note_helpful,
    search,
)
from bot.knowledge.asked import mask_question
from bot.knowledge.faq_text import as_text
from bot.knowledge.heat import badness
from bot.knowledge.tables import AskedRow
from bot.settings import Settings

NONE = Found("none", (), 0.1)


def rows(url: str) -> list[AskedRow]:
    with reading(url) as session:
        return list(session.scalars(select(AskedRow).order_by(AskedRow.seq)))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("我手机17000000001收不到", "我手机170****0001收不到"),
        ("订单DX800000000015到哪了", "订单[单号]到哪了"),
        ("单号 1234567890 查一下", "单号 [单号] 查一下"),
        ("256G多少钱", "256G多少钱"),
        ("啊" * 900, "啊" * 500),
    ],
)
def test_personal_data_is_not_kept(settings: Settings, text: str, kept: str) -> None:
    assert mask_question(text) == kept
    note_asked(settings.knowledge_url, "c1", text, NONE)
    assert rows(settings.knowledge_url)[0].text == kept


def test_what_follows_is_noted(known: CurrentIndex, settings: Settings) -> None:
    url, found = settings.knowledge_url, search(known, "退货运费谁出")
    first = note_asked(url, "c1", "退货运费谁出", found)
    note_asked(url, "c2", "退货运费谁出", found)
    second = note_asked(url, "c1", "到底谁出退货运费", found)
    assert [row.followed_by for row in rows(url)] == ["repeat", None, None]
    note_hand_over(url, "c1")
    assert rows(url)[2].followed_by == "handoff"
    assert note_helpful(url, "c1", first, False) and not note_helpful(url, "stranger", second, True)
    assert [row.helpful for row in rows(url)] == [False, None, None]


def test_what_comes_much_later_does_not_count(known: CurrentIndex, settings: Settings) -> None:
    url, found = settings.knowledge_url, search(known, "退货运费谁出")
    note_asked(url, "c1", "退货运费谁出", found)
    with freeze(now() + timedelta(minutes=11)):
        note_hand_over(url, "c1")
        note_asked(url, "c1", "退货运费谁出", found)
    assert [row.followed_by for row in rows(url)] == [None, None]


def test_an_answer_that_helped_is_not_spoilt_by_what_follows(known: CurrentIndex, settings: Settings) -> None:
    url, found = settings.knowledge_url, search(known, "退货运费谁出")
    note_helpful(url, "c1", note_asked(url, "c1", "退货运费谁出", found), True)
    note_asked(url, "c1", "退货运费谁出", found)
    assert rows(url)[0].followed_by is None


@pytest.mark.parametrize(
    ("outcome", "helpful", "followed", "expected"),
    [
        ("answered", None, None, 0.0),
        ("answered", True, "handoff", 0.0),
        ("answered", False, None, 1.0),
        ("answered", None, "handoff", 0.8),
        ("answered", None, "repeat", 0.6),
        ("near", None, None, 0.7),
        ("near", None, "chosen", 0.3),
        ("near", None, "handoff", 0.8),
        ("none", None, None, 1.0),
        ("none", None, "handoff", 1.0),
    ],
)
def test_badness(outcome: str, helpful: bool | None, followed: str | None, expected: float) -> None:
    assert badness(outcome, helpful, followed) == expected


def test_the_heat_map_counts_orders_and_groups(
    known: CurrentIndex, settings: Settings, encoder: PairEncoder, write: Entries
) -> None:
    url = settings.knowledge_url
    freight, warranty = search(known, "退货运费谁出"), search(known, "星河手机保修多久")
    with freeze(now() - timedelta(days=8)):
        note_asked(url, "old", "退货运费谁出", freight)
    for number in range(5):
        note_asked(url, f"a{number}", "退货运费谁出", freight)
    for number in range(2):
        note_helpful(url, f"b{number}", note_asked(url, f"b{number}", "星河手机保修多久", warranty), False)
    near = Found("near", warranty.entries, 0.4)
    note_chosen(url, "n", note_asked(url, "n", "洗衣服的问题", near), "wash")
    for text in ("能在手机上刻字吗", "能在手机上刻字吗？", "你们卖自行车吗"):
        note_asked(url, text, text, NONE)
    found = heat_map(url, encoder, days=7)
    assert (found.asked, found.answered, found.near, found.none, found.unhelpful) == (11, 7, 1, 3, 2)
    assert [(line.entry_id, line.asked) for line in found.entries] == [("freight", 5), ("warranty", 2), ("wash", 1)]
    assert [(line.asked, len(line.examples)) for line in found.unanswered] == [(2, 2), (1, 1)]
    assert [(line.question, round(line.score, 2)) for line in found.improve] == [
        ("星河手机保修多久", 2.0),
        ("能在手机上刻字吗", 2.0),
        ("你们卖自行车吗", 1.0),
        ("棉衣服怎么洗", 0.3),
    ]
    assert found.heat["退货"] == {"2026-06-10": 5} and found.heat["没有答案"] == {"2026-06-10": 3}
    assert json.loads(json.dumps(found.as_json()))["improve"][0]["unhelpful"] == 2
    text = as_text(found)
    assert (
        "问了 11 次" in text
        and "能在手机上刻字吗（问 2 次：没有答案 2）" in text
        and "得分 = 次数 × 平均不满意度" in text
    )


def test_questions_of_removed_entries_stay_readable(
    known: CurrentIndex, settings: Settings, encoder: PairEncoder, write: Entries
) -> None:
    note_asked(settings.knowledge_url, "c", "退货运费谁出呀", search(known, "退货运费谁出"))
    import_entries(settings.knowledge_url, settings.shop_url, [write([entry("别的")])])
    assert heat_map(settings.knowledge_url, encoder).entries[0].question == "退货运费谁出呀"


def test_nothing_asked_is_said(settings: Settings, encoder: PairEncoder) -> None:
    assert as_text(heat_map(settings.knowledge_url, encoder)) == "最近 7 天没有人问过知识库。"


def test_old_questions_are_forgotten(settings: Settings) -> None:
    with freeze(now() - timedelta(days=settings.operations.knowledge.keep_days, minutes=1)):
        note_asked(settings.knowledge_url, "c", "旧的", NONE)
    note_asked(settings.knowledge_url, "c", "新的", NONE)
    assert forget_asked(settings.knowledge_url) == 1
    assert [row.text for row in rows(settings.knowledge_url)] == ["新的"]
