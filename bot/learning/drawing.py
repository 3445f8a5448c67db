"""The weekly draw: what of last week's messages people should label."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from sqlalchemy import select

from bot.clock import local, now, shop_zone
from bot.db import reading, writing
from bot.learning.choosing import Choice, choose
from bot.learning.heard import Heard, heard_between
from bot.learning.neighbours import Encode, neighbours, vectors
from bot.learning.project import Project
from bot.learning.tables import DrawnRow
from bot.nlu.judge.corpus import normalise, read_corpus
from bot.nlu.taxonomy import load_taxonomy

MOST_LOOKED_AT = 20_000


def week_of(day: date) -> str:
    """2026-W48, by ISO 8601."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def week_before() -> tuple[str, datetime, datetime]:
    """The last whole week of the shop: its name, its beginning and its end."""
    today = local(now()).date()
    monday = today - timedelta(days=today.weekday())
    begin, end = (datetime(d.year, d.month, d.day, tzinfo=shop_zone()) for d in (monday - timedelta(days=7), monday))
    return week_of(monday - timedelta(days=7)), begin, end


def draw(project: Project, encode: Encode, say: Callable[[str], object] = lambda line: None) -> int:
    """Draw from the last whole week, once; how many messages there are now to label from it.

    Messages that the corpus, the fixed sets or an earlier draw have already are left out.
    """
    week, begin, end = week_before()
    with reading(project.url) as session:
        known = set(session.execute(select(DrawnRow.key)).scalars())
        before = session.execute(select(DrawnRow.id).where(DrawnRow.week == week)).scalars().all()
    if before:
        return len(before)
    lines = read_corpus(project.corpus)
    trained = {normalise(line.text) for line in [*lines, *read_corpus(project.fixed)]}
    fresh: dict[str, Heard] = {}
    for heard in heard_between(project.url, begin, end):
        if heard.key not in known and normalise(heard.text) not in trained:
            fresh[heard.key] = heard
    pool = list(fresh.values())[-MOST_LOOKED_AT:]
    say(f"{week}：{len(pool)} 句没见过的话，正在挑选……")
    if not pool:
        return 0
    base = vectors([line.text for line in lines], encode, project.work / "corpus.npz")
    rows = vectors([heard.text for heard in pool], encode, project.work / "heard.npz")
    operations = project.settings.operations
    near = neighbours(rows, base, lines)
    chosen = choose(pool, rows, near, operations.learning.weekly, operations.confidence.threshold, week)
    with writing(project.url) as session:
        session.add_all(_row(week, choice) for choice in chosen)
    return len(chosen)


def _row(week: str, choice: Choice) -> DrawnRow:
    heard, taxonomy = choice.heard, load_taxonomy()
    return DrawnRow(
        key=heard.key,
        week=week,
        text=heard.text,
        conversation_id=heard.conversation_id,
        at=heard.at,
        reason=choice.reason,
        predicted=heard.intent if heard.intent in taxonomy.base_of else "",
        confidence=heard.confidence,
        emotion_predicted=heard.emotion if heard.emotion in taxonomy.emotions else "calm",
        suggestions=[intent for intent in choice.suggestions if intent in taxonomy.base_of],
        changed_at=now(),
    )
