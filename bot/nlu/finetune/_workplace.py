"""The folder beside the result in which a fine-tuning keeps its state."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.nlu.encoder._model import Bundle
from bot.nlu.finetune._problem import FinetuneError

_ROOM = 8  # times the encoder's size: two checkpoints with the optimizer's moments, result, graph


@contextmanager
def workplace(out: Path) -> Iterator[Path]:
    """`<out>.progress`, made when missing; one process at a time may work there.

    Raises:
        FinetuneError: another process does.
        OSError: it cannot be made.
    """
    place = out.with_name(f"{out.name}.progress")
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FinetuneError(f"另一个微调正在写 {out}，请等它结束") from None
        yield place


def check_room(place: Path, bundle: Bundle) -> None:
    """Raise FinetuneError when the disk has no room for the states and the result."""
    needed = _ROOM * sum(value.nbytes for value in bundle.weights.values()) // 2**20
    free = shutil.disk_usage(place).free // 2**20
    if free < needed:
        raise FinetuneError(f"磁盘只剩 {free} MB，微调需要约 {needed} MB，请先腾出空间")
