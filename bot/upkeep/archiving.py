"""Archives: `var/archive/<kind>/<month>/<table>-<hash of the keys>.jsonl.gz`, a row a line, its key as it was.

A file is written whole under a name with "todo." before it; then its rows are deleted, then it gets its own name.
Broken off in between, the next run finds the file and deletes what is still there of its rows: no row is archived
twice, and none goes that is in no archive.
"""

import gzip
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bot.events.masking import mask

TODO = "todo."


def write(folder: Path, table: str, rows: Sequence[dict[str, Any]], key: Sequence[str], *, masked: bool) -> Path:
    """Put rows of one table into a file of `folder`; where, under its name for the time being.

    Args:
        folder: of the kind and the month.
        table: its name.
        rows: column → value.
        key: the columns of the primary key, which stay as they are, as conversations' ids do.
        masked: whether personal data in the other columns is masked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keys = hashlib.sha256(json.dumps([[_plain(row[name]) for name in key] for row in rows]).encode()).hexdigest()
    path = folder / f"{TODO}{table}-{keys[:16]}.jsonl.gz"
    partial = folder / f".{path.name}"
    as_is = {*key, "conversation_id", "sender_id", "conversation"}
    with partial.open("wb") as file:
        os.chmod(partial, 0o600)
        with gzip.open(file, "wt", encoding="utf8") as packed:
            for row in rows:
                values = {n: v if n in as_is or not masked else _masked(v) for n, v in row.items()}
                packed.write(json.dumps(values, ensure_ascii=False, default=_plain) + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return path


def unfinished(root: Path) -> list[Path]:
    """Files whose rows may not be deleted yet; halves of files are removed."""
    for partial in root.glob(f"*/*/.{TODO}*"):
        partial.unlink(missing_ok=True)
    return sorted(root.glob(f"*/*/{TODO}*.jsonl.gz"))


def table_of(path: Path) -> str:
    """The table that a file holds rows of."""
    return path.name.removeprefix(TODO).rpartition("-")[0]


def keys_in(path: Path, key: Sequence[str]) -> Iterator[list[Any]]:
    """The keys of a file's rows."""
    with gzip.open(path, "rt", encoding="utf8") as packed:
        for line in packed:
            row = json.loads(line)
            yield [row[name] for name in key]


def finish(path: Path) -> None:
    """The file's rows are deleted: it gets its name."""
    path.replace(path.with_name(path.name.removeprefix(TODO)))


def forget_before(root: Path, month: str) -> int:
    """Remove archives of months before `month` ("2021-11"); how many files."""
    count = 0
    for folder in [path for path in root.glob("*/*") if path.is_dir() and path.name < month]:
        count += len(list(folder.glob("*.jsonl.gz")))
        shutil.rmtree(folder)
    return count


def _masked(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("[", "{"):  # JSON in a text, in which Chinese may be escaped
        try:
            return json.dumps(mask(json.loads(value)), ensure_ascii=False)
        except ValueError:
            pass
    return mask(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
