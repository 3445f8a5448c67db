"""The bus of one machine: small datagrams on the loopback between the processes that share a `var` folder.

Each listening process leaves a file named "<port>.<pid>" in the folder; who publishes sends to all of them. There is
no hub that could be down. Datagrams carry the folder's key, so that other users of the machine cannot wake anybody.
"""

import asyncio
import contextlib
import json
import logging
import os
import secrets
import socket
import time
from hmac import compare_digest
from pathlib import Path
from typing import Any

from bot.conversations.bus import RESYNC, Bus

_LOG = logging.getLogger(__name__)
_HOST = "127.0.0.1"
_KEY_BYTES = 16
_LARGEST = 8192  # bytes of a wake-up; more does not belong here
_PEERS_SECONDS = 1.0
_BUFFER = 4 * 1024 * 1024  # the kernel may grant less


class LocalBus(Bus):
    """Processes that use the same `folder` hear each other."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self._folder = Path(folder)
        self._own: Path | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sender.setblocking(False)
        self._known_key = b""
        self._peers_known: tuple[int, float, list[int]] = (0, 0.0, [])

    def publish(self, topic: str, data: dict[str, Any]) -> None:
        self.deliver(topic, data)
        try:
            packet = self._key() + json.dumps([topic, data], ensure_ascii=False).encode()
            if len(packet) > _LARGEST:
                raise ValueError(f"a wake-up of {len(packet)} bytes")
            for port in self._peers():
                with contextlib.suppress(OSError):  # a full buffer: the sweep finds the news
                    self._sender.sendto(packet, (_HOST, port))
        except Exception:
            _LOG.exception("the wake-up %s did not leave this process", topic)

    async def start(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            return
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        listener.setblocking(False)
        listener.bind((_HOST, 0))
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: _Listener(self), sock=listener)
        key = self._key()  # makes the folder
        assert key
        self._own = self._folder / f"{listener.getsockname()[1]}.{os.getpid()}"
        self._own.touch(mode=0o600)
        self.deliver(RESYNC, {})

    async def close(self) -> None:
        if self._own is not None:
            self._own.unlink(missing_ok=True)
            self._own = None
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def hear(self, packet: bytes) -> None:
        """Read a datagram; anything without the key or out of shape is dropped."""
        if not compare_digest(packet[:_KEY_BYTES], self._key()):
            return
        try:
            topic, data = json.loads(packet[_KEY_BYTES:])
        except (TypeError, ValueError):
            return
        if isinstance(topic, str) and isinstance(data, dict):
            self.deliver(topic, data)

    def _peers(self) -> list[int]:
        """The ports of the others; the folder is read again when its files have changed, and now and then."""
        changed, now = self._folder.stat().st_mtime_ns, time.monotonic()
        if changed != self._peers_known[0] or now - self._peers_known[1] >= _PEERS_SECONDS:
            self._peers_known = changed, now, self._look_for_peers()
        return self._peers_known[2]

    def _look_for_peers(self) -> list[int]:
        peers = []
        for path in self._folder.iterdir():
            port, _, pid = path.name.partition(".")
            if not (port.isdigit() and pid.isdigit()) or path == self._own:
                continue
            if _runs(int(pid)):
                peers.append(int(port))
            else:
                path.unlink(missing_ok=True)
        return peers

    def _key(self) -> bytes:
        if not self._known_key:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path = self._folder / "key"
            scratch = self._folder / f"key-{secrets.token_hex(8)}"
            with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
            with contextlib.suppress(FileExistsError):
                os.link(scratch, path)  # who comes second takes the first one's key
            scratch.unlink()
            self._known_key = path.read_bytes()
        return self._known_key


class _Listener(asyncio.DatagramProtocol):
    def __init__(self, bus: LocalBus) -> None:
        self._bus = bus

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._bus.hear(data)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
