"""Conversations: lists, and what an agent does with one."""

from typing import Any

from pydantic import Field, validator

from bot import conversations
from bot.desk import audit, words
from bot.desk.api import wire
from bot.desk.api.endpoints import Body, Call, endpoint
from bot.desk.api.problems import Problem
from bot.desk.api.reach import one_of, readable

_MOST_TAGS = 20


class Claim(Body):
    version: int | None


class Transfer(Body):
    category: str | None = Field(max_length=64)
    agent: str | None = Field(max_length=64)
    note: str = Field(default="", max_length=2000)


class Tags(Body):
    tags: list[str]

    @validator("tags")
    def _few_and_short(cls, value: list[str]) -> list[str]:
        clean = [tag.strip() for tag in value]
        if len(clean) > _MOST_TAGS or not all(1 <= len(tag) <= 20 for tag in clean):
            raise ValueError("too many or too long")
        return clean


class Close(Body):
    resolved: bool = True


class Read(Body):
    number: int = Field(ge=0)


_BOXES = ("mine", "waiting", "agents", "bot", "closed")


@endpoint("GET", "/conversations")
async def list_conversations(call: Call) -> Any:
    """`box`: mine, waiting, closed; for supervisors also agents (all open chats of people) and bot."""
    box = call.request.query.get("box", "mine")
    desk = call.settings.operations.desk
    if box not in _BOXES:
        raise Problem("bad_request", "box 可以是 mine、waiting、agents、bot、closed")
    if box in ("agents", "bot") and not call.me.may("supervisor"):
        raise Problem("forbidden")
    where: dict[str, Any] = {"owner": {"mine": "agent", "agents": "agent"}.get(box, box)}
    if box == "mine":
        where["agent_id"] = call.me.account.id
    found = await call.do(conversations.listed, call.store, **where)
    return {"conversations": [wire.conversation(one, desk) for one in found]}


@endpoint("GET", "/conversations/{id}")
async def get_conversation(call: Call) -> Any:
    return wire.conversation(await readable(call), call.settings.operations.desk)


@endpoint("POST", "/conversations/{id}/claim", body=Claim)
async def claim(call: Call) -> Any:
    me = call.me.account
    done = await call.do(
        conversations.claim,
        call.store,
        call.at("id"),
        me.id,
        version=call.body.version,
        force=True,
        words=words.joined(me.name),
    )
    if not done:
        raise Problem("full")
    return wire.conversation(await one_of(call), call.settings.operations.desk)


@endpoint("POST", "/conversations/{id}/barge-in", "supervisor")
async def barge_in(call: Call) -> Any:
    """Take the conversation, whoever has it: the bot, another agent, nobody."""
    me = call.me.account
    await call.do(audit.record, call.store.url, me.id, "barge_in", call.at("id"), address=call.address)
    await call.do(conversations.take_over, call.store, call.at("id"), me.id, words=words.joined(me.name))
    return wire.conversation(await one_of(call), call.settings.operations.desk)


@endpoint("POST", "/conversations/{id}/transfer", body=Transfer)
async def transfer(call: Call) -> Any:
    """Into the queue of a category, or to wait for one agent; with a note for who takes it."""
    body, me = call.body, call.me.account
    if (body.category is None) == (body.agent is None):
        raise Problem("bad_request", "转接要么选类别，要么选同事", fields=["category", "agent"])
    if body.category is not None and body.category not in call.settings.operations.desk.categories:
        raise Problem("bad_request", "没有这个类别", fields=["category"])
    if body.agent is not None:
        known = {a.id: a for a in await call.do(conversations.list_agents, call.store)}
        if body.agent not in known or body.agent == me.id:
            raise Problem("bad_request", "没有这位同事", fields=["agent"])
        if known[body.agent].presence != conversations.ONLINE:
            raise Problem("refused", "这位同事现在不在线，请换一位或按类别转接")
    await call.do(
        conversations.transfer,
        call.store,
        call.at("id"),
        me.id,
        category=body.category,
        to_agent=body.agent,
        words=words.transferred(),
    )
    if body.note:
        note = {"text": body.note, "name": me.name}
        await call.do(conversations.add_note, call.store, call.at("id"), me.id, note)
    target = body.agent or body.category or ""
    await call.do(audit.record, call.store.url, me.id, "transfer", call.at("id"), address=call.address, to=target)


@endpoint("PUT", "/conversations/{id}/tags", body=Tags)
async def set_tags(call: Call) -> Any:
    await readable(call)
    await call.do(conversations.set_tags, call.store, call.at("id"), call.body.tags)


@endpoint("POST", "/conversations/{id}/close", body=Close)
async def close(call: Call) -> Any:
    await call.do(
        conversations.close,
        call.store,
        call.at("id"),
        call.me.account.id,
        words=words.closed(),
        resolved=call.body.resolved,
    )


@endpoint("POST", "/conversations/{id}/give-back")
async def give_back(call: Call) -> Any:
    await call.do(conversations.give_back, call.store, call.at("id"), call.me.account.id, words=words.given_back())


@endpoint("POST", "/conversations/{id}/read", body=Read)
async def mark_read(call: Call) -> Any:
    one = await one_of(call)
    if one.agent_id == call.me.account.id:  # a supervisor who looks on has not read it for the agent
        await call.do(conversations.mark_read, call.store, one.id, call.body.number)
