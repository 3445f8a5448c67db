"""Rasa's server as its watchers see it: what a turn does inside of Rasa is timed and traced, its routes are added.

Rasa has no hooks at these places, so its methods are wrapped, once for a process.
"""

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

import rasa.core.agent
import rasa.core.run
from rasa.core.actions.action import RemoteAction
from rasa.core.processor import MessageProcessor
from rasa.utils.endpoints import EndpointConfig
from sanic import Sanic

from bot.observing import logs, on_sanic, tracing
from bot.observing.context import about, conversation
from bot.observing.health import Check, database
from bot.observing.metrics import PARSE_SECONDS
from bot.observing.turns import turn
from bot.runtime.action_connections import close_connections, keep_connections
from bot.runtime.direct_actions import directly, executor_of
from bot.runtime.executor import Needs
from bot.runtime.once import looking, repeating
from bot.runtime.patience import patiently
from bot.runtime.trackers import WindowTrackerStore
from bot.settings import Settings
from bot.shop.adapters import systems

SERVICE = "rasa"
_wrapped: set[tuple[Any, str]] = set()
_API = "api"  # Rasa's own channels; a request may name any channel, so its name is no label


def watch(settings: Settings) -> None:
    """Wrap Rasa's methods and let the server that it makes from now on have our routes."""
    keep_connections()
    _wrap(MessageProcessor, "handle_message", lambda original: _handled(repeating(original)))
    _wrap(MessageProcessor, "_handle_message_with_tracker", looking)
    _wrap(MessageProcessor, "parse_message", _parsed)
    _wrap(MessageProcessor, "_predict_next_with_tracker", _predicted)
    _wrap(RemoteAction, "run", _called)
    _wrap(EndpointConfig, "request", lambda original: directly(_requested(original)))
    _wrap(rasa.core.agent, "FailSafeTrackerStore", _without_fallback)
    _wrap(rasa.core.run, "configure_app", lambda original: _configured(original, settings))


def _wrap(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    original = getattr(owner, name)
    if (owner, name) not in _wrapped:
        _wrapped.add((owner, name))
        setattr(owner, name, wraps(original)(make(original)))


def _handled(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def handle_message(self: Any, message: Any) -> Any:
        if conversation():  # our channels have begun the turn
            return await original(self, message)
        with turn(_API, str(message.sender_id)):
            return await original(self, message)

    return handle_message


def _parsed(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def parse_message(self: Any, *args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        with tracing.span("nlu"):
            found = await original(self, *args, **kwargs)
        PARSE_SECONDS.observe(time.perf_counter() - began)
        return found

    return parse_message


def _predicted(original: Callable[..., Any]) -> Callable[..., Any]:
    def predict(self: Any, *args: Any, **kwargs: Any) -> Any:
        with tracing.span("policy"):
            return original(self, *args, **kwargs)

    return predict


def _called(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    patient = patiently(original)

    async def run(self: Any, output_channel: Any, nlg: Any, tracker: Any, domain: Any) -> Any:
        with about(str(tracker.sender_id)), tracing.span("action call", action=self.name()):
            return await patient(self, output_channel, nlg, tracker, domain)

    return run


def _requested(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def request(self: Any, *args: Any, **kwargs: Any) -> Any:
        headers = tracing.carrier()
        if headers:
            kwargs["headers"] = {**(kwargs.get("headers") or {}), **headers}
        return await original(self, *args, **kwargs)

    return request


def _without_fallback(original: Any) -> Callable[..., Any]:
    """Rasa goes on with an empty store in memory when reading or saving fails: the customer is answered out of context.

    Ours waits for its database, and a turn that fails all the same is done again, or a person gets it.
    """

    def wrapped(tracker_store: Any, *args: Any, **kwargs: Any) -> Any:
        return (
            tracker_store if isinstance(tracker_store, WindowTrackerStore) else original(tracker_store, *args, **kwargs)
        )

    return wrapped


def _configured(original: Callable[..., Sanic], settings: Settings) -> Callable[..., Sanic]:
    def configure_app(*args: Any, **kwargs: Any) -> Sanic:
        app = original(*args, **kwargs)
        on_sanic.harden(app)
        needs = Needs(settings) if settings.actions_module else None
        if needs:
            executor_of(settings.actions_module)
        on_sanic.add_observing(app, {**(needs.checks() if needs else {}), **checks(app, settings)})
        logs.configure(settings, SERVICE)  # Rasa has set up its own by now

        async def before(_app: Sanic, _loop: Any) -> None:
            if needs:
                await needs.load()

        async def again(_app: Sanic, _loop: Any) -> None:
            logs.configure(settings, SERVICE)  # and Sanic's, just before it starts

        async def close(_app: Sanic, _loop: Any) -> None:
            await close_connections()
            if needs:
                await systems().close()

        app.register_listener(before, "before_server_start")
        app.register_listener(again, "after_server_start")
        app.register_listener(close, "after_server_stop")
        return app

    return configure_app


def checks(app: Sanic, settings: Settings) -> dict[str, Check]:
    """What a Rasa server needs: a loaded model (with its encoder) and the databases of a turn."""

    def model() -> None:
        agent = getattr(app.ctx, "agent", None)
        if agent is None or not agent.is_ready():
            raise RuntimeError("no model is loaded")

    def tracker_store() -> None:
        store: Any = getattr(getattr(app.ctx, "agent", None), "tracker_store", None)
        while hasattr(store, "_tracker_store"):  # Rasa wraps it, so that its faults end no turn
            store = store._tracker_store
        if isinstance(getattr(store, "url", None), str):
            database(store.url)()
        elif hasattr(store, "engine"):
            with store.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")

    return {"model": model, "tracker_store": tracker_store, "chat_store": database(settings.chat_url)}
