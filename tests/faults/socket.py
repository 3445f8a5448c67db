"""As much of the Socket.IO protocol (version 5 over a WebSocket) as a customer's page needs.

python-socketio's own client speaks WebSocket only with a newer aiohttp than Rasa allows; pages use nothing else.
https://socket.io/docs/v4/socket-io-protocol/
"""

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any

import aiohttp

_SECONDS = 10.0
_OPEN, _PING, _PONG = "0", "2", "3"
_CONNECT, _EVENT, _ACK = "40", "42", "43"


class Socket:
    """One connection; `heard(event, data)` gets what the server tells."""

    def __init__(self, heard: Callable[[str, Any], None]) -> None:
        self._heard = heard
        self._acks: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count()
        self.connected = False

    async def connect(self, address: str) -> None:
        """Open it.

        Raises:
            OSError, aiohttp.ClientError, asyncio.TimeoutError: it cannot be opened.
        """
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS))
        self._socket = await asyncio.wait_for(self._http.ws_connect(address), _SECONDS)
        await self._socket.receive_str(timeout=_SECONDS)  # engine.io's greeting
        await self._socket.send_str(_CONNECT)
        welcome = await self._socket.receive_str(timeout=_SECONDS)
        if not welcome.startswith(_CONNECT):
            raise ConnectionError(welcome)
        self.connected = True
        self._reader = asyncio.create_task(self._read())

    async def call(self, event: str, data: Any) -> Any:
        """Tell the server something and wait for its acknowledgement.

        Raises:
            OSError, asyncio.TimeoutError: it did not come.
        """
        if not self.connected:
            raise ConnectionError("the socket is closed")
        number = next(self._numbers)
        answer = self._acks[number] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send_str(f"{_EVENT}{number}{json.dumps([event, data], ensure_ascii=False)}")
            return await asyncio.wait_for(answer, _SECONDS)
        finally:
            self._acks.pop(number, None)

    async def close(self) -> None:
        """Leave."""
        self.connected = False
        if hasattr(self, "_reader"):
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if hasattr(self, "_http"):
            await self._http.close()

    async def _read(self) -> None:
        try:
            async for frame in self._socket:
                packet = str(frame.data)
                if packet == _PING:
                    await self._socket.send_str(_PONG)
                elif packet.startswith(_EVENT):
                    event, *data = json.loads(packet[2:])
                    self._heard(event, data[0] if data else None)
                elif packet.startswith(_ACK):
                    begin = packet.index("[")
                    waiting = self._acks.get(int(packet[2:begin]))
                    if waiting is not None and not waiting.done():
                        waiting.set_result((json.loads(packet[begin:]) or [None])[0])
        except (OSError, aiohttp.ClientError):
            pass
        finally:
            self.connected = False
            for waiting in self._acks.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionError("the socket closed"))
