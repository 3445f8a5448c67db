"""The shop platform behind the open channel: hands on customers' messages signed, takes each push once.

It does what docs/channels/open.md asks of an adapter: a message is sent again under the same id until it is
acknowledged with 200, and a push that came before is answered with 409.
"""

import asyncio
import json
import time
from collections import defaultdict
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from bot.channels.open_channel.protocol import NONCE, SIGNATURE, TIMESTAMP, signature, signed_headers

SOURCE = "faults"
SECRET = "0123456789abcdef0123456789abcdef"
_AGAIN = 1.0  # seconds between attempts


class Platform:
    """One adapter with its customers' chats; all in the event loop that started it."""

    def __init__(self) -> None:
        self.pushed: dict[str, list[dict[str, Any]]] = defaultdict(list)  # customer → what arrived, each id once
        self.again = 0  # pushes that had come before
        self.forged = 0
        self.refuse = 0  # so many of the next pushes get a 503
        self._ids: set[str] = set()
        self._news: dict[str, asyncio.Event] = {}

    async def start(self, port: int, webhook: str) -> None:
        """Listen for pushes; customers' messages go to `webhook`."""
        app = web.Application()
        app.router.add_post("/push", self._push)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._http = ClientSession(timeout=ClientTimeout(total=15))
        self._webhook = webhook

    async def stop(self) -> None:
        """End."""
        await self._http.close()
        await self._runner.cleanup()

    async def say(self, customer: str, identity: str, text: str, until: float) -> bool:
        """Deliver a message, again and again; whether it was acknowledged before `until` (monotonic)."""
        message = {"id": identity, "customer": {"id": customer}, "type": "text", "text": text}
        body = json.dumps(message, ensure_ascii=False).encode()
        while True:
            try:
                headers = signed_headers(SECRET, SOURCE, body)
                async with self._http.post(self._webhook, data=body, headers=headers) as answer:
                    await answer.read()
                    if answer.status == 200:
                        return True
            except (ClientError, asyncio.TimeoutError, OSError):
                pass
            if time.monotonic() + _AGAIN > until:
                return False
            await asyncio.sleep(_AGAIN)

    async def hears(self, customer: str, after: int, until: float) -> bool:
        """Whether the customer has got more than `after` messages before `until`."""
        news = self._news.setdefault(customer, asyncio.Event())
        while len(self.pushed[customer]) <= after:
            news.clear()
            try:
                await asyncio.wait_for(news.wait(), max(0.01, until - time.monotonic()))
            except asyncio.TimeoutError:
                return len(self.pushed[customer]) > after
        return True

    async def _push(self, request: web.Request) -> web.Response:
        body = await request.read()
        timestamp, nonce = request.headers[TIMESTAMP], request.headers[NONCE]
        if signature(SECRET, timestamp, nonce, body) != request.headers[SIGNATURE]:
            self.forged += 1
            return web.Response(status=403)
        if self.refuse > 0:
            self.refuse -= 1
            return web.Response(status=503)
        message = json.loads(body)
        if message["id"] in self._ids:
            self.again += 1
            return web.Response(status=409)
        self._ids.add(message["id"])
        customer = message["customer"]["id"]
        self.pushed[customer].append(message)
        if customer in self._news:
            self._news[customer].set()
        return web.json_response({"ok": True})
