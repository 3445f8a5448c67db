"""A backup put back, all or nothing: what is there is put aside first, and put back when anything fails.

While it lasts, `var/restoring` holds the old data and a note of what was touched. When it was killed, that folder
stays, no service starts, and `undo` puts everything back.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from bot.db import engine_for
from bot.settings import Settings
from bot.upkeep import dumping, manifest
from bot.upkeep.backing_up import AFTER, BEFORE, LEFT_OUT
from bot.upkeep.manifest import Manifest
from bot.upkeep.migrating import Version, knows, migrate, standing_at
from bot.upkeep.presence import ASIDE, alone
from bot.upkeep.problems import UpkeepError
from bot.upkeep.returning import Noted, Returned, ask_again, carry_out_again, note_erasures
from bot.upkeep.stores import TITLES, databases, exists, sharing, sqlite_file, stores

Progress = Callable[[str], object]
_ADDED = ("erasures",)  # proofs are never taken away
_SWAPPED = tuple(name for name in (*BEFORE, *AFTER) if name not in _ADDED)


@dataclass(frozen=True)
class Restored:
    """What came back: the backup, the rooms' versions before they were migrated, persons that were erased again."""

    manifest: Manifest
    versions: list[Version]
    erased: Returned


def restore(
    settings: Settings, folder: Path, *, yes: bool = False, progress: Progress = lambda _text: None
) -> Restored:
    """Replace every store and file by those of the backup in `folder`, bring the tables to the newest version, and
    erase again whom the shop has erased since.

    Raises:
        UpkeepError: the backup is damaged, newer than the program or made with other databases; services run; `yes` is
            missing and something would be overwritten; or something failed, and everything is as it was.
    """
    if (settings.var / ASIDE).exists():
        raise UpkeepError("上次恢复没有做完，请先运行 python -m bot restore --undo 把原来的数据放回去")
    found = manifest.read(folder)
    progress(f"核对 {len(found.files)} 个文件 …")
    manifest.verify(folder, found)
    targets = _targets(settings, found)
    with alone(settings):
        if not yes and (there := _present(settings)):
            raise UpkeepError(
                f"现在的数据会被 {found.made_at:%Y-%m-%d %H:%M} UTC 的备份覆盖：{there}。确定就加上 --yes"
            )
        erasures = note_erasures(settings)
        before, asked = _replace(settings, folder, found, targets, erasures, progress)
    return Restored(found, before, carry_out_again(settings, asked))


def undo(settings: Settings) -> None:
    """Put the old data back after a restore that was killed.

    Raises:
        UpkeepError: there is nothing to put back, services run, or the old data cannot be put back (it stays aside).
    """
    if not (settings.var / ASIDE).exists():
        raise UpkeepError("没有做了一半的恢复")
    with alone(settings):
        _put_back(settings)


def _targets(settings: Settings, found: Manifest) -> dict[str, str]:
    """Each of the backup's files → the database that it goes to."""
    newer = [f"{room} {version}" for room, version in found.rooms.items() if not knows(room, version)]
    if newer:
        raise UpkeepError(f"备份比这份程序新（{'，'.join(newer)}），请换上新版的程序再恢复")
    here = {shared: url for url, shared in sharing(settings).items()}
    targets = {}
    for one in found.databases:
        url = here.get(one.stores)
        titles = "、".join(TITLES.get(f"{store}_url", store) for store in one.stores)
        if url is None:
            raise UpkeepError(f"备份里{titles}合在一个库，现在的设置（endpoints.yml）不是这样分的，请先改成一样")
        if dumping.kind_of(url) != one.kind:
            raise UpkeepError(f"备份里{titles}是 {one.kind}，现在的设置是 {dumping.kind_of(url)}，请先改成一样")
        targets[one.file] = url
    return targets


def _present(settings: Settings) -> str:
    """What there is that would be overwritten, in words."""
    found = []
    for url, fields in sharing(settings).items():
        title = "、".join(TITLES[f"{store}_url"] for store in fields) + "的库"
        try:
            if exists(url) and inspect(engine_for(url)).get_table_names():
                found.append(title)
        except SQLAlchemyError as error:
            if sqlite_file(url) is not None:  # damaged, but there
                found.append(title)
                continue
            raise UpkeepError(f"数据库用不了：{str(getattr(error, 'orig', error)).splitlines()[0]}") from error
    found += [f"var/{name}" for name in _SWAPPED if _filled(settings.var / name)]
    return "，".join(found)


def _filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _replace(
    settings: Settings, folder: Path, found: Manifest, targets: dict[str, str], erasures: Noted, progress: Progress
) -> tuple[list[Version], set[int]]:
    aside = settings.var / ASIDE
    try:
        _put_aside(settings, targets, aside, folder, progress)
        for file, url in targets.items():
            progress(f"恢复 {file} …")
            dumping.load(url, folder / file)
        _check_versions(settings, found, set(targets.values()))
        _swap_folders(settings, aside)
        before = migrate(settings)
        _add_proofs(settings, folder)
        _keep_left_out(settings, aside)
        asked = ask_again(settings, erasures)  # before anybody may take this for restored
    except BaseException as error:
        progress("没有成功，正在把原来的数据放回去 …")
        _put_back(settings)
        if isinstance(error, OSError):
            raise UpkeepError(f"没有恢复，原来的数据没有变：{error}") from error
        raise
    _settled(aside)
    return before, asked


