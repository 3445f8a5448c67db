"""A small server that behaves as Chatwoot's API pages say: one account, one API inbox."""

import asyncio
import itertools
from typing import Any

from aiohttp import web

ACCOUNT, INBOX, TOKEN = 7, 3, "agent-token"
_KINDS = {"incoming": 0, "outgoing": 1}


class Chatwoot:
    """`faults`: what the next calls suffer, a status or seconds of sleep after the work; "path part" → list."""

    def __init__(self) -> None:
        self.contacts: dict[int, dict[str, Any]] = {}
        self.conversations: dict[int, dict[str, Any]] = {}
        self.messages: dict[int, list[dict[str, Any]]] = {}
        self.calls: list[tuple[str, str]] = []
        self.faults: dict[str, list[int | float | str]] = {}
        self._ids = itertools.count(100)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._check])
        base = f"/api/v1/accounts/{ACCOUNT}"
        app.router.add_post(base + "/contacts", self._make_contact)
        app.router.add_get(base + "/contacts/search", self._search)
        app.router.add_get(base + "/contacts/{id}/conversations", self._contact_conversations)
        app.router.add_post(base + "/conversations", self._make_conversation)
        app.router.add_get(base + "/conversations/{id}", self._conversation)
        app.router.add_post(base + "/conversations/{id}/toggle_status", self._toggle)
        app.router.add_get(base + "/conversations/{id}/messages", self._messages)
        app.router.add_post(base + "/conversations/{id}/messages", self._post)
        return app

    @web.middleware
    async def _check(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls.append((request.method, request.path))
        if request.headers.get("api_access_token") != TOKEN:
            return web.json_response({"error": "Invalid Access Token"}, status=401)
        fault = next(
            (f.pop(0) for part, f in self.faults.items() if f and f"{request.method} {request.path}".endswith(part)),
            None,
        )
        if isinstance(fault, int):
            return web.json_response({"error": "fault"}, status=fault)
        answer = await handler(request)
        if isinstance(fault, float):
            await asyncio.sleep(fault)  # done, but the answer comes too late
        return answer

    def _one(self, request: web.Request) -> dict[str, Any]:
        found = self.conversations.get(int(request.match_info["id"]))
        if found is None:
            raise web.HTTPNotFound(text='{"error":"Resource could not be found"}')
        return found

    async def _make_contact(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if any(one["identifier"] == body["identifier"] for one in self.contacts.values()):
            return web.json_response({"message": "Identifier has already been taken"}, status=422)
        inbox = {"source_id": f"src-{next(self._ids)}", "inbox": {"id": body["inbox_id"]}}
        contact = {"id": next(self._ids), **body, "contact_inboxes": [inbox]}
        self.contacts[contact["id"]] = contact
        return web.json_response({"payload": {"contact": contact, "contact_inbox": inbox}})

    async def _search(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"payload": [c for c in self.contacts.values() if request.query["q"] in c["identifier"]]}
        )

    async def _contact_conversations(self, request: web.Request) -> web.StreamResponse:
        mine = [c for c in self.conversations.values() if c["contact_id"] == int(request.match_info["id"])]
        return web.json_response({"payload": mine})

    async def _make_conversation(self, request: web.Request) -> web.StreamResponse:
        number = next(self._ids)
        self.conversations[number] = {"id": number, **await request.json()}
        self.messages[number] = []
        return web.json_response(self.conversations[number])

    async def _conversation(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._one(request))

    async def _toggle(self, request: web.Request) -> web.StreamResponse:
        self._one(request)["status"] = (await request.json())["status"]
        return web.json_response({"payload": {"success": True}})

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        found = [m for m in self.messages[self._one(request)["id"]] if m["id"] > int(request.query["after"])]
        return web.json_response({"payload": found[:100]})

    async def _post(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if not body["content"]:
            return web.json_response({"error": "Content is too short"}, status=422)
        return web.json_response(
            self.add(self._one(request)["id"], body["content"], body["message_type"], body["private"])
        )

    def add(self, number: int, text: str, kind: str = "outgoing", private: bool = False, **more: Any) -> dict[str, Any]:
        """A message; without more it is an agent's."""
        sender = {"id": 1, "name": "小林", "type": "user"}
        message = {
            "id": next(self._ids),
            "content": text,
            "message_type": _KINDS[kind],
            "private": private,
            "sender": sender,
        }
        self.messages[number].append(message | more)
        return message | more

    def said(self, number: int, kind: str = "incoming") -> list[str]:
        return [m["content"] for m in self.messages[number] if m["message_type"] == _KINDS[kind] and not m["private"]]

    def notes(self, number: int) -> list[str]:
        return [m["content"] for m in self.messages[number] if m["private"]]
