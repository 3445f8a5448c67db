"""A month of invented chats and calls out of data/quality_demo.yml, so that the pages have something to show.

The same day and seed give the same conversations. They are kept as conversations from outside: the desk and the
figures of the shop know nothing of them.
"""

import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from bot import clock
from bot.db import reading
from bot.quality.appeals import appeal, decide
from bot.quality.figures import findings
from bot.quality.inspection import inspect_day
from bot.quality.inspector import Inspector
from bot.quality.outside import keep
from bot.quality.reader import load_rules
from bot.quality.tables import OutsideRow
from bot.quality.talk import SOMEONE, Fact, Line, Talk
from bot.settings import ROOT, Settings, read_yaml

PATH = ROOT / "data" / "quality_demo.yml"
DAYS, CHATS, CALLS = 30, 11, 3  # chats and calls of a day
_SIDES = {"c": "customer", "b": "bot", "a": "agent", "s": SOMEONE}
_SUPERVISOR = "demo-boss"
SOURCE = "demo"


def fill(settings: Settings, days: int = DAYS, path: Path = PATH, seed: int = 11) -> int:
    """Invent conversations where there are none from outside yet, inspect them; how many."""
    with reading(settings.events_url) as session:
        if not path.is_file() or session.query(OutsideRow.id).first() is not None:
            return 0
    scripts = read_yaml(path)
    count = keep(settings.events_url, demo_talks(scripts, days, seed), SOURCE)
    inspector = Inspector(load_rules())
    today = clock.local(clock.now()).date()
    for back in range(days, -1, -1):
        inspect_day(settings, inspector, today - timedelta(days=back))
    _appeal(settings, inspector, scripts["appeals"], today)
    return count


def demo_talks(scripts: Mapping[str, Any], days: int, seed: int) -> Iterator[Talk]:
    """The conversations of the last `days` days up to an hour ago."""
    draw = random.Random(seed)
    today, newest = clock.local(clock.now()).date(), clock.now() - timedelta(hours=1)
    for back in range(days, -1, -1):
        day = today - timedelta(days=back)
        for kind, number in (("talks", CHATS), ("calls", CALLS)):
            for place in range(round(number * draw.uniform(0.7, 1.3))):
                script = draw.choices(scripts[kind], [one["weight"] for one in scripts[kind]])[0]
                begin = datetime.combine(day, time(draw.randrange(9, 22)), clock.shop_zone())
                begin += timedelta(seconds=draw.randrange(3600))
                talk = _talk(script, kind, day, place, clock.as_utc(begin), _agent(script, scripts["agents"], draw))
                if talk.ended_at < newest:
                    yield talk


def _agent(script: Mapping[str, Any], agents: Mapping[str, int], draw: random.Random) -> str:
    # An agent of grade 5 seldom has a conversation of grade 1.
    weights = [4.0 ** -abs(grade - script["grade"]) for grade in agents.values()]
    return draw.choices(list(agents), weights)[0]


def _talk(script: Mapping[str, Any], kind: str, day: date, place: int, at: datetime, agent: str) -> Talk:
    lines = []
    for number, written in enumerate(script["lines"], 1):
        who, pause, text = written.split(" ", 2)
        at += timedelta(seconds=int(pause))
        end = at + timedelta(seconds=round(len(text) / 4.5, 1)) if kind == "calls" else None
        side = _SIDES[who]
        lines.append(Line(number, side, at, text, agent if side == "agent" else "", end=end))
        at = end or at
    facts = [Fact(at + timedelta(minutes=int(one.split()[1])), one.split()[0]) for one in script.get("facts", ())]
    call = kind == "calls"
    name = f"demo-{'call' if call else 'chat'}-{day:%m%d}-{place:02}"
    channel = "phone" if call else script["channel"]
    return Talk(f"{name}:1", name, channel, lines, "call" if call else "chat", facts)


def _appeal(settings: Settings, inspector: Inspector, written: Mapping[str, Any], today: date) -> None:
    """Some findings appealed: those of the last days are open, older ones decided."""
    url, rules = settings.events_url, inspector.rules
    for criterion, reasons in written.items():
        _, found = findings(url, today - timedelta(days=DAYS), today, criterion=criterion)
        mine = [one for one in found if one.agent]
        for place, one in enumerate(mine[: 2 * len(reasons)]):
            told = reasons[place % len(reasons)]
            number = appeal(url, one.talk_id, criterion, one.agent, told["reason"])
            if place >= len(reasons) // 2 + 1:
                decide(url, rules, number, told["accepted"], _SUPERVISOR)
