"""Voice messages as text: by the house's own engine, or a function that credentials.yml names.

`speech: package.module.function` names it; an empty `speech:` leaves voice messages unheard.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bot.channels.media import MediaStore
from bot.channels.payloads import as_plain_text
from bot.settings import SettingsError

logger = logging.getLogger(__name__)

UNHEARD = "/sent_voice"
_SECONDS = 20.0
_LONGEST = 2000


def load(dotted_path: str) -> Callable[..., Any]:
    """The function at a dotted path.

    Raises:
        SettingsError: there is none.
    """
    module, _, name = dotted_path.rpartition(".")
    try:
        function = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"credentials.yml 的 speech: {dotted_path} 找不到，请检查点分路径（{error}）") from None
    if not callable(function):
        raise SettingsError(f"credentials.yml 的 speech: {dotted_path} 不是函数")
    return function


class Speech:
    """`function(audio: bytes) -> str`, plain or async; without one voice messages stay unheard."""

    def __init__(self, dotted_path: str | None) -> None:
        self._function = load(dotted_path) if dotted_path else None

    async def text_of(self, text: str, name: str, media: MediaStore) -> str:
        """`text`, or for a voice message that the platform did not recognise, what the function hears in it."""
        if text != UNHEARD or self._function is None or not name:
            return text
        try:
            audio = await asyncio.wait_for(media.get(name), _SECONDS)
            heard = await asyncio.wait_for(self._hear(audio), _SECONDS) if audio else ""
        except Exception:  # whatever the shop's function does, the customer is asked to type
            logger.exception("Speech recognition failed")
            return text
        return as_plain_text(heard.strip()[:_LONGEST]) or text

    async def _hear(self, audio: bytes) -> str:
        assert self._function is not None
        if inspect.iscoroutinefunction(self._function):
            return str(await self._function(audio))
        return str(await asyncio.to_thread(self._function, audio))
