"""A TCP proxy between the suite and a service: cuts every connection, stalls them, or makes each answer late."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

_PIECE = 64 * 1024


class Proxy:
    """Listens on a free port of the loopback and passes on to `target`; runs in a thread of its own.

    `delay` (seconds) holds back what the service answers. The methods may be called from any thread.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self.delay = 0.0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._open = asyncio.Event()
        self._flows = asyncio.Event()
        self._server: asyncio.AbstractServer | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def start(self) -> "Proxy":
        """Begin to listen."""
        self._thread.start()
        self._flows.set()
        self._call(self._listen)
        return self

    def cut(self) -> None:
        """As if the service were gone: connections break, new ones are refused."""
        self._call(self._close)

    def restore(self) -> None:
        """The service is there again, at the same port, and as quick as ever."""
        self.delay = 0.0
        self._call(self._flow)
        if self._server is None:
            self._call(self._listen)

    def stall(self) -> None:
        """As if the network swallowed everything: connections stay open and nothing passes."""

        async def hold() -> None:
            self._flows.clear()

        self._call(hold)

    def stop(self) -> None:
        """End for good."""
        self._call(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _call(self, work: Callable[[], Awaitable[Any]]) -> None:
        async def run() -> None:
            await work()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(20)

    async def _flow(self) -> None:
        self._flows.set()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, inner_writer}
        self._writers |= ends
        try:
            ways = (self._pass(reader, inner_writer, late=False), self._pass(inner_reader, writer, late=True))
            await asyncio.wait(map(asyncio.ensure_future, ways), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, late: bool) -> None:
        try:
            while piece := await reader.read(_PIECE):
                await self._flows.wait()
                if late and self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(piece)
                await writer.drain()
        except OSError:
            return
