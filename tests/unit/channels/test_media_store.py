"""Customers' files: who asks for one while it is being fetched gets it."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest

from bot.channels.incoming import Media
from bot.channels.media import MediaStore
from bot.db import upgrade


async def test_a_file_that_comes_between_the_two_looks_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'chat.db'}"
    upgrade(url, "channels")

    async def fetch(_media: Media) -> bytes:
        return b"file"

    store = MediaStore(url, "wecom", tmp_path / "media", fetch)
    name = store.note(Media(reference="M1"))
    looked, may_go_on, read = threading.Event(), threading.Event(), store.read

    def slow_read(name: str) -> Any:
        found = read(name)
        looked.set()
        assert may_go_on.wait(20)
        return found

    monkeypatch.setattr(store, "read", slow_read)
    asked = asyncio.create_task(store.get(name))
    await asyncio.to_thread(looked.wait, 20)  # it has seen that the file is not here
    await store.fetch_due()
    may_go_on.set()
    assert await asked == b"file"
