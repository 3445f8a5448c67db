"""Pictures both ways: the customer's out of `var/media`, agents' into `var/uploads`."""

import asyncio
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bot.chatwoot.client import Client, File
from bot.files import store_whole
from bot.picture_types import LONGEST_START, SUFFIXES, picture_type

_NAME = re.compile(r"[A-Za-z0-9_-]{16,64}")
_MEDIA, _UPLOADS = "/media/", "/uploads/"
_ENDINGS = SUFFIXES | {"image/gif": ".gif"}
_OTHER = "application/octet-stream"


class Pictures:
    """`limit`: bytes of the largest picture that customers get; `secret` makes its name one that nobody can guess."""

    def __init__(self, var: Path, limit: int, secret: str) -> None:
        self._var, self._limit, self._secret = var, limit, secret.encode()

    def read(self, names: Iterable[str]) -> list[File]:
        """The customer's files that are here."""
        found = []
        for number, name in enumerate(names, start=1):
            try:
                content = (self._var / "media" / name).read_bytes()
            except FileNotFoundError:
                continue
            kind = picture_type(content[:LONGEST_START]) or _OTHER
            found.append(File(f"{number}{_ENDINGS.get(kind, '')}", kind, content))
        return found

    async def fetch(self, client: Client, attachment: Mapping[str, Any]) -> str | None:
        """Keep an agent's picture; its path on the web server, or None for what is no picture that channels can show.

        Raises:
            ChatwootError: it may be had later.
        """
        if attachment.get("file_type") != "image" or not attachment.get("data_url"):
            return None
        content = await client.fetch(str(attachment["data_url"]), self._limit)
        suffix = SUFFIXES.get(picture_type((content or b"")[:LONGEST_START]) or "")
        if content is None or suffix is None:
            return None
        name = hashlib.sha256(self._secret + content).hexdigest() + suffix
        await asyncio.to_thread(store_whole, self._var / "uploads" / name, content)
        return _UPLOADS + name


def media_in(content: Mapping[str, Any]) -> list[str]:
    """The names in `var/media` of what a message shows."""
    attachment = content.get("attachment")
    payload = attachment.get("payload") if isinstance(attachment, dict) else None
    _, prefix, name = str((payload or {}).get("src") or "").rpartition(_MEDIA)
    return [name] if prefix and _NAME.fullmatch(name) else []
