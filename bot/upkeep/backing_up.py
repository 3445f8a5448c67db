"""A backup of everything that a shop would miss, made while the services go on.

It grows under a name that begins with a dot and gets its own name last, so that half of one is never taken for one.
Not in it: what is made again from other files (models, encoders, web pages), logs, and `rasa.token`, which the next
start makes anew: a backup must not be a key.
"""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from bot.settings import ROOT, Settings, endpoints_files
from bot.upkeep import dumping, manifest
from bot.upkeep.manifest import Dumped, Manifest
from bot.upkeep.migrating import standing_at
from bot.upkeep.problems import UpkeepError
from bot.upkeep.stores import exists, sharing

Progress = Callable[[str], object]
# Folders of var/. The spool first: what leaves it meanwhile is in the database then, and an event counts once.
BEFORE, AFTER = ("spool",), ("media", "uploads", "photos", "archive", "erasures", "learning")
LEFT_OUT = ("learning/candidates", "learning/joined", "learning/heard.npz", "learning/corpus.npz")  # made again
# What people edit, with endpoints_files(). A restore leaves it to them: it belongs to a version of the program.
PROJECT = ("data", "domain.yml", "config.yml", "credentials.yml")
_BACKUP = re.compile(r"dianxiaoer-\d{8}T\d{6}Z(-\d+)?")
_SPARE = 200 * 2**20  # bytes that must stay free: a full disk would stop the shop


def backup(settings: Settings, to: Path | None = None, keep: int = 0, progress: Progress = lambda _text: None) -> Path:
    """Make a backup in the folder `to` (var/backups by default); of those there, only the newest `keep` stay (0: all).

    Raises:
        UpkeepError: another one is being made there, the disk is too full, or a database cannot be dumped. Nothing is
            left of it then.
    """
    folder = to or settings.var / "backups"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _alone(folder):
            _check_room(settings, folder)
            made = _whole(settings, folder, progress)
            _forget_old(folder, keep)
            return made
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UpkeepError(f"{folder} 所在的磁盘满了，没有备份。请腾出空间，或用 --to 换个地方") from error
        raise UpkeepError(f"没有备份到 {folder}：{error}") from error


def backups(folder: Path) -> list[Path]:
    """The complete backups in a folder, oldest first."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if _BACKUP.fullmatch(path.name) and (path / manifest.NAME).is_file()]
    return sorted(found, key=lambda path: (path.name[:27], int(path.name[28:] or 0)))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The one backup under way in `folder`; what a killed one has left there is removed."""
    lock = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UpkeepError(f"另一个备份正在写 {folder}，请等它结束") from None
        for left in folder.glob(".dianxiaoer-*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(lock)


def _check_room(settings: Settings, folder: Path) -> None:
    needed = sum(dumping.size_of(url) for url in sharing(settings) if exists(url))
    for name in (*BEFORE, *AFTER):
        needed += sum(_size(path) for path in _files(settings.var / name, name))
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE:
        raise UpkeepError(
            f"{folder} 所在的磁盘只剩 {free // 2**20} MB，备份约需 {needed // 2**20} MB，还要给店铺留 "
            f"{_SPARE // 2**20} MB，没有备份。请腾出空间，或用 --to 换个地方"
        )


def _whole(settings: Settings, folder: Path, progress: Progress) -> Path:
    made_at = datetime.now(timezone.utc)  # real time: the shop's clock may stand still
    name = _free_name(folder, f"dianxiaoer-{made_at:%Y%m%dT%H%M%SZ}")
    partial = folder / f".{name}"
    try:
        partial.mkdir(mode=0o700)
        _fill(settings, partial, made_at, progress)
        os.sync()
        partial.rename(folder / name)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return folder / name


def _free_name(folder: Path, name: str) -> str:
    number, found = 1, name
    while (folder / found).exists():
        number, found = number + 1, f"{name}-{number}"
    return found


def _fill(settings: Settings, partial: Path, made_at: datetime, progress: Progress) -> None:
    rooms = standing_at(settings)
    for name in BEFORE:
        _copy(settings.var / name, name, partial / "var")
    databases = []
    (partial / "databases").mkdir()
    for url, stores in sharing(settings).items():
        if not exists(url):
            continue
        kind = dumping.kind_of(url)
        dumped = Dumped(stores, kind, f"databases/{'+'.join(stores)}{dumping.SUFFIXES[kind]}")
        progress(f"  {dumped.file} …")
        dumping.dump(url, partial / dumped.file)
        databases.append(dumped)
    # Files after the databases: whatever a row names was there before it.
    for name in AFTER:
        _copy(settings.var / name, name, partial / "var")
    (partial / "project").mkdir()
    for source in (*(ROOT / name for name in PROJECT), *endpoints_files(ROOT)):
        if source.is_dir():
            shutil.copytree(source, partial / "project" / source.name)
        elif source.is_file():
            shutil.copy2(source, partial / "project" / source.name)
    if standing_at(settings) != rooms:
        raise UpkeepError("备份的时候有人在升级，请再备份一次")
    models = tuple(sorted(path.name for path in (ROOT / "models").glob("*.tar.gz")))
    manifest.write(partial, Manifest(made_at, rooms, tuple(databases), models, manifest.describe(partial)))


def _copy(source: Path, name: str, target: Path) -> None:
    for path in _files(source, name):
        place = target / name / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, place)
        except FileNotFoundError:  # delivered, or erased meanwhile
            place.unlink(missing_ok=True)


def _files(source: Path, name: str) -> Iterator[Path]:
    """The files below a folder, without those that are being written or can be made again."""
    for path in sorted(source.rglob("*")):
        inside = f"{name}/{path.relative_to(source).as_posix()}"
        again = any(inside == left or inside.startswith(f"{left}/") for left in LEFT_OUT)
        if path.is_file() and not path.name.startswith(".") and path.suffix != ".part" and not again:
            yield path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _forget_old(folder: Path, keep: int) -> None:
    for path in backups(folder)[:-keep] if keep else []:
        leaving = path.rename(folder / f".{path.name}")  # first it is none any more, then it goes
        shutil.rmtree(leaving)
