"""What runs the actions, in a server of their own or in Rasa's: watched, and with what they need at hand."""

import asyncio
import logging
import threading
import time
from typing import Any

from rasa_sdk.executor import ActionExecutor
from sanic.exceptions import ServiceUnavailable
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from bot.knowledge import current_index
from bot.nlu.encoder import EncoderError
from bot.observing import tracing
from bot.observing.context import about
from bot.observing.health import Check, Loaded, database
from bot.observing.metrics import ACTION_FAILURES, ACTION_SECONDS
from bot.settings import Settings
from bot.shop import ShopError


class WatchedExecutor(ActionExecutor):
    """Runs actions as Rasa's does, and counts how long each takes and which fail."""

    async def run(self, action_call: Any) -> Any:
        """The answer for Rasa; errors go on to the server, which tells nobody what they say."""
        name = str(action_call.get("next_action") or "")
        label = name if name in self.actions else "unknown"
        began = time.perf_counter()
        try:
            with (
                about(str(action_call.get("sender_id") or "")),
                tracing.continued(tracing.arrived_with()),
                tracing.span("action", action=label),
            ):
                return await super().run(action_call)
        except Exception as error:
            ACTION_FAILURES.labels(label).inc()
            if is_database_away(error):  # Rasa waits for it (bot/runtime/patience.py)
                raise ServiceUnavailable("the database is away") from error
            raise
        finally:
            ACTION_SECONDS.labels(label).observe(time.perf_counter() - began)


def is_database_away(error: BaseException | None) -> bool:
    """Whether an action failed for want of its database, also where its own error came of that."""
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            return True
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return True
        error = error.__cause__ or error.__context__
    return False


class Needs:
    """What actions need beside themselves: databases, and the index of the knowledge base, which takes time to load."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._encoder = settings, Loaded()

    def checks(self) -> dict[str, Check]:
        """By the names that /readyz tells."""
        urls = {
            "shop": self._settings.shop_url,
            "chat": self._settings.chat_url,
            "knowledge": self._settings.knowledge_url,
        }
        return {**{f"{name}_store": database(url) for name, url in urls.items()}, "encoder": self._encoder}

    async def load(self, seconds: float = 15.0) -> None:
        """Load before the server listens: meanwhile others answer, and the first question does not wait.

        Args:
            seconds: at most; then it goes on beside the first requests, as when a database is away.
        """
        thread = threading.Thread(target=self._load, daemon=True, name="warm-up")
        thread.start()
        await asyncio.to_thread(thread.join, seconds)

    def _load(self) -> None:
        try:
            current_index(self._settings.knowledge_url, self._settings.shop_url).get()
        except (EncoderError, SQLAlchemyError, ShopError) as error:
            logging.getLogger(__name__).warning("知识库暂时不能检索：%s", error)
        finally:
            self._encoder.done()
