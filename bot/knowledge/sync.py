"""The sync: stock, prices, promotions and entries from a folder or an HTTP feed, and what it changed.

A folder holds the shop's files (stock.csv or stock.json …), and entries in knowledge/*.json; so does a feed.
"""

import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from bot.clock import now
from bot.db import reading, writing
from bot.knowledge.background import BACKGROUND
from bot.knowledge.index import embedded_answer
from bot.knowledge.store import FOLDER, import_entries, load_entries
from bot.knowledge.tables import SyncRow
from bot.knowledge.vectors import SentenceEncoder, shared_encoder, tidy_vectors, vectors_of
from bot.knowledge.words import ProductNames
from bot.nlu.encoder import EncoderError
from bot.settings import ROOT, Settings
from bot.shop import BadRow, FeedError, import_folder, load_catalogue
from bot.shop.feed import feed_path
from bot.shop.feed_changes import Changes
from bot.shop.feed_http import fetch_feed
from bot.shop.feed_services import FEED_FILES

DEMO = ROOT / "data" / "shop"
SHOWN = 10  # bad rows of one file that are told one by one
Progress = Callable[[str], object]


@dataclass
class SyncReport:
    """Changes by file taken over; bad rows of refused ones; files that a server said had not changed."""

    files: dict[str, Changes] = field(default_factory=dict)
    rejected: list[BadRow] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """The report in words, refused files last."""
        return [*self.taken_lines(), *self.refused_lines()]

    def taken_lines(self) -> list[str]:
        """Files taken over, with what changed."""
        found = [f"✓ {name}：{changes.summary()}" for name, changes in self.files.items()]
        found += [f"✓ {name}：对方说没有变化" for name in self.unchanged]
        return [*found, *(f"  注意：{note}" for note in self.notes)]

    def refused_lines(self) -> list[str]:
        """Files refused, with the bad rows of each."""
        found = []
        by_file: dict[str, list[BadRow]] = {}
        for bad in self.rejected:
            by_file.setdefault(bad.file, []).append(bad)
        for name, rows in by_file.items():
            found.append(f"{name} 没有导入，原来的数据不变：")
            found += [f"  {bad if bad.line else bad.reason}" for bad in rows[:SHOWN]]
            if len(rows) > SHOWN:
                found.append(f"  ……还有 {len(rows) - SHOWN} 行有误")
        return found


def sync(
    settings: Settings,
    source: str | Path | None = None,
    *,
    trade: bool = False,
    encoder: Callable[[], SentenceEncoder] = shared_encoder,
    progress: Progress = lambda line: None,
) -> SyncReport:
    """Take over a folder or an http(s) feed; by default the folders data/shop and data/knowledge.

    Args:
        settings: where the stores are, and the limits of a feed.
        source: a folder or a URL.
        trade: also the files of customers, orders, parcels and service.
        encoder: makes what new entries are found by; asked only when entries changed.
        progress: is told the slow steps.

    Raises:
        FeedError: there is nothing to take over.
    """
    began = time.monotonic()
    if source is None:
        report = _take(settings, DEMO, sorted(FOLDER.glob("*.json")), trade)
    elif str(source).startswith(("http://", "https://")):
        report = _from_server(settings, str(source).rstrip("/"), trade)
    else:
        folder = Path(source)
        if not folder.is_dir():
            raise FeedError(f"没有文件夹 {folder}，请核对路径；网址要以 http:// 或 https:// 开头")
        if folder.name == "knowledge":  # entries alone, though a file of theirs may be called promotions.json
            report = _take(settings, None, sorted(folder.glob("*.json")), trade)
        else:
            report = _take(settings, folder, sorted((folder / "knowledge").glob("*.json")), trade)
    if any(changes for name, changes in report.files.items() if name.startswith("knowledge/")):
        _embed(settings, encoder, report, progress)
    report.seconds = time.monotonic() - began
    return report


def _take(settings: Settings, folder: Path | None, entries: Iterable[Path], trade: bool) -> SyncReport:
    report = SyncReport()
    entries = list(entries)
    if folder and any(feed_path(folder, spec.name) for spec in FEED_FILES):
        summary = import_folder(settings.shop_url, folder, trade=trade)
        report.files |= summary.changes
        report.rejected += summary.rejected
        report.notes += summary.notes
    elif not entries:
        names = "、".join(spec.name for spec in FEED_FILES[:4])
        raise FeedError(f"文件夹 {folder} 里没有店铺数据（{names} 等）也没有知识库（knowledge/*.json）")
    if entries:
        # After the shop: an entry may speak of goods that came in the same sync.
        found = import_entries(settings.knowledge_url, settings.shop_url, entries)
        report.files |= {f"knowledge/{name}": changes for name, changes in found.files.items()}
        report.rejected += [BadRow(f"knowledge/{bad.file}", bad.line, bad.reason) for bad in found.rejected]
        report.notes += found.notes
    return report


def _from_server(settings: Settings, url: str, trade: bool) -> SyncReport:
    limits = settings.operations.sync
    with tempfile.TemporaryDirectory(prefix="feed-", dir=settings.var) as scratch:
        folder = Path(scratch)
        fetched = fetch_feed(
            url, folder, _seen(settings, url), timeout_seconds=limits.timeout_seconds, max_bytes=limits.max_mb * 2**20
        )
        report = SyncReport()
        if fetched.files:
            report = _take(settings, folder, sorted((folder / "knowledge").glob("*.json")), trade)
        report.unchanged, report.rejected = fetched.unchanged, [*fetched.failed, *report.rejected]
        # A refused file is fetched again the next time, though the server's copy did not change.
        _remember(settings, url, {name: told for name, told in fetched.seen.items() if name in report.files})
    return report


def _seen(settings: Settings, url: str) -> dict[str, dict[str, str]]:
    with reading(settings.knowledge_url) as session:
        row = session.get(SyncRow, _name(url))
        return dict(row.details) if row else {}


def _remember(settings: Settings, url: str, told: dict[str, dict[str, str]]) -> None:
    if not told:
        return
    with writing(settings.knowledge_url) as session:
        row = session.get(SyncRow, _name(url))
        details = dict(row.details) if row else {}
        session.merge(SyncRow(name=_name(url), at=now(), details=details | told))


def _name(url: str) -> str:
    return f"feed:{url}"[:200]


def _embed(
    settings: Settings, make_encoder: Callable[[], SentenceEncoder], report: SyncReport, progress: Progress
) -> None:
    """Embed what is new now, so that the first question after the sync need not wait for it."""
    try:
        encoder = make_encoder()
        _, entries = load_entries(settings.knowledge_url)
        names = ProductNames(load_catalogue(settings.shop_url))
        ways = [text for entry in entries for text in entry.questions]
        texts = [*ways, *map(names.rest, ways), *map(embedded_answer, entries), *BACKGROUND]
        vectors_of(settings.knowledge_url, texts, encoder, progress)
        tidy_vectors(settings.knowledge_url, texts, encoder)
    except (EncoderError, SQLAlchemyError) as error:
        report.notes.append(f"知识库已更新，但检索用的向量没有算完，会在第一次提问时补上（{error}）")
