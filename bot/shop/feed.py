"""The shop's feed: CSV files into the database."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.settings import ROOT

DEMO = ROOT / "data" / "shop"


@dataclass(frozen=True)
class BadRow:
    """A refused row: file name, line number (the header is line 1), reason in Chinese."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file} 第 {self.line} 行：{self.reason}"


@dataclass
class ImportSummary:
    """`rows` maps each accepted file to its number of rows; a file with a bad row is refused whole."""

    rows: dict[str, int] = field(default_factory=dict)
    rejected: list[BadRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    version: int = 0


def import_folder(url: str, folder: Path) -> ImportSummary:
    """Take over the CSV files of `folder` (new rows added, known ones updated) and bump the catalogue's version."""
    raise NotImplementedError


def upgrade_and_seed(url: str, folder: Path = DEMO, progress: Callable[[str], object] = print) -> None:
    """Bring the tables up to date and fill an empty shop from `folder`; a filled one is left alone.

    Raises:
        FeedError: a file of the folder is wrong; nothing was imported.
    """
    raise NotImplementedError
