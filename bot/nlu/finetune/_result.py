"""The folder of a fine-tuned encoder."""

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot import clock
from bot.nlu.encoder._huggingface_writer import write
from bot.nlu.encoder._model import Bundle
from bot.nlu.encoder._sources import TRAINING, is_tuned
from bot.nlu.finetune._checkpoint import Job


def publish(bundle: Bundle, job: Job, facts: dict[str, Any], folder: Path) -> None:
    """Write the encoder into `folder`, whole or not at all; an older result there gives way.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        write(bundle, scratch)
        report = {"id": _content(scratch), **asdict(job), **facts, "finished": clock.now().isoformat()}
        text = json.dumps(report, ensure_ascii=False, indent=1)
        (scratch / TRAINING).write_text(text, encoding="utf8")
        os.chmod(scratch, 0o755)
        if folder.exists():
            with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as old:
                folder.rename(Path(old) / "old")
                scratch.rename(folder)
        else:
            scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def report_of(folder: Path) -> dict[str, Any] | None:
    """What `publish` noted in training.json of a complete folder, else None."""
    if not is_tuned(folder):
        return None
    try:
        report = json.loads((folder / TRAINING).read_text(encoding="utf8"))
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def _content(folder: Path) -> str:
    whole = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        whole.update(path.name.encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()[:16]
