"""How long a day of many conversations takes: invented, inspected and reported in a place of its own."""

import random
import resource
import tempfile
import time as clocks
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import insert

from bot import clock, db
from bot.conversations.tables import Conversation, Message
from bot.db import engine_for, upgrade
from bot.events.tables import EventRow
from bot.quality.inspection import inspect_day
from bot.quality.inspector import Inspector
from bot.quality.pdf import write_pdf
from bot.quality.reader import load_rules
from bot.quality.report import as_markdown, report_of
from bot.settings import ROOT, Settings, get_settings

_BATCH = 1000
_AGENTS = [f"agent{number:02}" for number in range(40)]
_GREETINGS = ("您好，很高兴为您服务", "在的亲", "您好，我是客服小林", "嗯")
_ENDS = ("感谢咨询，祝您生活愉快", "还有什么可以帮您", "好的", "有问题随时联系我")
_MORE = ("需要帮您下单吗", "我马上帮您查一下", "今天给您发货", "抱歉让您久等了", "这个您自己看详情页", "已经为您登记")


def bench(number: int) -> None:
    """Invent `number` conversations of yesterday, inspect and report them; prints what it took."""
    with tempfile.TemporaryDirectory(prefix="quality-bench-") as folder:
        settings = get_settings().copy()
        place = f"sqlite:///{folder}/all.db"
        settings.chat_url = settings.events_url = settings.shop_url = place
        for room in ("shop", "conversations", "events", "quality"):
            upgrade(place, room)
        day = clock.local(clock.now()).date() - timedelta(days=1)
        messages = _invent(settings, number, datetime.combine(day, time(9), clock.shop_zone()))
        print(f"{number} 个对话，{messages} 条消息，开始质检……", flush=True)
        began = clocks.perf_counter()
        rules = load_rules()
        judged = inspect_day(settings, Inspector(rules), day)
        inspected = clocks.perf_counter()
        report = report_of(settings, rules, day)
        as_markdown(report)
        write_pdf(report, Path(folder) / "report.pdf")
        ended = clocks.perf_counter()
        again = inspect_day(settings, Inspector(rules), day)
        repeated = clocks.perf_counter()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        whole = ended - began
        print(f"质检 {judged} 个对话 {inspected - began:.1f} 秒，日报 {ended - inspected:.1f} 秒，合计 {whole:.1f} 秒")
        print(f"每秒 {judged / whole:.0f} 个对话，内存最多 {memory:.0f} MB")
        print(f"再查一遍 {repeated - ended:.1f} 秒，要重查的有 {again} 个")
        engine_for(place).dispose()


def _invent(settings: Settings, number: int, begin: datetime) -> int:
    """Store conversations of customers' lines from the corpus with answers of the knowledge base; how many messages."""
    draw, lines, answers = random.Random(5), _lines(), _answers()
    talks: list[dict[str, Any]] = []
    messages: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    count = 0
    for place in range(number):
        name = f"{place:032x}"
        at = clock.as_utc(begin) + timedelta(seconds=draw.uniform(0, 12 * 3600))
        talks.append({"id": name, "channel": "web", "account": name, "created_at": at, "tags": [], "tried": []})
        with_agent = draw.random() < 0.4
        for message in _talk(name, at, with_agent, draw, lines, answers, events):
            messages.append(message)
        if len(talks) == _BATCH or place == number - 1:
            # In the order of the log: ids grow with time within a batch only; the day is found all the same.
            messages.sort(key=lambda one: one["created_at"])
            with db.writing(settings.chat_url) as session:
                for table, rows in ((Conversation, talks), (Message, messages), (EventRow, events)):
                    session.execute(insert(table), rows)
            count += len(messages)
            talks, messages, events = [], [], []
    return count


def _talk(
    name: str,
    at: datetime,
    with_agent: bool,
    draw: random.Random,
    lines: list[tuple[str, str, int]],
    answers: list[str],
    events: list[dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    agent = draw.choice(_AGENTS)
    number = 0
    for turn in range(draw.choice((1, 2, 2, 3, 3, 4))):
        text, intent, score = draw.choice(lines)
        at += timedelta(seconds=draw.uniform(10, 60))
        number += 1
        yield _message(name, number, "customer", None, text, at)
        if not with_agent or turn == 0:
            data = {"text": text, "message_id": f"{name}-{number}", "intent": intent, "score": score}
            events.append(
                {
                    "id": f"{name}{number}", "kind": "message.customer", "conversation_id": name, "at": at,
                    "channel": "web", "actor": "customer", "data": data,
                }
            )  # fmt: skip
        replies = [draw.choice(answers)]
        if with_agent:
            replies = [
                *([draw.choice(_GREETINGS)] if turn == 0 else []),
                draw.choice((*answers[:40], *_MORE)),
                *replies,
            ]
        for reply in replies:
            at += timedelta(seconds=draw.uniform(1, 70 if with_agent else 3))
            number += 1
            yield _message(name, number, "agent" if with_agent else "bot", agent if with_agent else None, reply, at)
    if with_agent:
        yield _message(name, number + 1, "agent", agent, draw.choice(_ENDS), at + timedelta(seconds=8))


def _message(name: str, number: int, author: str, sender: str | None, text: str, at: datetime) -> dict[str, Any]:
    return {
        "conversation_id": name, "number": number, "author": author, "sender": sender, "content": {"text": text},
        "state": "done", "created_at": at,
    }  # fmt: skip


def _lines() -> list[tuple[str, str, int]]:
    found = []
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in sorted((ROOT / "data" / "nlu").rglob("*.yml")):
        for block in yaml.load(path.read_text(encoding="utf8"), loader)["nlu"]:
            score = int((block.get("metadata") or {}).get("score", 3))
            for line in (block.get("examples") or "").splitlines() if "intent" in block else ():
                found.append((line.removeprefix("- "), block["intent"], score))
    return found


def _answers() -> list[str]:
    import json

    found = []
    for path in sorted((ROOT / "data" / "knowledge").glob("*.json")):
        found += [entry["answer"] for entry in json.loads(path.read_text(encoding="utf8"))]
    return found
