"""A hundred conversations a month for interviews in depth: drawn by strata with a seed, with a worksheet."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from sqlalchemy import select

from bot.clock import local
from bot.db import reading
from bot.insight.tables import ContactRow
from bot.insight.titles import CHANNELS, HANDLED
from bot.nlu.taxonomy import load_taxonomy

NUMBER = 100
COLUMNS = (
    ("会话", 34), ("开始时间", 18), ("渠道", 12), ("基础意图", 12), ("业务意图", 16), ("接待", 10), ("星级", 8),
    ("顾客想解决什么", 30), ("解决了吗，卡在哪里", 30), ("顾客的原话", 36),
    ("对我们的建议", 30), ("访谈人", 12), ("访谈日期", 14),
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A contact that was drawn."""

    conversation_id: str
    started_at: datetime
    channel: str
    base: str
    intent: str
    handled_by: str
    stars: int | None


def draw(url: str, month: date, number: int = NUMBER, seed: int | None = None) -> list[Drawn]:
    """`number` contacts of the month of `month`, by base intent and who handled them in their shares.

    Every stratum that has contacts gets at least one; the same month and seed (by default the month) draw the same.
    """
    first = month.replace(day=1)
    last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    names = ("conversation_id", "started_at", "channel", "base", "intent", "handled_by", "stars")
    query = select(*(getattr(ContactRow, name) for name in names))
    query = query.where(ContactRow.day >= first, ContactRow.day <= last, ContactRow.intent != "")
    with reading(url) as session:
        rows = session.execute(query.order_by(ContactRow.started_at, ContactRow.conversation_id)).all()
    strata: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        strata[row.base, row.handled_by].append(row)
    chance = random.Random(f"{first}:{seed}")
    drawn: list[Drawn] = []
    for key, count in allot({key: len(found) for key, found in strata.items()}, number).items():
        drawn += (Drawn(*row) for row in chance.sample(strata[key], count))
    return sorted(drawn, key=lambda d: (d.started_at, d.conversation_id))


def allot(sizes: dict[tuple[str, str], int], number: int) -> dict[tuple[str, str], int]:
    """How many of `number` each stratum gives: one each, the rest by largest remainder of its share."""
    total = sum(sizes.values())
    if total <= number:
        return dict(sizes)
    given = dict.fromkeys(sizes, 1)
    if len(sizes) > number:
        return dict.fromkeys(sorted(sizes, key=lambda k: -sizes[k])[:number], 1)
    rest = number - len(sizes)
    shares = {key: rest * (size - 1) / (total - len(sizes)) for key, size in sizes.items()}
    for key, share in shares.items():
        given[key] += int(share)
    left = number - sum(given.values())
    for key in sorted(shares, key=lambda k: (int(shares[k]) - shares[k], k))[:left]:
        given[key] += 1
    return given


def worksheet(drawn: Sequence[Drawn]) -> bytes:
    """The XLSX file that interviewers fill in."""
    titles = load_taxonomy().titles
    book = Workbook()
    sheet = book.active
    sheet.title = "深度访谈"
    sheet.append([name for name, _width in COLUMNS])
    for contact in drawn:
        sheet.append(
            [
                contact.conversation_id,
                f"{local(contact.started_at):%Y-%m-%d %H:%M}",
                CHANNELS.get(contact.channel, contact.channel),
                titles.get(contact.base, contact.base),
                titles.get(contact.intent, contact.intent),
                HANDLED[contact.handled_by],
                contact.stars,
            ]
        )
    for column, (_name, width) in zip("ABCDEFGHIJKLM", COLUMNS, strict=True):
        sheet.column_dimensions[column].width = width
        sheet[f"{column}1"].font = Font(bold=True)
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.freeze_panes = "A2"
    content = BytesIO()
    book.save(content)
    return content.getvalue()
