"""A Sanic application on a free port, for tests."""

import socket
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from sanic import Sanic


@asynccontextmanager
async def serving(prepare: Callable[[Sanic], Any] | None = None, app: Sanic | None = None) -> AsyncIterator[str]:
    """The address of `app`, or of a new one that `prepare` gives its routes, while the block lasts."""
    running = app or Sanic(f"test{uuid.uuid4().hex[:8]}", configure_logging=False)
    if prepare is not None:
        prepare(running)
    before, Sanic.test_mode = Sanic.test_mode, True  # several servers in one process
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server: Any = await running.create_server(sock=listener, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    await server.after_start()
    Sanic.test_mode = before
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await server.before_stop()
        await server.close()
        await server.after_stop()
