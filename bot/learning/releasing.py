"""A candidate that passed goes live; the one before comes back by one command."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from bot.clock import now
from bot.db import writing
from bot.learning.candidate import models
from bot.learning.corpus import take_over
from bot.learning.labels import LabelError
from bot.learning.project import Project
from bot.learning.tables import ModelRow
from bot.nlu.judge.corpus import read_corpus

Swap = Callable[[Path], bool]  # the running server takes the archive; False: none is running


def release(project: Project, swap: Swap) -> Path:
    """Put the candidate that passed to use, its lines into the corpus; the archive in use.

    Raises:
        LabelError: no candidate has passed the gate, or its data is not what is there now.
    """
    passed = [row for row in models(project.url, "candidate") if row.figures and not row.figures["refusals"]]
    if not passed:
        raise LabelError("没有通过考核的候选模型，请先运行 python -m bot cycle gate")
    chosen = passed[0]
    if chosen.data_hash != project.data_hash():
        raise LabelError("训练之后语料又改过，这个候选模型作不得数。请重新运行 python -m bot cycle train")
    project.models.mkdir(exist_ok=True)
    adopt(project)
    take_over(project)
    archive = project.models / chosen.name
    part = archive.with_suffix(".part")
    shutil.copy(project.candidates / chosen.name, part)
    part.replace(archive)
    _make_newest(archive)
    _note(project, chosen.name)
    swap(archive)
    return archive


def roll_back(project: Project, swap: Swap) -> Path:
    """Put the model before the present one to use again; its archive. The corpus stays as it is.

    Raises:
        LabelError: there is none.
    """
    before = [row for row in models(project.url, "retired") if (project.models / row.name).is_file()]
    if not before:
        raise LabelError("没有可以退回的模型")
    latest = max(before, key=lambda row: row.decided_at or row.trained_at)
    archive = project.models / latest.name
    _make_newest(archive)
    _note(project, latest.name)
    swap(archive)
    return archive


def adopt(project: Project) -> None:
    """Note the model in use where the loop did not make it, so that one can come back to it."""
    live = project.live_model()
    if live is None:
        return
    with writing(project.url) as session:
        if session.execute(select(ModelRow).where(ModelRow.name == live.name)).scalar() is None:
            session.add(
                ModelRow(
                    name=live.name,
                    data_hash="",
                    lines=len(read_corpus(project.corpus)),
                    status="live",
                    figures={},
                    trained_at=now(),
                    decided_at=now(),
                )
            )


def _note(project: Project, name: str) -> None:
    with writing(project.url) as session:
        for row in session.execute(select(ModelRow).where(ModelRow.status == "live")).scalars():
            row.status, row.decided_at = "retired", now()
        chosen = session.execute(select(ModelRow).where(ModelRow.name == name)).scalar_one()
        chosen.status, chosen.decided_at = "live", now()


def _make_newest(archive: Path) -> None:
    # What a server loads, and what `up` compares the corpus with, is the newest file.
    os.utime(archive)
