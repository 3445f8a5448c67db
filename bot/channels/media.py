"""Customers' files: noted when the message arrives, fetched from the platform afterwards, kept in `var/media`.

A file's name cannot be guessed, so that its address (`/media/<name>`) may be shown to staff alone. Platforms keep files
for a few days only; a fetch that fails is tried again for an hour.
"""

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import select, update

from bot.channels.api import ApiError, TooLarge
from bot.channels.incoming import Media
from bot.channels.shared_tables import MediaFile
from bot.db import reading, writing
from bot.picture_types import LONGEST_START, picture_type

logger = logging.getLogger(__name__)

_WAITS = (0, 5, 30, 120, 600, 1800)  # seconds before each attempt
_LEASE = 120.0
PREFIX = "/media/"
PHOTOS = "photos"  # the actions find the pictures of a message here in its metadata, as paths under /media/

Fetch = Callable[[Media], Awaitable[bytes]]


class MediaStore:
    """The files of one channel; `fetch` gets the bytes of one from the platform."""

    def __init__(self, url: str, channel: str, folder: Path, fetch: Fetch) -> None:
        self._url = url
        self._channel = channel
        self._folder = folder
        self._fetch = fetch
        self._fetching: dict[str, asyncio.Task[bytes | None]] = {}

    def note(self, media: Media) -> str:
        """Remember to fetch a file; the name it will have."""
        name = secrets.token_urlsafe(24)
        reference = asdict(media)
        with writing(self._url) as session:
            session.add(MediaFile(name=name, channel=self._channel, reference=reference))
        return name

    def forget(self, name: str) -> None:
        """The message turned out to be known already: its file is kept once."""
        with writing(self._url) as session:
            row = session.get(MediaFile, name, with_for_update=True)
            if row is not None:
                session.delete(row)
        (self._folder / name).unlink(missing_ok=True)

    def read(self, name: str) -> bytes | None:
        """The file, None while it is not here."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    async def get(self, name: str) -> bytes | None:
        """The file, fetched now if it is not here yet; None when it cannot be had."""
        content = await asyncio.to_thread(self.read, name)
        if content is None:
            media = await asyncio.to_thread(self._noted, name)
            # No longer noted as waiting: between the two looks it came, or it cannot be had.
            content = await (self.fetch_now(name, media) if media is not None else asyncio.to_thread(self.read, name))
        return content

    def _noted(self, name: str) -> Media | None:
        with reading(self._url) as session:
            row = session.get(MediaFile, name)
            return None if row is None or row.state != "waiting" else Media(**row.reference)

    async def fetch_due(self) -> float | None:
        """Fetch what is due; the seconds until something is due again, None when nothing waits."""
        for name, media in await asyncio.to_thread(self._take):
            await self.fetch_now(name, media)
        return await asyncio.to_thread(self._next)

    async def fetch_now(self, name: str, media: Media) -> bytes | None:
        """Fetch one file, once for all who ask meanwhile; None when that fails (tried again later, or gone)."""
        task = self._fetching.get(name)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._fetch_one(name, media))
            self._fetching[name] = task
            task.add_done_callback(lambda _: self._fetching.pop(name, None))
        return await asyncio.shield(task)

    async def stop(self) -> None:
        """Give up what is being fetched; the next process fetches it."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch_one(self, name: str, media: Media) -> bytes | None:
        try:
            content = await self._fetch(media)
        except TooLarge:
            await asyncio.to_thread(self._settle, name, "gone")
            return None
        except ApiError as error:
            logger.warning("A file of %s cannot be fetched: %s", self._channel, error)
            await asyncio.to_thread(self._failed, name, error.again)
            return None
        if media.picture and picture_type(content[:LONGEST_START]) is None:
            logger.warning("A picture of %s is none by its first bytes", self._channel)
            await asyncio.to_thread(self._settle, name, "gone")
            return None
        await asyncio.to_thread(self._save, name, content)
        return content

    def _save(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._folder / f".{name}.{os.getpid()}"
        partial.write_bytes(content)
        partial.replace(self._folder / name)
        if not self._settle(name, "here"):
            (self._folder / name).unlink(missing_ok=True)  # forgotten meanwhile

    def _take(self) -> list[tuple[str, Media]]:
        now = time.time()
        due = (
            select(MediaFile)
            .where(MediaFile.channel == self._channel, MediaFile.state == "waiting", MediaFile.next_at <= now)
            .order_by(MediaFile.next_at)
            .limit(10)
            .with_for_update(skip_locked=True)
        )
        with writing(self._url) as session:
            rows = list(session.execute(due).scalars())
            for row in rows:
                row.next_at = now + _LEASE  # should this process be killed, another one takes it then
                row.attempts += 1
            return [(row.name, Media(**row.reference)) for row in rows]

    def _next(self) -> float | None:
        query = (
            select(MediaFile.next_at)
            .where(MediaFile.channel == self._channel, MediaFile.state == "waiting")
            .order_by(MediaFile.next_at)
            .limit(1)
        )
        with reading(self._url) as session:
            due = session.execute(query).scalar_one_or_none()
            return None if due is None else max(0.0, due - time.time())

    def _settle(self, name: str, state: str) -> bool:
        with writing(self._url) as session:
            statement = update(MediaFile).where(MediaFile.name == name).values(state=state)
            return bool(session.execute(statement.execution_options(synchronize_session=False)).rowcount)

    def _failed(self, name: str, again: bool) -> None:
        with writing(self._url) as session:
            row = session.get(MediaFile, name, with_for_update=True)
            if row is None:
                return
            if again and row.attempts < len(_WAITS):
                row.next_at = time.time() + _WAITS[row.attempts]
            else:
                row.state = "gone"
