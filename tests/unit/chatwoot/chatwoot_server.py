"""A small server that behaves as Chatwoot's API pages and its source say: one account, one API inbox.

As there, numbers of conversations and of messages are counted apart, an incoming message opens what was resolved, the
kinds of messages are numbers in answers and words in webhooks, and an agent bot may use few of the calls.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

ACCOUNT, INBOX, OTHER_INBOX, TOKEN, BOT_TOKEN, SECRET = 7, 3, 4, "agent-token", "bot-token", "s3cret"
BASE = f"/api/v1/accounts/{ACCOUNT}"
_KINDS = {"incoming": 0, "outgoing": 1}
_LONGEST, _PAGE = 150_000, 100
_FOR_BOTS = {("POST", "toggle_status"), ("POST", "conversations"), ("POST", "messages")}


class Chatwoot:
    """`faults`: what the next calls suffer, a status or seconds of sleep after the work; "path part" → list.

    `handoffs`: conversations that the agent bot handed over. `files`: path → what lies there. `clock` (seconds) is
    added to the times of messages. `on_call` hears of each call before it is answered.
    """

    def __init__(self) -> None:
        self.contacts: dict[int, dict[str, Any]] = {}
        self.conversations: dict[int, dict[str, Any]] = {}
        self.messages: dict[int, list[dict[str, Any]]] = {}
        self.calls: list[tuple[str, str]] = []
        self.faults: dict[str, list[int | float]] = {}
        self.handoffs: list[int] = []
        self.files: dict[str, bytes] = {}
        self.file_calls: list[dict[str, str]] = []
        self.administrator = True
        self.clock = 0.0
        self.on_call: Callable[[str, str], None] = lambda method, path: None
        self._contact_ids, self._numbers, self._ids = itertools.count(100), itertools.count(1), itertools.count(5000)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._check], client_max_size=40 * 2**20)
        app.router.add_post(BASE + "/contacts", self._make_contact)
        app.router.add_get(BASE + "/contacts/search", self._search)
        app.router.add_delete(BASE + "/contacts/{id}", self._delete_contact)
        app.router.add_post(BASE + "/contacts/{id}/contact_inboxes", self._make_contact_inbox)
        app.router.add_get(BASE + "/contacts/{id}/conversations", self._contact_conversations)
        app.router.add_post(BASE + "/conversations", self._make_conversation)
        app.router.add_get(BASE + "/conversations/{id}", self._conversation)
        app.router.add_post(BASE + "/conversations/{id}/toggle_status", self._toggle)
        app.router.add_get(BASE + "/conversations/{id}/messages", self._messages)
        app.router.add_post(BASE + "/conversations/{id}/messages", self._post)
        app.router.add_get("/rails/active_storage/blobs/redirect/{name}", self._file)
        return app

    @web.middleware
    async def _check(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.startswith("/rails/"):
            return await handler(request)
        self.calls.append((request.method, request.path))
        self.on_call(request.method, request.path)
        token = request.headers.get("api_access_token")
        if token not in (TOKEN, BOT_TOKEN):
            return web.json_response({"error": "Invalid Access Token"}, status=401)
        if token == BOT_TOKEN and (request.method, request.path.rpartition("/")[2]) not in _FOR_BOTS:
            return web.json_response({"error": "Access to this endpoint is not authorized for bots"}, status=401)
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
        return self._there(self.conversations, request)

    def _there(self, where: dict[int, dict[str, Any]], request: web.Request) -> dict[str, Any]:
        found = where.get(int(request.match_info["id"]))
        if found is None:
            raise web.HTTPNotFound(
                text=json.dumps({"error": "Resource could not be found"}), content_type="application/json"
            )
        return found

    async def _make_contact(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if any(one["identifier"] == body["identifier"] for one in self.contacts.values()):
            words = {"message": "Identifier has already been taken", "attributes": ["identifier"]}
            return web.json_response(words, status=422)
        inbox = {"source_id": f"src-{next(self._contact_ids)}", "inbox": {"id": body["inbox_id"], "name": "店小二"}}
        contact = {
            "id": next(self._contact_ids),
            "name": body["name"],
            "identifier": body["identifier"],
            "contact_inboxes": [inbox],
        }
        self.contacts[contact["id"]] = contact
        return web.json_response({"payload": {"contact": contact, "contact_inbox": inbox}})

    async def _search(self, request: web.Request) -> web.StreamResponse:
        words = request.query["q"].strip()
        found = [one for one in self.contacts.values() if words in one["identifier"] or words in one["name"]]
        return web.json_response({"meta": {"count": len(found), "current_page": 1}, "payload": found[:15]})

    async def _delete_contact(self, request: web.Request) -> web.StreamResponse:
        contact = self._there(self.contacts, request)
        if not self.administrator:
            return web.json_response({"error": "You are not authorized to do this action"}, status=401)
        del self.contacts[contact["id"]]
        for number in [n for n, one in self.conversations.items() if one["meta"]["sender"]["id"] == contact["id"]]:
            del self.conversations[number], self.messages[number]
        return web.Response()  # `head :ok`

    async def _make_contact_inbox(self, request: web.Request) -> web.StreamResponse:
        contact, body = self._there(self.contacts, request), await request.json()
        made = {"source_id": body["source_id"], "inbox": {"id": body["inbox_id"], "name": "店小二"}}
        contact["contact_inboxes"].append(made)
        return web.json_response(made)

    async def _contact_conversations(self, request: web.Request) -> web.StreamResponse:
        number = self._there(self.contacts, request)["id"]
        mine = [one for one in self.conversations.values() if one["meta"]["sender"]["id"] == number]
        return web.json_response({"payload": sorted(mine, key=lambda one: -one["id"])[:20]})

    async def _make_conversation(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        contact = self.contacts[body["contact_id"]]
        assert body["source_id"] in [one["source_id"] for one in contact["contact_inboxes"]]
        number = next(self._numbers)
        self.conversations[number] = {
            "id": number,
            "account_id": ACCOUNT,
            "inbox_id": body["inbox_id"],
            "status": body["status"],
            "meta": {"sender": contact, "channel": "Channel::Api"},
        }
        self.messages[number] = []
        return web.json_response(self.conversations[number])

    async def _conversation(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._one(request))

    async def _toggle(self, request: web.Request) -> web.StreamResponse:
        one, status = self._one(request), (await request.json())["status"]
        if request.headers["api_access_token"] == BOT_TOKEN and (one["status"], status) == ("pending", "open"):
            self.handoffs.append(one["id"])
        one["status"] = status
        about = {"success": True, "conversation_id": one["id"], "current_status": status, "snoozed_until": None}
        return web.json_response({"meta": {}, "payload": about})

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        one, after = self._one(request), int(request.query["after"])
        found = [m for m in self.messages[one["id"]] if m["id"] > after]
        found.sort(key=lambda m: m["created_at"])
        return web.json_response({"meta": {"labels": []}, "payload": found[:_PAGE]})

    async def _post(self, request: web.Request) -> web.StreamResponse:
        number, files = self._one(request)["id"], list[dict[str, Any]]()
        if request.content_type == "multipart/form-data":
            form = await request.post()
            body: dict[str, Any] = {key: form[key] for key in ("content", "message_type")}
            body["private"] = {"true": True, "false": False}[str(form["private"])]
            files = [self.store(file.file.read(), file.content_type) for file in form.getall("attachments[]")]
        else:
            body = await request.json()
        if len(body["content"]) > _LONGEST:
            return web.json_response({"message": "Content is too long", "attributes": ["content"]}, status=422)
        more = {"attachments": files} if files else {}
        return web.json_response(self.add(number, body["content"], body["message_type"], body["private"], **more))

    async def _file(self, request: web.Request) -> web.StreamResponse:
        self.file_calls.append(dict(request.headers))
        content = self.files.get(request.path)
        if content is None:
            raise web.HTTPNotFound
        return web.Response(body=content)

    def store(self, content: bytes, kind: str) -> dict[str, Any]:
        """An attachment; its `data_url` here is a path, so that tests need not know the server's port."""
        path = f"/rails/active_storage/blobs/redirect/{next(self._ids)}"
        self.files[path] = content
        what = "image" if kind.startswith("image/") else "file"
        return {"id": next(self._ids), "file_type": what, "data_url": path, "file_size": len(content)}

    def add(self, number: int, text: str, kind: str = "outgoing", private: bool = False, **more: Any) -> dict[str, Any]:
        """A message; without more it is an agent's."""
        incoming = kind == "incoming"
        person = {"id": 1, "name": "林晓", "available_name": "小林", "type": "user"}
        message = {
            "id": next(self._ids),
            "content": text,
            "inbox_id": INBOX,
            "conversation_id": number,
            "message_type": _KINDS[kind],
            "content_type": "text",
            "content_attributes": {},
            "created_at": int(time.time() + self.clock),
            "private": private,
            "sender": {"id": 100, "type": "contact", "name": "顾客"} if incoming else person,
        } | more
        if incoming and self.conversations[number]["status"] in ("resolved", "snoozed"):
            self.conversations[number]["status"] = "open"
        self.messages[number].append(message)
        return message

    def said(self, number: int, kind: str = "incoming") -> list[str]:
        return [m["content"] for m in self.messages[number] if m["message_type"] == _KINDS[kind] and not m["private"]]

    def notes(self, number: int) -> list[str]:
        return [m["content"] for m in self.messages[number] if m["private"]]

    def pictures(self, number: int, *, private: bool) -> list[bytes]:
        """What is attached to the messages of a conversation."""
        mine = [m for m in self.messages[number] if m["private"] == private]
        return [self.files[one["data_url"]] for m in mine for one in m.get("attachments", [])]

    def message_webhook(self, message: dict[str, Any]) -> bytes:
        """What Chatwoot sends of a message (`message_created`)."""
        one = self.conversations[message["conversation_id"]]
        kind = next(name for name, number in _KINDS.items() if number == message["message_type"])
        said = {key: message[key] for key in ("id", "content", "private", "sender", "content_attributes")}
        said |= {"event": "message_created", "message_type": kind, "conversation": one}
        said |= {"account": {"id": ACCOUNT, "name": "店"}, "inbox": {"id": one["inbox_id"], "name": "店小二"}}
        return json.dumps(said).encode()

    def status_webhook(self, number: int) -> bytes:
        """What it sends of a new status (`conversation_status_changed`): the conversation itself, with no account."""
        one = {key: value for key, value in self.conversations[number].items() if key != "account_id"}
        return json.dumps(one | {"event": "conversation_status_changed", "changed_attributes": []}).encode()


def signed(body: bytes, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """The headers of a webhook, as Chatwoot makes them since 4.11.2."""
    moment = str(int(at if at is not None else time.time()))
    digest = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-Chatwoot-Timestamp": moment,
        "X-Chatwoot-Signature": f"sha256={digest}",
        "X-Chatwoot-Delivery": f"{moment}-1",
    }
