"""What is in a backup: `manifest.json` beside the files, written last; what is not in it, or differs, is refused."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from bot.upkeep.problems import UpkeepError

NAME, FORMAT = "manifest.json", 1
_CHUNK = 2**20


@dataclass(frozen=True)
class Dumped:
    """A database of the backup: which `stores` (fields of Settings without "_url") share it, and its file."""

    stores: tuple[str, ...]
    kind: str
    file: str


@dataclass(frozen=True)
class Part:
    """A file: SHA-256 and size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """A backup. `rooms` are the versions of the rooms' tables, `models` the names of the archives that were there."""

    made_at: datetime
    rooms: dict[str, str | None]
    databases: tuple[Dumped, ...]
    models: tuple[str, ...] = ()
    files: dict[str, Part] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(part.size for part in self.files.values())


def describe(folder: Path) -> dict[str, Part]:
    """Every file below `folder`, by its path there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / NAME)
    return {path.relative_to(folder).as_posix(): Part(_sha256(path), path.stat().st_size) for path in files}


def write(folder: Path, manifest: Manifest) -> None:
    """Put `manifest` into `folder`, on the disk for sure."""
    body = {"format": FORMAT, **asdict(manifest), "made_at": manifest.made_at.isoformat()}
    with os.fdopen(os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf8") as file:
        json.dump(body, file, ensure_ascii=False, indent=2)
        file.flush()
        os.fsync(file.fileno())


def read(folder: Path) -> Manifest:
    """The manifest in `folder`.

    Raises:
        UpkeepError: it is no backup, or one of a newer format.
    """
    try:
        body = json.loads((folder / NAME).read_text(encoding="utf8"))
    except FileNotFoundError:
        raise UpkeepError(f"{folder} 不是一份完整的备份：没有 {NAME}") from None
    except (OSError, ValueError) as error:
        raise UpkeepError(f"{folder / NAME} 读不了，这份备份不能用：{error}") from None
    if isinstance(body, dict) and isinstance(body.get("format"), int) and body["format"] > FORMAT:
        raise UpkeepError("这份备份是更新的程序做的，请换上新版的程序再恢复")
    try:
        return _parsed(body)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UpkeepError(f"{folder / NAME} 的内容不对，这份备份不能用") from None


def verify(folder: Path, manifest: Manifest) -> None:
    """Compare every file with the manifest.

    Raises:
        UpkeepError: naming the files that are missing, changed, or do not belong there.
    """
    problems = []
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir() or p.is_symlink()} - {NAME}
    for name, part in manifest.files.items():
        path = folder / name
        if not path.is_file() or path.is_symlink():
            problems.append(f"缺少 {name}")
        elif path.stat().st_size != part.size:
            problems.append(f"{name} 的大小不对（应为 {part.size}，是 {path.stat().st_size}）")
        elif _sha256(path) != part.sha256:
            problems.append(f"{name} 的内容变了")
    problems += [f"{name} 不是这份备份里的" for name in sorted(there - set(manifest.files))]
    problems += [f"缺少 {one.file}" for one in manifest.databases if one.file not in manifest.files]
    if problems:
        more = f"……共 {len(problems)} 处" if len(problems) > 5 else ""
        raise UpkeepError("备份损坏，没有恢复：" + "；".join(problems[:5]) + more)


def _parsed(body: dict[str, Any]) -> Manifest:
    files = {str(name): Part(str(part["sha256"]), int(part["size"])) for name, part in body["files"].items()}
    databases = tuple(Dumped(tuple(one["stores"]), str(one["kind"]), str(one["file"])) for one in body["databases"])
    for name in [*files, *(one.file for one in databases)]:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError(name)
    rooms = {str(room): None if version is None else str(version) for room, version in body["rooms"].items()}
    made_at = datetime.fromisoformat(body["made_at"])
    if made_at.tzinfo is None:
        raise ValueError(made_at)
    return Manifest(made_at, rooms, databases, tuple(map(str, body["models"])), files)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
