"""Feeds of peers, the draw for interviews, the digest."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.events import Event, add
from bot.insight import refresh
from bot.insight.digest import digest
from bot.insight.interviews import allot, draw
from bot.insight.peers import PEERS, PeerError, read_peers
from bot.settings import Settings
from tests.unit.insight.conftest import answers, asks, told

HEAD = "month,shop,conversion_percent,response_seconds,repurchase_percent"


def test_the_demo_feed_is_right() -> None:
    assert len(read_peers(PEERS.read_text(encoding="utf8"))) == 120


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "缺少列"),
        ("month,shop\n", "缺少列 conversion_percent"),
        (f"{HEAD}\n2026-13,甲,1,1,1", "第 2 行：月份“2026-13”"),
        (f"{HEAD}\n2026-11,,1,1,1", "店铺名"),
        (f"{HEAD}\n2026-11,甲,many,1,1", "“many”不是数字"),
        (f"{HEAD}\n2026-11,甲,101,1,1", "超出范围"),
        (f"{HEAD}\n2026-11,甲,nan,1,1", "超出范围"),
        (f"{HEAD}\n2026-11,甲,1,1,1\n2026-11,甲,1,1,1", "第 3 行：2026-11 的 甲 出现了两次"),
        (f"{HEAD}\n2026-11,甲", "不是数字"),
    ],
)
def test_broken_feeds_name_the_line(content: str, says: str) -> None:
    with pytest.raises(PeerError, match=says):
        read_peers(content)


@given(
    st.dictionaries(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), st.integers(1, 500), min_size=1),
    st.integers(1, 120),
)
def test_the_allotment_is_fair(sizes: dict[tuple[str, str], int], number: int) -> None:
    given_ = allot(sizes, number)
    assert sum(given_.values()) == min(number, sum(sizes.values()))
    assert all(1 <= given_[key] <= sizes[key] for key in given_)
    if len(sizes) <= number:
        assert set(given_) == set(sizes)


def test_the_same_month_draws_the_same(settings: Settings) -> None:
    events = []
    for n in range(60):
        conversation = f"c{n}"
        base = ("presale", "ask_stock") if n % 3 else ("complaint", "complain_service")
        events.append(asks(f"{n % 20 + 1:02} 10:00:00", base[1], base[0], conversation))
        events.append(answers(f"{n % 20 + 1:02} 10:00:01", conversation))
    add(settings.events_url, events)
    refresh(settings)
    drawn = draw(settings.events_url, date(2026, 11, 9), 12)
    assert drawn == draw(settings.events_url, date(2026, 11, 1), 12)
    assert drawn != draw(settings.events_url, date(2026, 11, 1), 12, seed=2)
    assert sorted({d.base for d in drawn}) == ["complaint", "presale"]
    assert sum(d.base == "complaint" for d in drawn) == 4


@pytest.fixture
def slow_day(settings: Settings) -> Settings:
    events: list[Event] = []
    for n in range(6):
        events += [asks("24 10:00:00", "ask_refund", "aftersale", f"c{n}"), answers("24 10:00:40", f"c{n}")]
    events.append(told("handoff.requested", "24 10:01:00", "c1", reason="request_human"))
    add(settings.events_url, events)
    settings.operations.kpi.alert_contacts = 5
    return settings


def test_the_digest_names_missed_targets(slow_day: Settings) -> None:
    text = digest(slow_day, date(2026, 11, 24))
    assert "| 首次响应 | ✗ 40.0 秒 | — | 15.0 秒 |" in text
    assert "没达到目标：**首次响应 40.0 秒（目标 15.0 秒）" in text
    assert "转人工最多的问题：退款 1 次" in text
    assert "这一天没有顾客来访" in digest(slow_day, date(2026, 11, 23))
