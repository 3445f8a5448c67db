"""Messages of a conversation: read them, write to the customer, write among staff."""

from typing import Any

from pydantic import Field

from bot import conversations
from bot.desk import audit
from bot.desk.api import wire
from bot.desk.api.endpoints import Body, Call, endpoint
from bot.desk.api.images import IMAGE_NAME, exists, path_of
from bot.desk.api.problems import Problem
from bot.desk.api.reach import readable

_CLIENT_ID = r"^[\w-]{8,64}$"
_MOST_MESSAGES = 100


class NewMessage(Body):
    """A text or an uploaded image; the same `client_id` again is stored once."""

    client_id: str = Field(regex=_CLIENT_ID)
    text: str = ""
    image: str | None = Field(regex=IMAGE_NAME)


class NewNote(Body):
    client_id: str = Field(regex=_CLIENT_ID)
    text: str = Field(min_length=1, max_length=2000)


@endpoint("GET", "/conversations/{id}/messages")
async def list_messages(call: Call) -> Any:
    """Oldest first: the newest `limit` above `after` and below `before`, notes among them."""
    one = await readable(call)
    found = await call.do(
        conversations.history,
        call.store,
        one.id,
        after=_number(call, "after") or 0,
        before=_number(call, "before"),
        limit=min(_number(call, "limit") or 50, _MOST_MESSAGES),
        notes=True,
    )
    return {"messages": [wire.message(message) for message in found]}


@endpoint("POST", "/conversations/{id}/messages", body=NewMessage)
async def send_message(call: Call) -> Any:
    stored = await call.do(
        conversations.agent_says,
        call.store,
        call.at("id"),
        call.me.account.id,
        await _content(call),
        client_id=f"desk-{call.me.account.id}-{call.body.client_id}",
    )
    return wire.message(stored)


@endpoint("POST", "/conversations/{id}/notes", body=NewNote)
async def add_note(call: Call) -> Any:
    await readable(call)
    return await _add_note(call, {"text": call.body.text, "name": call.me.account.name})


@endpoint("POST", "/conversations/{id}/whisper", "supervisor", body=NewNote)
async def whisper(call: Call) -> Any:
    """A word to the agent that the customer never sees."""
    await call.do(audit.record, call.store.url, call.me.account.id, "whisper", call.at("id"), address=call.address)
    return await _add_note(call, {"text": call.body.text, "name": call.me.account.name, "whisper": True})


async def _add_note(call: Call, content: dict[str, Any]) -> Any:
    me = call.me.account.id
    client_id = f"desk-{me}-{call.body.client_id}"
    return wire.message(
        await call.do(conversations.add_note, call.store, call.at("id"), me, content, client_id=client_id)
    )


async def _content(call: Call) -> dict[str, Any]:
    longest = call.settings.operations.desk.message_max_length
    text, image = call.body.text, call.body.image
    if bool(text) == bool(image):
        raise Problem("bad_request", "一条消息要么是文字，要么是一张图片", fields=["text", "image"])
    if len(text) > longest:
        raise Problem("too_large", f"一条消息最多 {longest} 个字")
    name = {"name": call.me.account.name}
    if not image:
        return {"text": text, **name}
    if not exists(call.settings, image):
        raise Problem("not_found", "图片不存在，请重新上传")
    return {"attachment": {"type": "image", "payload": {"src": path_of(image)}}, **name}


def _number(call: Call, name: str) -> int | None:
    value = call.request.query.get(name)
    if value is None:
        return None
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise Problem("bad_request", f"{name} 应为数字", fields=[name])
    return int(value)