def _keep_left_out(settings: Settings, aside: Path) -> None:
    """What is in no backup stays as it was."""
    for name in LEFT_OUT:
        old, place = aside / "old" / name, settings.var / name
        if old.exists() and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            if old.is_dir():
                shutil.copytree(old, place)
            else:
                shutil.copy2(old, place)


def _check_versions(settings: Settings, found: Manifest, urls: set[str]) -> None:
    now = standing_at(settings)
    wrong = [s.room for s in stores(settings) if s.url in urls and now[s.room] != found.rooms.get(s.room)]
    if wrong:
        raise UpkeepError(f"恢复出来的表和备份记的版本不一样：{'，'.join(wrong)}")


def _put_aside(settings: Settings, targets: dict[str, str], aside: Path, folder: Path, progress: Progress) -> None:
    """Everything that will be touched is noted, dumped, and what is new copied beside it; nothing is changed yet."""
    aside.mkdir(mode=0o700)
    notes: dict[str, Any] = {"databases": {}, "folders": {}}
    for name in _SWAPPED:
        place, new = settings.var / name, folder / "var" / name
        notes["folders"][name] = place.exists()
        if _mounted(place):
            shutil.copytree(place, aside / "old" / name)
        if new.is_dir():
            shutil.copytree(new, aside / "new" / name)
    titles = {url: title for title, url in databases(settings).items()}
    for number, url in enumerate(targets.values()):
        file = aside / f"{number}.old" if exists(url) else None
        if file is not None:
            progress(f"留一份现在的数据：{titles[url]} …")
            dumping.put_aside(url, file)
        notes["databases"]["+".join(sharing(settings)[url])] = file.name if file else None
    partial = aside / "notes.part"
    partial.write_text(json.dumps(notes), encoding="utf8")
    partial.replace(aside / "notes.json")  # from here on there is something to put back


def _swap_folders(settings: Settings, aside: Path) -> None:
    (aside / "old").mkdir(exist_ok=True)
    for name in _SWAPPED:
        place, new = settings.var / name, aside / "new" / name
        if _mounted(place):
            _refill(place, new)
            continue
        if place.exists():
            place.rename(aside / "old" / name)
        if new.exists():
            new.rename(place)


def _mounted(place: Path) -> bool:
    """Whether it is a volume: it cannot change its name, what is in it must be copied."""
    if place.is_mount():
        return True
    try:
        mounts = Path("/proc/self/mounts").read_text(
            encoding="utf8", errors="replace"
        )  # bind mounts of one disk as well
    except OSError:
        return False
    escaped = str(place.resolve()).replace("\\", "\\134").replace(" ", "\\040")
    return any(line.split(" ")[1] == escaped for line in mounts.splitlines())


def _refill(place: Path, source: Path) -> None:
    for there in place.iterdir():
        if there.is_dir() and not there.is_symlink():
            shutil.rmtree(there)
        else:
            there.unlink()
    if source.exists():
        shutil.copytree(source, place, dirs_exist_ok=True)


def _put_back(settings: Settings) -> None:
    aside = settings.var / ASIDE
    notes = aside / "notes.json"
    if notes.is_file():
        told = json.loads(notes.read_text(encoding="utf8"))
        here = {"+".join(shared): url for url, shared in sharing(settings).items()}
        try:
            for shared, file in told["databases"].items():
                if file is not None:
                    dumping.take_back(here[shared], aside / file)
                else:
                    dumping.remove(here[shared])
            for name, existed in told["folders"].items():
                place, old = settings.var / name, aside / "old" / name
                if _mounted(place):  # the copy in `old` is whole, it was made before the note
                    _refill(place, old)
                    continue
                if old.exists() or not existed:
                    shutil.rmtree(place, ignore_errors=True)
                if old.exists():
                    old.rename(place)
        except (UpkeepError, OSError, KeyError) as error:
            raise UpkeepError(
                f"原来的数据没有放回去（{error}），它还在 {aside}。排除原因后运行 python -m bot restore --undo"
            ) from error
    _settled(aside)


def _settled(aside: Path) -> None:
    """The restore, or its undoing, is complete from the moment on when the folder has another name."""
    if aside.exists():
        done = aside.with_name(f".{aside.name}.done")
        shutil.rmtree(done, ignore_errors=True)
        aside.rename(done)
        shutil.rmtree(done, ignore_errors=True)


def _add_proofs(settings: Settings, folder: Path) -> None:
    for name in _ADDED:
        for path in sorted((folder / "var" / name).glob("*.json")):
            place = settings.var / name / path.name
            if not place.exists():
                place.parent.mkdir(exist_ok=True)
                shutil.copy2(path, place)
