"""Lines that the tuning of an encoder has left out: only they show how sure one may be of it.

`unseen.txt` in the folder of a fine-tuned encoder has the hash of one such line in each row.
"""

import hashlib
import re
import unicodedata
from pathlib import Path

FILE = "unseen.txt"


def line_hash(text: str) -> str:
    """16 hex digits, the same for texts that differ only in case, width, spaces and punctuation."""
    wide = unicodedata.normalize("NFKC", text).lower()
    plain = re.sub(r"[\W_]+", "", wide) or wide.strip()
    return hashlib.sha256(plain.encode("utf8", "replace")).hexdigest()[:16]


def read(folder: Path) -> frozenset[str] | None:
    """The hashes in the folder's list; None when it has none, as an encoder that was not tuned here."""
    path = folder / FILE
    return frozenset(path.read_text(encoding="ascii").split()) if path.is_file() else None


def write(folder: Path, hashes: frozenset[str]) -> None:
    """Write the list into the folder."""
    (folder / FILE).write_text("".join(f"{one}\n" for one in sorted(hashes)), encoding="ascii")
