"""A candidate: the whole corpus with the pending lines, trained beside the model in use."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from bot.clock import local, now
from bot.db import reading, writing
from bot.learning.corpus import write_pending
from bot.learning.labels import LabelError
from bot.learning.project import Project
from bot.learning.tables import ModelRow
from bot.nlu.judge.corpus import read_corpus
from bot.settings import ROOT


def train_candidate(project: Project) -> Path:
    """Train, and note the model with the hash of its data; its archive.

    Raises:
        LabelError: there is nothing new to learn, or the training fails (its output is shown).
    """
    if not write_pending(project):
        raise LabelError("没有新审核通过的句子，不用重训。先在“学习闭环”页标注、审核")
    stem = f"loop-{local(now()):%Y%m%d-%H%M%S}"
    data = [_joined(project)] if project.nlu_only else [project.root / "data", project.pending]
    archive = rasa_train(project, data, project.candidates, stem)
    lines = len(read_corpus(project.corpus)) + len(read_corpus(project.pending))
    with writing(project.url) as session:
        for old in session.execute(select(ModelRow).where(ModelRow.status == "candidate")).scalars():
            old.status, old.decided_at = "refused", now()
        session.add(
            ModelRow(
                name=archive.name,
                data_hash=project.data_hash(),
                lines=lines,
                status="candidate",
                figures={},
                trained_at=now(),
            )
        )
    return archive


def rasa_train(project: Project, data: Sequence[Path], out: Path, stem: str) -> Path:
    """Let Rasa train on `data` into the archive `out`/`stem`.tar.gz, in a process of its own.

    Raises:
        LabelError: it fails; the message has the end of its output.
    """
    out.mkdir(parents=True, exist_ok=True)
    what = ["nlu", "--nlu"] if project.nlu_only else ["--data"]
    named = ["--out", str(out), "--fixed-model-name", stem]
    environment = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "bot.launch.training", "train", *what, *map(str, data), *named],
        cwd=project.root,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
    )
    archive = out / f"{stem}.tar.gz"
    if ended.returncode != 0 or not archive.is_file():
        raise LabelError(f"训练没有成功：\n{ended.stderr[-2000:]}\n运行 make check 检查对话数据")
    return archive


def _joined(project: Project) -> Path:
    # `rasa train nlu` takes one folder.
    folder = project.work / "joined"
    folder.mkdir(parents=True, exist_ok=True)
    for name, target in (("corpus", project.corpus), ("pending", project.pending)):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(target.resolve())
    return folder


def models(url: str, status: str = "") -> list[ModelRow]:
    """The models of the loop, the newest first."""
    query = select(ModelRow).order_by(ModelRow.trained_at.desc(), ModelRow.id.desc())
    with reading(url) as session:
        return list(session.execute(query.where(ModelRow.status == status) if status else query).scalars())
