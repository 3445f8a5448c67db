"""Files that are there whole or not at all."""

import os
from pathlib import Path


def store_whole(file: Path, content: bytes) -> None:
    """Write `file`, unless it is there: whole or not at all, so that a reader never sees half a picture."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(file)
