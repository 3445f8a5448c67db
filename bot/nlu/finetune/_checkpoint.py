"""The state of an unfinished fine-tuning, in one file that is replaced as a whole."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
from safetensors.numpy import save_file

from bot.nlu.encoder._model import Weights
from bot.nlu.finetune._problem import FinetuneError

_AGAIN = "加 --restart 从头练（make finetune ARGS=--restart）"


@dataclass(frozen=True)
class Job:
    """What a state belongs to: hash of the corpus, key of the encoder it began with, figures."""

    corpus: str
    encoder: str
    options: dict[str, Any]

    def require(self, stored: dict[str, Any], place: Path) -> None:
        """Raise FinetuneError unless the state at `place` belongs to this job; says what changed."""
        if stored.get("corpus") != self.corpus:
            raise FinetuneError(f"语料在上次练到一半之后变了，接不上。请{_AGAIN}，或把语料恢复原样")
        if stored.get("encoder") != self.encoder:
            raise FinetuneError(f"上次练到一半的是另一个编码器（{stored.get('encoder')}），接不上。请{_AGAIN}")
        if stored.get("options") != self.options:
            old = stored.get("options") or {}
            changed = [f"{name} 原是 {old.get(name)}" for name in self.options if old.get(name) != self.options[name]]
            raise FinetuneError(f"设置与 {place} 里练到一半的不同（{'，'.join(changed)}），请改回去，或{_AGAIN}")


class Checkpoint:
    """The file `path` of one job."""

    def __init__(self, path: Path, job: Job) -> None:
        """Use the file `path`, whose folder must exist."""
        self._path, self._job = path, job

    def save(self, step: int, state: Weights) -> None:
        """Keep `state` after `step` steps.

        Raises:
            OSError: the disk is full or cannot be written.
        """
        scratch = self._path.with_suffix(".writing")
        facts = {"step": step, "corpus": self._job.corpus, "encoder": self._job.encoder, "options": self._job.options}
        save_file(state, scratch, metadata={"job": json.dumps(facts)})
        scratch.replace(self._path)

    def load(self) -> tuple[int, Weights] | None:
        """Steps done and state, or None when nothing is kept.

        Raises:
            FinetuneError: the file belongs to another job or is damaged.
        """
        if not self._path.is_file():
            return None
        try:
            with safetensors.safe_open(str(self._path), framework="numpy") as file:  # type: ignore[attr-defined]
                facts = json.loads((file.metadata() or {})["job"])
                self._job.require(facts, self._path)
                return int(facts["step"]), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (safetensors.SafetensorError, ValueError, KeyError):  # type: ignore[attr-defined]
            raise FinetuneError(f"进度文件 {self._path} 已损坏，请{_AGAIN}") from None

    def forget(self) -> None:
        """Remove what is kept."""
        self._path.unlink(missing_ok=True)
