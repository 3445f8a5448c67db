"""Pictures that the bot sends, for platforms that show only what was uploaded to them."""

import asyncio
from collections.abc import Awaitable, Callable

from bot.channels import shared
from bot.channels.api import ApiError, Client

LARGEST = 2 * 1024 * 1024  # bytes; the smallest limit among the platforms
_KINDS = {"image/jpeg", "image/png"}

Upload = Callable[[bytes, str], Awaitable[str]]


class Pictures:
    """Uploads a picture once and remembers its id on the platform for `seconds`."""

    def __init__(self, store: str, platform: str, public_url: str, seconds: float, upload: Upload) -> None:
        self._store = store
        self._platform = platform
        self._public_url = public_url.rstrip("/")
        self._seconds = seconds
        self._upload = upload
        self._http = Client("")

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.close()

    def address_of(self, source: str) -> str:
        """The whole address of a picture; "" for a path on our own site when `public_url` is not set."""
        if source.startswith(("https://", "http://")):
            return source
        return f"{self._public_url}/{source.lstrip('/')}" if self._public_url and source else ""

    async def identity_of(self, source: str) -> str | None:
        """The platform's id of the picture at `source`; None when the platform cannot show it.

        Raises:
            ApiError: it may work later.
        """
        address = self.address_of(source)
        if not address:
            return None
        key = f"picture:{self._platform}:{address}"
        known = await asyncio.to_thread(shared.get_value, self._store, key)
        if known:
            return known
        try:
            status, headers, content = await self._http.send("GET", address, largest=LARGEST)
        except ApiError:
            return None  # a shop's picture that cannot be had must not hold up the words
        kind = headers.get("Content-Type", "").partition(";")[0].strip()
        if status != 200 or kind not in _KINDS:
            return None
        try:
            identity = await self._upload(content, kind)
        except ApiError as error:
            if error.again:
                raise
            return None
        await asyncio.to_thread(shared.set_value, self._store, key, identity, self._seconds)
        return identity
