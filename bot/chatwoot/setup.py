"""The bridge on the web server: its webhook, and its clockwork as long as the server runs."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from bot.chatwoot import looking, webhook
from bot.chatwoot.bridge import Bridge
from bot.chatwoot.pictures import Pictures
from bot.conversations import Store, bus_of
from bot.db import upgrade
from bot.settings import Settings

PATH = "/webhooks/chatwoot"


def add_chatwoot(app: web.Application, settings: Settings) -> None:
    """Where endpoints.yml chooses Chatwoot, add the bridge; else nothing."""
    endpoint = settings.desk
    if endpoint.type != "chatwoot":
        return
    store = Store(settings.chat_url, bus_of(settings))

    async def receive(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if not webhook.genuine(endpoint, request.headers, body, request.match_info.get("token", "")):
            return web.json_response({"error": "bad_signature"}, status=401)
        try:
            remote = webhook.conversation_in(body, endpoint.account_id, endpoint.inbox_id)
        except ValueError:
            return web.json_response({"error": "bad_request"}, status=400)
        if remote is not None:
            await asyncio.to_thread(looking.note_news, store, remote)
        return web.json_response({"ok": True})

    async def run(_: web.Application) -> AsyncIterator[None]:
        for room in ("conversations", "chatwoot"):
            await asyncio.to_thread(upgrade, store.url, room)
        await store.bus.start()
        limit = settings.operations.desk.image_max_mb * 2**20
        bridge = Bridge(store, endpoint, Pictures(settings.var, limit, endpoint.token))
        await bridge.start()
        yield
        await bridge.stop()

    app.router.add_post(PATH, receive)
    app.router.add_post(PATH + "/{token}", receive)
    app.cleanup_ctx.append(run)
