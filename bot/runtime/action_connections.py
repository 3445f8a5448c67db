"""Calls of actions over connections that stay open.

Rasa opens a client session with a connection of its own for every call of an action, several times a turn.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial, wraps
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
import ujson  # of Sanic's, which reads what is written here
from rasa.utils.endpoints import EndpointConfig

# Seconds that an idle connection is kept here; less than the action server and nginx keep theirs, so that no call goes
# out on one that is just being closed there.
IDLE, IDLE_AT_SERVER = 15, 30
RASAS_OWN = EndpointConfig.session
# By the event loop, and by what a session is made of: servers, and tests, may have several loops.
_Sessions = dict[tuple[Any, ...], aiohttp.ClientSession]
_sessions: "WeakKeyDictionary[asyncio.AbstractEventLoop, _Sessions]" = WeakKeyDictionary()


@wraps(RASAS_OWN)
def _session(self: EndpointConfig) -> Any:
    return _kept(self)


@asynccontextmanager
async def _kept(endpoint: EndpointConfig) -> AsyncIterator[aiohttp.ClientSession]:
    """The open session for such an endpoint; it stays open after the block."""
    own = _sessions.setdefault(asyncio.get_running_loop(), {})
    key = (tuple(sorted(endpoint.headers.items())), tuple(sorted(endpoint.basic_auth.items())))
    session = own.get(key)
    if session is None or session.closed:
        plain: aiohttp.ClientSession = RASAS_OWN(endpoint)
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE)
        session = own[key] = aiohttp.ClientSession(
            connector=connector,
            headers=plain.headers,
            auth=plain.auth,
            timeout=plain.timeout,
            json_serialize=partial(ujson.dumps, ensure_ascii=False, escape_forward_slashes=False),
            cookie_jar=aiohttp.DummyCookieJar(),  # one call knows nothing of another
        )
        await plain.close()
    yield session


def keep_connections() -> None:
    """From now on this process's calls of actions (and of other endpoints of Rasa) share open connections."""
    EndpointConfig.session = _session


async def close_connections() -> None:
    """Close those of the running event loop."""
    for session in _sessions.pop(asyncio.get_running_loop(), {}).values():
        await session.close()
