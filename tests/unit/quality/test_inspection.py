"""Days inspected out of the log: visits, facts, repetition, new rules, appeals, sums, reports."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot import clock
from bot.conversations.tables import Conversation, Message
from bot.conversations.tables import Event as DeskEvent
from bot.db import reading, writing
from bot.events import Event, add
from bot.quality import figures
from bot.quality.appeals import agreement_with_decisions, appeal, decide, list_appeals
from bot.quality.chat_log import chats_of
from bot.quality.inspection import inspect_day
from bot.quality.inspector import Inspector
from bot.quality.outside import keep
from bot.quality.pdf import write_pdf
from bot.quality.problems import AppealError
from bot.quality.reader import load_rules
from bot.quality.report import as_markdown, report_of
from bot.quality.tables import FindingRow, TalkRow
from bot.quality.transcript import transcript
from bot.settings import Settings
from tests.unit.quality.conftest import NoMeaning, beijing
from tests.unit.quality.talks import talk

DAY = date(2026, 11, 24)
HOUR = timedelta(hours=1)
RUDE = ["24 10:00:00 customer 电饭煲能煮糙米吗", "24 10:00:20 agent:lin 您自己看详情页", "24 10:00:40 customer 哦"]


def say(settings: Settings, conversation: str, *lines: str, closed: str | None = None) -> None:
    """Store "24 10:00:00 customer 有货吗" (an agent as agent:lin) in the log."""
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        day, time, who, text = line.split(" ", 3)
        author, _, sender = who.partition(":")
        rows.append(
            {
                "conversation_id": conversation, "number": number, "author": author, "sender": sender or None,
                "content": {"text": text}, "state": "done", "created_at": beijing(f"{day} {time}"),
            }
        )  # fmt: skip
    with writing(settings.chat_url) as session:
        session.add(
            Conversation(
                id=conversation,
                channel="web",
                account=conversation,
                created_at=rows[0]["created_at"],
                tags=[],
                tried=[],
            )
        )
        session.flush()
        session.execute(insert(Message), rows)
        if closed:
            data = {"move": "close"}
            at = beijing(closed)
            number = int(conversation[-1]) if conversation[-1].isdigit() else 1
            session.add(DeskEvent(number=number, at=at, kind="owner", conversation_id=conversation, data=data))


def talks_of(settings: Settings, day: date = DAY) -> list[Any]:
    return [one for batch in chats_of(settings, day, HOUR) for one in batch]


def test_a_visit_ends_with_silence_or_closing(settings: Settings) -> None:
    lines = ["24 10:00:00 customer 在吗", "24 10:00:05 bot 在的", "24 10:20:00 customer 多少钱", "24 10:20:01 bot 99元"]
    say(settings, "c1", *lines, "24 12:00:00 customer 还在吗", "24 12:00:02 bot 在的")
    say(settings, "c2", *lines, closed="24 10:10:00")
    with clock.freeze(beijing("24 20:00:00")):
        found = {(one.conversation_id, one.id.split(":")[1], len(one.lines)) for one in talks_of(settings)}
    assert found == {("c1", "1", 4), ("c1", "5", 2), ("c2", "1", 2), ("c2", "3", 2)}


def test_a_visit_belongs_to_the_day_on_which_it_begins(settings: Settings) -> None:
    say(settings, "c1", "23 23:59:50 customer 在吗", "24 00:00:10 bot 在的", "24 00:20:00 customer 多少钱")
    say(settings, "c2", "24 23:59:00 customer 在吗", "25 00:00:10 bot 在的")
    with clock.freeze(beijing("26 20:00:00")):
        assert [one.conversation_id for one in talks_of(settings)] == ["c2"]
        assert [len(one.lines) for one in talks_of(settings, date(2026, 11, 23))] == [3]


def test_what_is_still_going_on_waits(settings: Settings) -> None:
    say(settings, "c1", *RUDE)
    with clock.freeze(beijing("24 10:30:00")):
        assert talks_of(settings) == []


def test_understanding_comes_from_the_events_by_the_number_of_the_message(settings: Settings) -> None:
    lines = ["24 10:00:00 customer 太慢了", "24 10:00:01 customer 到底发不发", "24 10:00:05 bot 抱歉"]
    say(settings, "c1", *lines, "24 10:00:30 customer 好")
    data = {"text": "太慢了，到底发不发", "message_id": "c1-1", "intent": "urge_delivery", "score": 2}
    add(settings.events_url, [Event("message.customer", "c1", beijing("24 10:00:02"), data=data)])
    with clock.freeze(beijing("24 20:00:00")):
        (one,) = talks_of(settings)
    assert [(line.intent, line.score) for line in one.lines if line.side == "customer"] == [
        ("urge_delivery", 2), ("urge_delivery", 2), (None, None),
    ]  # fmt: skip


def test_inspecting_again_changes_nothing(settings: Settings, inspector: Inspector) -> None:
    say(settings, "c1", *RUDE)
    with clock.freeze(beijing("30 20:00:00")):
        assert inspect_day(settings, inspector, DAY) == 1
        before = rows(settings)
        assert inspect_day(settings, inspector, DAY) == 0
        assert rows(settings) == before
    assert {name for _talk, name, _quote in before} >= {"greeting", "forbidden", "answered"}


def test_new_rules_judge_anew(settings: Settings, inspector: Inspector, tmp_path: Path) -> None:
    say(settings, "c1", *RUDE)
    rules = tmp_path / "quality.yml"
    rules.write_text(
        "criteria:\n  only: {title: 详情页, weight: 5, check: avoid, phrases: [详情页], suggestion: 直接回答。}\n",
        encoding="utf8",
    )
    with clock.freeze(beijing("30 20:00:00")):
        inspect_day(settings, inspector, DAY)
        assert inspect_day(settings, Inspector(load_rules(rules), NoMeaning()), DAY) == 1
    assert rows(settings) == [("c1:1", "only", "详情页")]
    assert [one.criterion for one in figures.criteria(settings.events_url, DAY, DAY)] == ["only"]


def test_an_open_promise_is_judged_when_it_is_due(settings: Settings, inspector: Inspector) -> None:
    say(settings, "c1", "24 10:00:00 customer 发货吗", "24 10:00:20 agent:lin 您好，今天给您发货")
    with clock.freeze(beijing("24 15:00:00")):
        inspect_day(settings, inspector, DAY)
        assert "promise" not in {name for _talk, name, _quote in rows(settings)}
    with clock.freeze(beijing("25 08:00:00")):
        assert inspect_day(settings, inspector, DAY) == 1
    assert ("c1:1", "promise", "今天给您发货") in rows(settings)


def test_personal_data_is_masked_in_what_is_kept(settings: Settings, inspector: Inspector) -> None:
    say(settings, "c1", "24 10:00:00 customer 我的电话13812345678", "24 10:00:20 agent:lin 加我微信13912345678")
    with clock.freeze(beijing("30 20:00:00")):
        inspect_day(settings, inspector, DAY)
        told = transcript(settings, "c1:1")
    with reading(settings.events_url) as session:
        kept = " ".join(row.message + row.suggestion for row in session.execute(select(FindingRow)).scalars())
    assert "139****5678" in kept and "13912345678" not in kept
    assert told is not None and "13812345678" not in "".join(line.text for line in told.lines)


def test_an_accepted_appeal_gives_the_points_back_and_lasts(settings: Settings, inspector: Inspector) -> None:
    url = settings.events_url
    say(settings, "c1", *RUDE)
    with clock.freeze(beijing("30 20:00:00")):
        inspect_day(settings, inspector, DAY)
        before = score(settings)
        with pytest.raises(AppealError, match="不是您的"):
            appeal(url, "c1:1", "forbidden", "zhao", "这不是我说的话")
        number = appeal(url, "c1:1", "forbidden", "lin", "顾客问的就在详情页")
        with pytest.raises(AppealError, match="已经申诉过"):
            appeal(url, "c1:1", "forbidden", "lin", "再来一次试试")
        with pytest.raises(AppealError, match="自己的申诉"):
            decide(url, inspector.rules, number, True, "lin")
        decide(url, inspector.rules, number, True, "boss", "有道理")
        with pytest.raises(AppealError, match="处理过"):
            decide(url, inspector.rules, number, False, "boss")
        after = score(settings)
        assert after > before
        failed = {one.criterion: one.failed for one in figures.criteria(url, DAY, DAY)}
        assert failed["forbidden"] == 0

        with writing(url) as session:
            session.get(TalkRow, "c1:1").rules = "older"
        assert inspect_day(settings, inspector, DAY) == 1
        assert score(settings) == after, "judged anew, the decision stands"
    assert [(one.status, one.answer) for one in list_appeals(url)] == [("accepted", "有道理")]
    assert [(one.criterion, one.rate) for one in agreement_with_decisions(url)] == [("forbidden", 0.0)]


def test_the_report_names_the_worst_with_quotes_and_suggestions(
    settings: Settings, inspector: Inspector, tmp_path: Path
) -> None:
    say(settings, "c1", *RUDE)
    good = ["24 11:00:00 customer 有货吗", "24 11:00:09 agent:zhao 您好，有现货，需要帮您下单吗"]
    say(settings, "c2", *good, "24 11:00:30 customer 谢谢", "24 11:00:35 agent:zhao 不客气，祝您生活愉快")
    call = talk("a 1 喂", "c 3 不制冷怎么办", "a 9 这个不归我们管", intents=["report_item_problem"])
    call.kind, call.id, call.conversation_id = "call", "call-1:1", "call-1"
    keep(settings.events_url, [call], "one.wav", "13812345678")
    with clock.freeze(beijing("30 20:00:00")):
        assert inspect_day(settings, inspector, DAY) == 3
        report = report_of(settings, inspector.rules, DAY)
    text = as_markdown(report)
    assert report.talks == 3
    assert [case.conversation_id for case in report.worst][-1] != "c2"
    assert "“不归我们管”" in text and "“自己看”" in text and "建议：" in text and "电话" in text
    assert [one.agent for one in report.agents][-1] == "zhao", "the lowest score first"
    write_pdf(report, tmp_path / "out" / "report.pdf")
    assert (tmp_path / "out" / "report.pdf").read_bytes().startswith(b"%PDF")


def test_an_agent_reads_only_her_own_conversations(settings: Settings, inspector: Inspector) -> None:
    say(settings, "c1", *RUDE)
    with clock.freeze(beijing("30 20:00:00")):
        inspect_day(settings, inspector, DAY)
        assert transcript(settings, "c1:1", "lin") is not None
        assert transcript(settings, "c1:1", "zhao") is None
        assert transcript(settings, "c9:1") is None


def rows(settings: Settings) -> list[tuple[str, str, str]]:
    with reading(settings.events_url) as session:
        found = session.execute(select(FindingRow).order_by(FindingRow.talk_id, FindingRow.criterion)).scalars()
        return [(row.talk_id, row.criterion, row.quote) for row in found]


def score(settings: Settings) -> float:
    _, found = figures.overview(settings.events_url, DAY, DAY)
    assert found is not None
    return found


def test_two_processes_may_inspect_the_same_day_at_once(settings: Settings, inspector: Inspector) -> None:
    for number in range(12):
        say(settings, f"d{number}", *RUDE)
    alone = Inspector(load_rules(), NoMeaning())
    with clock.freeze(beijing("30 20:00:00")), ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(inspect_day, settings, one, DAY) for one in (inspector, alone)]
        assert max(run.result() for run in runs) == 12
    assert len({talk_id for talk_id, _name, _quote in rows(settings)}) == 12
