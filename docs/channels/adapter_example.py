"""A worked example of an adapter between a shop platform and the open channel (docs/channels/open.md).

It takes the platform's messages at /platform, hands them on signed, and takes the answers at /push.
"""

import asyncio
import hashlib
import hmac
import json
import os
import secrets
import time
from typing import Any

import aiohttp
from aiohttp import web

SOURCE = "taobao"
SECRET = os.environ.get("OPEN_TAOBAO_SECRET", "")
BOT = os.environ.get("DIANXIAOER_URL", "http://127.0.0.1:8000") + "/webhooks/open/webhook"
ATTEMPTS = 6


def from_platform(message: dict[str, Any]) -> dict[str, Any]:
    """The platform's message as the open channel wants it: change this for your platform."""
    customer = {"id": message["buyer"]}
    return {"id": message["msg_id"], "customer": customer, "type": "text", "text": message["content"]}


async def to_platform(customer: str, text: str, content: dict[str, Any]) -> None:
    """Send the answer to the buyer by the platform's own interface: change this for your platform."""
    print(f"→ {customer}: {text}", flush=True)


def sign(timestamp: str, nonce: str, body: bytes) -> str:
    return hmac.new(SECRET.encode(), f"{timestamp}\n{nonce}\n".encode() + body, hashlib.sha256).hexdigest()


def signed(body: bytes) -> dict[str, str]:
    """The headers of one attempt; each attempt needs new ones."""
    timestamp, nonce = str(int(time.time())), secrets.token_urlsafe(16)
    return {
        "X-Dianxiaoer-Source": SOURCE,
        "X-Dianxiaoer-Timestamp": timestamp,
        "X-Dianxiaoer-Nonce": nonce,
        "X-Dianxiaoer-Signature": sign(timestamp, nonce, body),
    }


class Adapter:
    """Keeps what it has pushed in memory; a real one keeps it in its database."""

    def __init__(self, bot: str = BOT) -> None:
        self.bot = bot
        self.pushed: set[str] = set()
        self.nonces: set[str] = set()

    async def platform(self, request: web.Request) -> web.Response:
        """The platform's callback: acknowledged only when the message is stored."""
        body = json.dumps(from_platform(await request.json()), ensure_ascii=False).encode()
        async with aiohttp.ClientSession() as http:
            for attempt in range(ATTEMPTS):
                try:
                    async with http.post(self.bot, data=body, headers=signed(body)) as answer:
                        if answer.status < 500 and answer.status != 409:
                            return web.Response(status=answer.status, body=await answer.read())
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(2**attempt)
        return web.Response(status=503)

    async def push(self, request: web.Request) -> web.Response:
        """An answer: verified, and sent to the buyer once."""
        body = await request.read()
        timestamp, nonce = (
            request.headers.get("X-Dianxiaoer-Timestamp", ""),
            request.headers.get("X-Dianxiaoer-Nonce", ""),
        )
        expected = sign(timestamp, nonce, body)
        if not hmac.compare_digest(expected, request.headers.get("X-Dianxiaoer-Signature", "")):
            return web.Response(status=403)
        if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > 300 or nonce in self.nonces:
            return web.Response(status=403)
        self.nonces.add(nonce)
        message = json.loads(body)
        if message["id"] in self.pushed:
            return web.Response(status=409)
        await to_platform(message["customer"]["id"], message["text"], message["content"])
        self.pushed.add(message["id"])
        return web.json_response({"ok": True})


def application(bot: str = BOT) -> web.Application:
    """The adapter's server."""
    adapter, app = Adapter(bot), web.Application(client_max_size=64 * 1024)
    app.router.add_post("/platform", adapter.platform)
    app.router.add_post("/push", adapter.push)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=8090)
