"""Tells customers' pages who has their conversation, and those who wait where they stand while others come and go."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from bot import clock, conversations
from bot.channels import shared
from bot.channels.lanes import Lanes
from bot.conversations import FRESH_SECONDS, CustomerView, Store
from bot.waiting import news_within

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 5.0  # agents come and go without a word to this process; then the expected time changes
_GATHER_SECONDS = 0.1  # changes come in bursts; one look serves them all
_RATE_WITHIN = timedelta(days=1)

Emit = Callable[[str, Any, str], Awaitable[None]]


class Places:
    """`tell` at a change of owner, `moved` at any change in the queue; `run` as long as the server runs."""

    def __init__(self, store: Store, lanes: Lanes, emit: Emit) -> None:
        self._store = store
        self._lanes = lanes
        self._emit = emit
        self._waiting: dict[str, dict[str, Any]] = {}  # what the pages of who waits were told last
        self._moved = asyncio.Event()

    async def tell(self, conversation: str, to: str | None = None) -> None:
        """The event `owner` for the pages of a conversation, or for the one page `to`."""
        told = await asyncio.to_thread(self._told, conversation)
        if told["owner"] == "waiting":
            self._waiting[conversation] = told
        else:
            self._waiting.pop(conversation, None)
        await self._emit("owner", told, to or conversation)

    def moved(self) -> None:
        """Somebody joined the queue or left it."""
        self._moved.set()

    async def run(self) -> None:
        """Keep the places on the pages up to date."""
        while True:
            await news_within(self._moved, _LOOK_SECONDS if self._waiting else None)
            await asyncio.sleep(_GATHER_SECONDS)
            self._moved.clear()
            try:
                await self._look()
            except Exception:  # the database may be away for a while
                logger.exception("Those who wait could not be told their places")

    async def _look(self) -> None:
        for gone in [name for name in self._waiting if not self._lanes.is_watched(name)]:
            del self._waiting[gone]
        if not self._waiting:
            return
        views = await asyncio.to_thread(
            conversations.customer_views, self._store, list(self._waiting), fresh_seconds=FRESH_SECONDS
        )
        for conversation, view in views.items():
            place, before = place_of(view), self._waiting.get(conversation)
            if before is not None and view.owner == "waiting" and place != before["place"]:
                self._waiting[conversation] = {**before, "place": place}
                await self._emit("owner", self._waiting[conversation], conversation)

    def _told(self, conversation: str) -> dict[str, Any]:
        view = conversations.customer_views(self._store, [conversation], fresh_seconds=FRESH_SECONDS)[conversation]
        return {
            "owner": view.owner,
            "agent": view.agent,
            "place": place_of(view),
            "ticket": None if view.ticket is None else {"contact": view.ticket},
            "rating": to_rate(self._store, conversation),
        }


def place_of(view: CustomerView) -> dict[str, Any] | None:
    """{"ahead", "seconds"}: how many come first, and the expected time (None while nobody can tell)."""
    if view.wait is None:
        return None
    seconds = round(view.wait.seconds) if math.isfinite(view.wait.seconds) else None
    return {"ahead": view.wait.position - 1, "seconds": seconds}


def to_rate(store: Store, conversation: str) -> int | None:
    """The number of the closing that the customer may rate now."""
    closing = conversations.last_closing(store, conversation)
    if closing is None or clock.now() - closing.at > _RATE_WITHIN:
        return None
    return None if shared.get_value(store.url, rated_key(conversation, closing.number)) else closing.number


def rated_key(conversation: str, closing: int) -> str:
    """Under which it is kept that the closing was rated."""
    return f"rated:{conversation}:{closing}"
