"""A feed over HTTP: its files fetched into a folder, with time and size limits, only what changed.

`<url>/index.json` lists the files, as ["stock.csv", "prices.json", "knowledge/returns.json"]. Each is asked for with
If-None-Match and If-Modified-Since of the last time (RFC 9110, section 13) and, where the environment has
DIANXIAOER_FEED_TOKEN, an Authorization header.
"""

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from bot.shop.errors import FeedError
from bot.shop.feed_reader import BadRow
from bot.shop.feed_services import FEED_FILES

TOKEN = "DIANXIAOER_FEED_TOKEN"
INDEX = "index.json"
_MOST_FILES = 200
_INDEX_BYTES = 2**20
_TOTAL_FACTOR = 15  # a file may take this many times the longest silence
_CHUNK = 64 * 1024
_NAMES = {spec.name for spec in FEED_FILES} | {spec.name.removesuffix(".csv") + ".json" for spec in FEED_FILES}
_ENTRIES = re.compile(r"knowledge/[\w-]{1,60}\.json")

Seen = Mapping[str, str]  # what a server said of a file: etag, last_modified


@dataclass
class Fetched:
    """Files that lie in the folder now, those that had not changed, those that failed; `seen` for the next time."""

    files: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[BadRow] = field(default_factory=list)
    seen: dict[str, dict[str, str]] = field(default_factory=dict)


class FetchError(FeedError):
    """A file could not be fetched; the message is in Chinese and says what to do."""


def fetch_feed(
    url: str, folder: Path, seen: Mapping[str, Seen], *, timeout_seconds: float = 20, max_bytes: int = 50 * 2**20
) -> Fetched:
    """Fetch the files of the feed at `url` into `folder`. One that fails does not keep the others.

    Args:
        url: where index.json lies, without it.
        folder: an empty folder.
        seen: by file, `Fetched.seen` of the last time that it was taken over.
        timeout_seconds: the longest silence of the server.
        max_bytes: the largest file.

    Raises:
        FeedError: the index cannot be had or is wrong.
    """
    base = url.rstrip("/")
    found = Fetched()
    for name in _index(base, timeout_seconds):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            told = _fetch(f"{base}/{name}", target, seen.get(name, {}), timeout_seconds, max_bytes)
        except FetchError as error:
            target.unlink(missing_ok=True)
            found.failed.append(BadRow(name, 0, str(error)))
            continue
        if told is None:
            found.unchanged.append(name)
        else:
            found.files.append(name)
            found.seen[name] = told
    return found


def _index(base: str, timeout: float) -> list[str]:
    content = bytearray()
    try:
        _receive(f"{base}/{INDEX}", {}, timeout, _INDEX_BYTES, content.extend)
    except FetchError as error:
        raise FeedError(f"取不到 {base}/{INDEX}：{error}") from None
    try:
        names = json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError):
        raise FeedError(f'{base}/{INDEX} 不是 JSON，应为文件名的列表，如 ["stock.csv", "prices.csv"]') from None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or not names:
        raise FeedError(f'{base}/{INDEX} 应为文件名的列表，如 ["stock.csv", "prices.csv"]')
    strange = [name for name in names if name not in _NAMES and not _ENTRIES.fullmatch(name)]
    if strange or len(names) > _MOST_FILES:
        raise FeedError(
            f"{INDEX} 里的 {'、'.join(strange[:5]) or f'文件超过 {_MOST_FILES} 个'} 不认识，"
            "可以有店铺数据的文件名（如 stock.csv）和 knowledge/名称.json"
        )
    return list(dict.fromkeys(names))


def _fetch(url: str, target: Path, seen: Seen, timeout: float, max_bytes: int) -> dict[str, str] | None:
    """Write the file at `url`; what the server told of it, or None when it is as it was."""
    asked = {"If-None-Match": seen.get("etag"), "If-Modified-Since": seen.get("last_modified")}
    with target.open("wb") as file:
        headers = _receive(url, {k: v for k, v in asked.items() if v}, timeout, max_bytes, file.write)
    if headers is None:
        target.unlink()
        return None
    told = {"etag": headers.get("ETag"), "last_modified": headers.get("Last-Modified")}
    return {name: value for name, value in told.items() if value}


def _receive(
    url: str, asked: Mapping[str, str], timeout: float, max_bytes: int, write: Any
) -> Mapping[str, str] | None:
    """Pass the body of `url` to `write` and return its headers; None for 304."""
    deadline = time.monotonic() + timeout * _TOTAL_FACTOR
    try:
        # A connection of its own for each file: one kept and just dropped by the server would look like a failure.
        with requests.get(url, headers=_headers() | dict(asked), stream=True, timeout=timeout) as answer:
            if answer.status_code == 304 and asked:
                return None
            if answer.status_code != 200:
                raise FetchError(_refused(answer.status_code))
            received = 0
            for chunk in answer.iter_content(_CHUNK):
                received += len(chunk)
                if received > max_bytes:
                    raise FetchError(f"文件超过 {max_bytes // 2**20} MB，请拆开，或调大 sync.max_mb")
                if time.monotonic() > deadline:
                    raise FetchError(
                        f"{timeout * _TOTAL_FACTOR:.0f} 秒没有传完，请检查网络，或调大 sync.timeout_seconds"
                    )
                write(chunk)
            promised = answer.headers.get("Content-Length", "")
            if promised.isdecimal() and int(promised) != received:
                raise FetchError(f"只收到 {received} 字节，应有 {promised} 字节，传输中断了，请稍后再试")
            return answer.headers
    except requests.Timeout:
        raise FetchError(f"{timeout:g} 秒没有回应，请检查对方服务器，或调大 sync.timeout_seconds") from None
    except requests.ConnectionError as error:
        if "timed out" in str(error):  # requests tells a silence amid the body as a lost connection
            raise FetchError(f"{timeout:g} 秒没有数据，请检查对方服务器，或调大 sync.timeout_seconds") from None
        raise FetchError("连不上，或者中途断开，请检查网址和网络") from None
    except requests.exceptions.ChunkedEncodingError:
        raise FetchError("传输中断了，文件不完整，请稍后再试") from None
    except requests.RequestException as error:
        raise FetchError(f"连不上（{type(error).__name__}），请检查网址和网络") from None


def _headers() -> dict[str, str]:
    plain = {"Accept-Encoding": "identity"}  # so that a cut file shows by its length
    token = os.environ.get(TOKEN)
    return plain | ({"Authorization": f"Bearer {token}"} if token else {})


def _refused(status: int) -> str:
    if status in (401, 403):
        return f"对方拒绝访问（{status}），请核对环境变量 {TOKEN}"
    if status == 404:
        return "对方没有这个文件（404），请核对网址和 index.json"
    return f"对方服务器出错（{status}），请稍后再试"
