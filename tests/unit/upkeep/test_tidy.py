"""Retention: what is old goes, archived once, and nothing that is open or that the figures are made of."""

import gzip
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot import cli, clock
from bot.clock import now
from bot.conversations.tables import Conversation, Delivery, Message, Survey, Ticket
from bot.db import reading, writing
from bot.desk.tables import Audit
from bot.events.tables import EventRow
from bot.insight.projection import refresh
from bot.insight.tables import DayRow, TotalRow
from bot.quality.tables import AppealRow, FindingRow, OutsideRow, TalkRow
from bot.runtime import tracker_rows
from bot.runtime.tracker_tables import HeadRow, TurnRow
from bot.settings import Settings
from bot.shop.service_tables import TicketRow
from bot.shop.trade_tables import OrderRow
from bot.upkeep import archiving, daily, tidying
from bot.upkeep.requests import erase
from bot.upkeep.tidying import months_ago, tidy
from bot.upkeep_settings import Retention
from tests.unit.upkeep.test_erase import left
from tests.unit.upkeep.traces import WORDS, chat, everything, leave_traces

YEARS_AGO = timedelta(days=5 * 365)


@pytest.fixture
def old(house: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """C1 came five years ago, C2 an hour ago."""
    monkeypatch.setattr(house.operations, "retention", Retention())
    with clock.freeze(now() - YEARS_AGO):
        leave_traces(house, 1)
    leave_traces(house, 2)
    for name in ("media/media-file-of-customer-1", f"uploads/{'a' * 63}1.png"):
        stamp = (now() - YEARS_AGO).timestamp()
        os.utime(house.var / name, (stamp, stamp))
    with writing(house.shop_url) as session:
        session.execute(update(TicketRow).values(status="done"))
    _close(house)
    return house


def _close(settings: Settings) -> None:
    """Nobody works on anything."""
    with writing(settings.chat_url) as session:
        session.execute(update(Ticket).values(state="done"))
        session.execute(update(Message).values(state="done"))
    with writing(settings.events_url) as session:
        session.execute(update(AppealRow).values(status="rejected"))


def _count(settings: Settings, table: Any) -> int:
    for url in (settings.chat_url, settings.events_url, settings.tracker_url):
        with reading(url) as session:
            try:
                return int(session.scalar(select(func.count()).select_from(table)) or 0)
            except Exception:
                continue
    raise AssertionError(table)


def archived(settings: Settings) -> list[dict[str, Any]]:
    """Every line of the archives, with the name of its table."""
    found = []
    for path in sorted((settings.var / "archive").glob("*/*/*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf8") as file:
            found += [{"table": archiving.table_of(path), "kind": path.parts[-3], **json.loads(line)} for line in file]
    return found


def test_what_is_old_is_archived_and_goes(old: Settings) -> None:
    refresh(old)
    others = left(old, 2)
    done = tidy(old)
    assert left(old, 2) == others
    assert done["conversation_messages"] == 4 and done["events_log"] == 2 and done["desk_audit"] == 1
    assert done["tracker_turns"] == 1 and done["media"] == 1 and done["uploads"] == 1
    for table in (Message, Survey, Ticket, Delivery, EventRow, TurnRow, HeadRow, Audit, OutsideRow):
        with reading(_url(old, table)) as session:
            mine = session.scalars(select(table)).all()
        assert all(chat(1) not in repr(vars(row)) for row in mine), table
        assert mine, table  # C2's are all there
    with reading(old.chat_url) as session:
        assert session.get(Conversation, chat(1)) is not None  # the customer's place, should they come back
    lines = archived(old)
    assert {line["table"] for line in lines if line.get("conversation_id") == chat(1)} == {
        "conversation_messages", "conversation_surveys", "conversation_tickets", "events_log",
    }  # fmt: skip
    assert "dialogue" not in {line["kind"] for line in lines}  # not in `archive`
    assert tidy(old) == {}  # and nothing is left to do


def _url(settings: Settings, table: Any) -> str:
    if table in (EventRow, OutsideRow, FindingRow, AppealRow, TalkRow):
        return settings.events_url
    return settings.tracker_url if table in (TurnRow, HeadRow) else settings.chat_url


def test_archives_hold_nothing_personal_and_an_erasure_reaches_them(old: Settings) -> None:
    tidy(old)
    text = json.dumps(archived(old), ensure_ascii=False)
    name, phone = WORDS[1]
    assert phone not in text and f"我叫{name}" not in text and "我叫欧**，电话170****0001" in text
    assert all(path.stat().st_mode & 0o077 == 0 for path in (old.var / "archive").glob("*/*/*.gz"))
    erase(old, "C1")
    # The platform's number of a message that is gone runs out by itself in channel_seen.
    assert [line for line in left(old, 1) if not line.startswith("channel_seen")] == []
    assert chat(1) not in json.dumps(archived(old))


def test_without_masking_it_is_kept_as_it_was(old: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old.operations, "retention", Retention(mask=False, archive=["messages"]))
    tidy(old)
    assert "我叫欧阳测一，电话17000000001" in json.dumps(archived(old), ensure_ascii=False)
    assert {line["kind"] for line in archived(old)} == {"messages"}


@pytest.mark.parametrize(
    "still", ["waiting", "agent", "handoff", "ticket", "message", "delivery", "order", "guest's order", "service"]
)
def test_what_is_open_stays_however_old(old: Settings, still: str) -> None:
    with writing(old.chat_url) as session:
        mine = Conversation.id == chat(1)
        if still in ("waiting", "agent"):
            session.execute(update(Conversation).where(mine).values(owner=still))
        elif still == "handoff":
            session.execute(update(Conversation).where(mine).values(handoff={"reason": "asked"}))
        elif still == "ticket":
            session.execute(update(Ticket).where(Ticket.conversation_id == chat(1)).values(state="open"))
        elif still == "message":
            first = (Message.conversation_id == chat(1), Message.number == 1)
            session.execute(update(Message).where(*first).values(state="waiting"))
        elif still == "delivery":
            session.execute(update(Delivery).where(Delivery.conversation_id == chat(1)).values(state="waiting"))
    with writing(old.shop_url) as session:
        if still == "order":
            session.execute(update(OrderRow).where(OrderRow.no == "DX1").values(status="shipped", account="another"))
        elif still == "guest's order":
            session.execute(update(OrderRow).where(OrderRow.no == "DX1").values(status="paid", customer_id=None))
        elif still == "service":
            session.execute(update(TicketRow).where(TicketRow.no == "S1").values(status="approved"))
    done = tidy(old)
    assert not {"conversation_messages", "conversation_surveys", "events_log", "tracker_turns", "media"} & set(done)
    with reading(old.chat_url) as session:
        numbers = session.scalars(select(Message.number).where(Message.conversation_id == chat(1))).all()
    assert sorted(numbers) == [1, 2, 3, 4]
    assert (old.var / "media" / "media-file-of-customer-1").exists()


def test_of_a_finding_the_words_go_and_the_score_stays(old: Settings) -> None:
    with writing(old.events_url) as session:
        session.execute(update(AppealRow).where(AppealRow.talk_id == f"{chat(1)}:1").values(status="open"))
    tidy(old)
    with reading(old.events_url) as session:
        assert session.get(FindingRow, (f"{chat(1)}:1", "polite")).quote  # somebody has yet to decide by it
    _close(old)
    tidy(old)
    with reading(old.events_url) as session:
        row, talk = session.get(FindingRow, (f"{chat(1)}:1", "polite")), session.get(TalkRow, f"{chat(1)}:1")
        assert (row.quote, row.message, row.points, talk.score) == ("", "", 5.0, 80.0)
        assert session.get(FindingRow, (f"{chat(2)}:1", "polite")).quote != ""
    assert [line["quote"] for line in archived(old) if line["table"] == "quality_findings"] != []


def _figures(settings: Settings) -> dict[str, list[str]]:
    with reading(settings.events_url) as session:
        return {
            table.__tablename__: sorted(
                repr({c.name: getattr(row, c.name) for c in table.__table__.columns})
                for row in session.scalars(select(table))
            )
            for table in (DayRow, TotalRow)
        }


def test_figures_of_the_past_do_not_change(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.operations, "retention", Retention())
    start = now() - YEARS_AGO
    events = [
        EventRow(
            id=f"e{n}-{k}", kind=("message.customer", "message.bot")[k % 2], conversation_id=f"c{n % 7}",
            at=start + timedelta(days=n, seconds=k * 5), channel="web", actor="customer" if k % 2 == 0 else "bot",
            data={"text": "在吗", "intent": "ask_stock"},
        )
        for n in range(1500)
        for k in range(2)
    ]  # fmt: skip
    with writing(house.events_url) as session:
        session.add_all(events)
    # Nothing has been counted yet: it is counted before it goes.
    done = tidy(house)
    assert 500 < done["events_log"] < 2999
    figures = _figures(house)
    assert sum(map(len, figures.values())) > 1500
    with writing(house.events_url) as session:
        session.add(
            EventRow(
                id="new", kind="message.customer", conversation_id="c1", at=now(), channel="web", actor="customer",
                data={"text": "在吗", "intent": "ask_stock"},
            )
        )  # fmt: skip
    refresh(house)
    today = f"{clock.local(now()):%Y, %-m, %-d}"
    after = {name: [row for row in rows if today not in row] for name, rows in _figures(house).items()}
    assert after == {name: [row for row in rows if today not in row] for name, rows in figures.items()}
    assert _figures(house) != figures


class Killed(BaseException):
    """As kill -9: nothing is done after it."""


@pytest.mark.parametrize("at", ["before the file is whole", "before the deletion", "in its middle", "before its name"])
def test_broken_off_nothing_is_archived_twice_and_nothing_is_lost(
    old: Settings, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    with writing(old.chat_url) as session:
        for number in range(10, 60):
            session.add(
                Message(
                    conversation_id=chat(1), number=number, author="bot", content={"text": f"第{number}条"},
                    created_at=now() - YEARS_AGO + timedelta(days=number),
                )
            )  # fmt: skip
    monkeypatch.setattr(tidying, "_BATCH", 20)
    monkeypatch.setattr(tidying, "_FILE", 30)

    def killed(*_args: Any) -> None:
        raise Killed

    with monkeypatch.context() as broken:
        if at == "before the file is whole":
            broken.setattr(archiving.os, "fsync", killed)
        elif at == "before the deletion":
            broken.setattr(tidying, "_delete", killed)
        elif at == "in its middle":
            broken.setattr(tidying.time, "sleep", killed)
        else:
            broken.setattr(archiving, "finish", killed)
        with pytest.raises(Killed):
            tidy(old)
    # Meanwhile a customer comes back and writes: what was chosen before and what is chosen now may differ.
    with writing(old.chat_url) as session:
        session.add(
            Message(conversation_id=chat(1), number=99, author="customer", content={"text": "又来了"}, created_at=now())
        )
    tidy(old)
    lines = [line for line in archived(old) if line["table"] == "conversation_messages"]
    keys = [line["id"] for line in lines]
    assert len(keys) == len(set(keys)) == 54
    assert sorted(line["number"] for line in lines) == [1, 2, 3, 4, *range(10, 60)]
    with reading(old.chat_url) as session:
        assert session.scalars(select(Message.number).where(Message.conversation_id == chat(1))).all() == [99]
    names = [path.name for path in (old.var / "archive").rglob("*") if path.is_file()]
    assert not [name for name in names if "todo" in name or name.startswith(".")]


def test_a_dry_run_counts_and_changes_nothing(
    old: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.commands.upkeep.get_settings", lambda: old)
    refresh(old)
    before = everything(old)
    assert cli.main(["tidy", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "conversation_messages      4" in told and "还没有动" in told and everything(old) == before
    assert cli.main(["tidy"]) == 0
    told = capsys.readouterr().out
    assert "conversation_messages      4" in told and "✓ 已归档" in told
    assert cli.main(["tidy", "--dry-run"]) == 0
    assert "没有到期的" in capsys.readouterr().out


def test_zero_keeps_for_ever(old: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ("messages", "dialogue", "events", "media", "quotes", "audit", "logs", "archive_months")
    monkeypatch.setattr(old.operations, "retention", Retention(**dict.fromkeys(kinds, 0)))
    before = everything(old)
    assert tidy(old) == {} and everything(old) == before


def test_turns_behind_the_window_go_and_the_window_stays(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.operations, "retention", Retention(archive=["dialogue"]))
    then = (now() - YEARS_AGO).timestamp()

    def turn(at: float) -> list[dict[str, Any]]:
        return [{"event": "user", "text": "电话17000000001", "timestamp": at}]

    url = house.tracker_url
    tracker_rows.save(url, "comes-still", tracker_rows.Saved(1, [turn(then + n) for n in range(40)]))
    slot = [{"event": "slot", "name": "sku", "value": "P1", "timestamp": then}]
    last = tracker_rows.Saved(41, [turn(then + 60), turn(now().timestamp())], start=41, carried=slot)
    tracker_rows.save(url, "comes-still", last)
    tracker_rows.save(url, "gone", tracker_rows.Saved(1, [turn(then)]))
    before = tracker_rows.load(url, "comes-still")
    assert tidy(house)["tracker_turns"] == 41
    assert tracker_rows.load(url, "comes-still") == before and len(before) == 2
    assert tracker_rows.senders(url) == ["comes-still"] and tracker_rows.load_all(url, "gone") == []
    text = json.dumps(archived(house), ensure_ascii=False)
    assert "17000000001" not in text and "170****0001" in text
    # Somebody who had gone comes back as one who is new.
    tracker_rows.save(url, "gone", tracker_rows.Saved(1, [turn(now().timestamp())]))
    assert len(tracker_rows.load(url, "gone")) == 1


def test_services_write_meanwhile(old: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidying, "_BATCH", 100)
    with writing(old.chat_url) as session:
        session.add_all(
            Message(
                conversation_id=chat(1), number=n, author="bot", content={"text": "好"}, created_at=now() - YEARS_AGO
            )
            for n in range(10, 3010)
        )
    waits, stop = [], threading.Event()

    def shop() -> None:
        number = 100
        while not stop.is_set():
            number += 1
            began = time.monotonic()
            with writing(old.chat_url) as session:
                session.add(
                    Message(
                        conversation_id=chat(2), number=number, author="bot", content={"text": "好"}, created_at=now()
                    )
                )
            waits.append(time.monotonic() - began)
            time.sleep(0.01)

    thread = threading.Thread(target=shop)
    thread.start()
    assert tidy(old)["conversation_messages"] == 3004
    stop.set()
    thread.join()
    assert len(waits) > 20 and max(waits) < 2.0
    with reading(old.chat_url) as session:
        kept = session.scalars(select(Message.number).where(Message.conversation_id == chat(2))).all()
        assert len([number for number in kept if number > 100]) == len(waits)


def test_old_logs_and_archives_go(house: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.operations, "retention", Retention(archive_months=60))
    logs, this_month = house.var / "log", f"{clock.local(now()):%Y-%m}"
    logs.mkdir()
    began = 'Traceback (most recent call last):\n{"time": "2026-08-31T10:00:00.000+00:00", "message": "还在写"}\n'
    fresh = f"{this_month}-01 10:00:00,000 INFO    root - here\n"
    (logs / "web.log").write_text(began)
    (logs / "rasa.log").write_text(fresh)
    (logs / "web.2020-01.log.gz").write_bytes(b"old")
    stamp = (now() - YEARS_AGO).timestamp()
    os.utime(logs / "web.2020-01.log.gz", (stamp, stamp))
    for month in ("2020-01", this_month):
        folder = house.var / "archive" / "events" / month
        folder.mkdir(parents=True)
        with gzip.open(folder / "events_log-0123456789abcdef.jsonl.gz", "wt") as file:
            file.write("{}\n")
    with (logs / "web.log").open("a") as running:  # as its process has it
        assert tidy(house, dry_run=True) == {"log": 1}
        assert tidy(house) == {"log": 1, "archive": 1}
        running.write(fresh)
    assert gzip.decompress((logs / "web.2026-08.log.gz").read_bytes()).decode() == began
    assert tidy(house) == {}
    assert (logs / "web.log").read_text() == (logs / "rasa.log").read_text() == fresh


@pytest.mark.parametrize(
    ("today", "months", "then"),
    [("2026-11-26", 12, "2025-11-26"), ("2026-03-31", 1, "2026-02-28"), ("2024-03-30", 1, "2024-02-29"),
     ("2026-01-15", 1, "2025-12-15"), ("2026-12-31", 6, "2026-06-30"), ("2026-11-26", 24, "2024-11-26")],
)  # fmt: skip
def test_months_ago(today: str, months: int, then: str) -> None:
    with clock.freeze(datetime.fromisoformat(f"{today}T10:00:00+08:00")):
        assert months_ago(months) == datetime.fromisoformat(f"{then}T00:00:00+08:00")


def test_each_day_one_process_of_the_cluster_tidies(old: Settings) -> None:
    with ThreadPoolExecutor(3) as threads:
        evening = clock.local(now()).replace(hour=23, minute=59)
        with clock.freeze(evening):
            done = [thread.result() for thread in [threads.submit(daily.tidy_when_due, old) for _ in range(3)]]
    assert sorted(done) == [False, False, True]
    assert _count(old, Message) == 4
