"""Approved lines as Rasa's YAML: first pending, beside a candidate; in data/nlu once its model is released."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlalchemy import select

from bot.db import reading, writing
from bot.learning.project import Project
from bot.learning.tables import DrawnRow
from bot.nlu.judge.corpus import Line, normalise, read_corpus
from bot.nlu.taxonomy import load_taxonomy

_CALM = ("calm", 3)
_HEAD = 'version: "3.1"\n\nnlu:\n'


def write_pending(project: Project) -> int:
    """Write all approved lines into the pending folder, anew; how many.

    What the corpus has already is taken as written; what it has under another intent becomes a clash for people.
    """
    held: dict[str, Line] = {normalise(line.text): line for line in read_corpus(project.corpus)}
    fixed = {normalise(line.text) for line in read_corpus(project.fixed)}
    lines: list[DrawnRow] = []
    with writing(project.url) as session:
        query = select(DrawnRow).where(DrawnRow.status == "approved").order_by(DrawnRow.id)
        for row in session.execute(query).scalars():
            other = held.get(normalise(row.text))
            if normalise(row.text) in fixed:
                row.status, row.note = "kept", "与留出的测试句相同，不拿去训练"
            elif other is None:
                lines.append(row)
            elif other.intent == row.intent:
                row.status, row.note = "taken", f"语料里已有：{other.place}"
            else:
                row.status, row.note = "clash", f"语料里是 {other.intent}：{other.place}"
        _write(project.pending, lines)
        return len(lines)


def take_over(project: Project) -> int:
    """Move the pending lines to the end of the corpus' files; how many."""
    with writing(project.url) as session:
        query = select(DrawnRow).where(DrawnRow.status == "approved").order_by(DrawnRow.id)
        rows = session.execute(query).scalars().all()
        # A line approved after the candidate was trained waits for the next one.
        pending = {normalise(line.text) for line in read_corpus(project.pending)} if project.pending.is_dir() else set()
        rows = [row for row in rows if normalise(row.text) in pending]
        _write(project.corpus, rows, append=True)
        for row in rows:
            row.status = "taken"
    drop_pending(project)
    return len(rows)


def drop_pending(project: Project) -> None:
    """Forget the pending files; the lines stay approved in the store."""
    for file in project.pending.rglob("*.yml"):
        file.unlink()


def kept_lines(project: Project, since: object = None) -> list[tuple[str, str, str]]:
    """(text, intent, emotion) of the reviewed lines that are only measured on, from `since` (a moment) on."""
    query = select(DrawnRow).where(DrawnRow.status == "kept").order_by(DrawnRow.id)
    if since is not None:
        query = query.where(DrawnRow.at >= since)
    with reading(project.url) as session:
        return [(row.text, row.intent, row.emotion) for row in session.execute(query).scalars()]


def _write(folder: Path, rows: Iterable[DrawnRow], append: bool = False) -> None:
    base_of = load_taxonomy().base_of
    files: dict[Path, dict[tuple[str, str, int], list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        file = folder / base_of[row.intent] / f"{row.intent}.yml"
        files[file][row.intent, row.emotion or _CALM[0], row.score or _CALM[1]].append(" ".join(row.text.split()))
    if not append:
        for file in folder.rglob("*.yml"):
            file.unlink()
    for file, blocks in files.items():
        before = file.read_text(encoding="utf8").rstrip("\n") + "\n\n" if append and file.is_file() else _HEAD
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(before + "\n".join(_blocks(blocks)), encoding="utf8")
        part.replace(file)


def _blocks(blocks: Mapping[tuple[str, str, int], list[str]]) -> Iterable[str]:
    for (intent, emotion, score), texts in sorted(blocks.items()):
        mood = "" if (emotion, score) == _CALM else f"  metadata:\n    emotion: {emotion}\n    score: {score}\n"
        yield f"- intent: {intent}\n{mood}  examples: |\n" + "".join(f"    - {_plain(text)}\n" for text in texts)


def _plain(text: str) -> str:
    # Rasa reads [word](entity) and [word]{…}; a customer who writes so means nothing by it.
    return text.replace("](", "] (").replace("]{", "] {")
