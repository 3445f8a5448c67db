"""Recorded calls: transcribed, kept with everything personal masked, and from then on inspected like chats."""

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot import clock
from bot.quality.outside import find, keep
from bot.quality.problems import CallsError
from bot.quality.talk import SOMEONE, Line, Talk
from bot.settings import Settings
from bot.speech import SpeechError
from bot.speech.hearing import Heard, hear

CHANNEL = "phone"
COLUMNS = ("file", "agent", "time", "phone")
Progress = Callable[[str], object]


@dataclass(frozen=True)
class Recorded:
    """A line of the list of calls."""

    path: Path
    agent: str
    at: datetime
    phone: str

    @property
    def id(self) -> str:
        """The same for the same recording, wherever it lies."""
        return f"call-{hashlib.sha256(self.path.read_bytes()).hexdigest()[:24]}"


def import_calls(settings: Settings, path: Path, progress: Progress = print) -> tuple[int, int]:
    """Transcribe and keep the calls of a CSV (file, agent, time, phone); how many are new, how many failed.

    Calls that were imported before are passed over.

    Raises:
        CallsError: the list is wrong; says where.
    """
    new = failed = 0
    for one in list(read_list(path)):
        if find(settings.events_url, one.id) is not None:
            progress(f"{one.path.name}：以前导入过了")
            continue
        try:
            heard = hear(settings, one.path)
        except SpeechError as error:
            progress(f"✗ {error}")
            failed += 1
            continue
        if not heard:
            progress(f"{one.path.name}：没有听到话，没有导入")
            continue
        talk = as_talk(one, heard, settings.operations.speech.agent_channel)
        new += keep(settings.events_url, [talk], one.path.name, one.phone)
        told = "" if talk.told_apart else "，单声道分不出谁说的：只查用词和停顿，不打分"
        progress(
            f"{one.path.name}：{len(talk.lines)} 句，{(talk.ended_at - talk.started_at).total_seconds():.0f} 秒{told}"
        )
    return new, failed


def as_talk(recorded: Recorded, heard: Sequence[Heard], agent_channel: str) -> Talk:
    """The call as it is inspected; of a single channel nobody knows who speaks: `agent` is then who took the call."""
    lines = []
    for number, one in enumerate(heard, 1):
        side = SOMEONE if one.channel == "mono" else "agent" if one.channel == agent_channel else "customer"
        at, end = (recorded.at + timedelta(seconds=moment) for moment in (one.start, one.end))
        lines.append(Line(number, side, at, one.text, "" if side == "customer" else recorded.agent, end=end))
    return Talk(f"{recorded.id}:1", recorded.id, CHANNEL, lines, "call")


def read_list(path: Path) -> Iterator[Recorded]:
    """The calls of a CSV; files are looked for beside it.

    Raises:
        CallsError: naming the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise CallsError(f"打不开 {path}：{error.strerror}") from None
    except UnicodeDecodeError:
        raise CallsError(f"{path.name} 请保存为 UTF-8") from None
    if not rows:
        raise CallsError(f"{path.name} 里没有电话，第一行应为 {','.join(COLUMNS)}")
    missing = [name for name in COLUMNS[:3] if name not in rows[0]]
    if missing:
        raise CallsError(f"{path.name} 缺少 {'、'.join(missing)} 列")
    for number, row in enumerate(rows, 2):
        yield _recorded(path, number, row)


def _recorded(path: Path, number: int, row: Mapping[str, str | None]) -> Recorded:
    values = {name: (row.get(name) or "").strip() for name in COLUMNS}
    file = path.parent / values["file"]
    if not values["file"] or not file.is_file():
        raise CallsError(f"{path.name} 第 {number} 行：没有录音 {values['file']}")
    if not values["agent"]:
        raise CallsError(f"{path.name} 第 {number} 行：没有写客服")
    try:
        at = datetime.fromisoformat(values["time"])
    except ValueError:
        raise CallsError(f"{path.name} 第 {number} 行：时间请写成 2026-11-25 14:30:00") from None
    moment = clock.as_utc(at if at.tzinfo else at.replace(tzinfo=clock.shop_zone()))
    return Recorded(file, values["agent"], moment, values["phone"])
