"""Signing in and out, one's own account and presence, the accounts of all for admins, the audit log."""

from typing import Any, Literal

from aiohttp import web
from pydantic import Field, validator

from bot import conversations
from bot.desk import accounts, audit, sessions
from bot.desk.accounts import AccountView
from bot.desk.api import wire
from bot.desk.api.endpoints import COOKIE, COOKIE_PATH, Body, Call, endpoint
from bot.desk.api.problems import Problem
from bot.desk.security import is_https
from bot.desk.sessions import SignedInAs, SignInRefused

Role = Literal["agent", "supervisor", "admin"]


class SignIn(Body):
    name: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=200)


class Passwords(Body):
    old: str = Field(min_length=1, max_length=200)
    new: str = Field(min_length=1, max_length=200)


class Presence(Body):
    presence: Literal["online", "away", "offline"]


class _Work(Body):
    skills: list[str] | None
    dedicated: list[str] | None
    capacity: int | None = Field(ge=1, le=100)

    @validator("skills", "dedicated", each_item=True)
    def _short(cls, value: str) -> str:
        if not 1 <= len(value) <= 64:
            raise ValueError("too long")
        return value


class NewAccount(_Work):
    id: str = Field(min_length=2, max_length=32)
    name: str = Field(min_length=1, max_length=32)
    role: Role = "agent"


class AccountChange(_Work):
    name: str | None = Field(min_length=1, max_length=32)
    role: Role | None
    disabled: bool | None


@endpoint("POST", "/session", None, body=SignIn)
async def sign_in(call: Call) -> Any:
    try:
        token, me = await call.do(sessions.sign_in, call.store, call.body.name, call.body.password, call.address)
    except SignInRefused as refused:
        if refused.wait:
            raise Problem("too_many", "密码错得太多次了，请过一会儿再试", retry_after=round(refused.wait)) from None
        raise Problem("wrong_password") from None
    response = web.json_response(await _me(call, me), headers={"Cache-Control": "no-store"})
    hours = call.settings.operations.desk.sign_in.longest_hours
    response.set_cookie(
        COOKIE,
        token,
        max_age=hours * 3600,
        path=COOKIE_PATH,
        httponly=True,
        samesite="Strict",
        secure=is_https(call.request),
    )
    return response


@endpoint("DELETE", "/session", before_change=True)
async def sign_out(call: Call) -> Any:
    await call.do(sessions.end_session, call.store, call.me.token_hash)
    await call.do(audit.record, call.store.url, call.me.account.id, "sign_out", address=call.address)
    response = web.json_response({"ok": True})
    response.del_cookie(COOKIE, path=COOKIE_PATH)
    return response


@endpoint("GET", "/me", before_change=True)
async def get_me(call: Call) -> Any:
    return await _me(call, call.me)


@endpoint("POST", "/password", body=Passwords, before_change=True)
async def change_password(call: Call) -> Any:
    await call.do(
        accounts.change_password,
        call.store,
        call.me.account.id,
        call.body.old,
        call.body.new,
        keep=call.me.token_hash,
    )


@endpoint("PUT", "/presence", body=Presence)
async def set_presence(call: Call) -> Any:
    await call.do(conversations.set_presence, call.store, call.me.account.id, call.body.presence)


@endpoint("GET", "/colleagues")
async def list_colleagues(call: Call) -> Any:
    found = await call.do(conversations.list_agents, call.store)
    disabled = {a.id for a in await call.do(accounts.list_accounts, call.store.url) if a.disabled}
    return {"agents": [wire.colleague(agent) for agent in found if agent.id not in disabled]}


@endpoint("GET", "/accounts", "admin")
async def list_accounts(call: Call) -> Any:
    found = await call.do(accounts.list_accounts, call.store.url)
    agents = {a.id: a for a in await call.do(conversations.list_agents, call.store)}
    return {"accounts": [_account(one, agents.get(one.id)) for one in found]}


@endpoint("POST", "/accounts", "admin", body=NewAccount)
async def create_account(call: Call) -> Any:
    body = call.body
    password = await call.do(
        accounts.create_account,
        call.store,
        body.id,
        body.name,
        body.role,
        skills=body.skills,
        dedicated=body.dedicated,
        capacity=body.capacity,
        by=call.me.account.id,
    )
    return {"id": body.id.lower(), "one_time_password": password}


@endpoint("PATCH", "/accounts/{id}", "admin", body=AccountChange)
async def change_account(call: Call) -> Any:
    changes = call.body.dict(exclude_none=True)
    view = await call.do(accounts.change_account, call.store, call.at("id"), changes, by=call.me.account.id)
    agents = {a.id: a for a in await call.do(conversations.list_agents, call.store)}
    return _account(view, agents.get(view.id))


@endpoint("POST", "/accounts/{id}/password", "admin")
async def reset_password(call: Call) -> Any:
    password = await call.do(accounts.reset_password, call.store, call.at("id"), by=call.me.account.id)
    return {"id": call.at("id"), "one_time_password": password}


@endpoint("GET", "/audit", "admin")
async def read_audit(call: Call) -> Any:
    before = call.request.query.get("before", "")
    return {"lines": await call.do(audit.lines, call.store.url, before=int(before) if before.isdigit() else None)}


async def _me(call: Call, me: SignedInAs) -> dict[str, Any]:
    desk = call.settings.operations.desk
    mine = next((a for a in await call.do(conversations.list_agents, call.store) if a.id == me.account.id), None)
    return {
        "id": me.account.id,
        "name": me.account.name,
        "role": me.account.role,
        "must_change_password": me.account.must_change,
        "csrf": me.csrf,
        "agent": wire.agent(mine) if mine is not None else None,
        "last_event": await call.do(conversations.last_event, call.store),
        "desk": {
            "categories": desk.categories,
            "answer_within": desk.answer_within,
            "message_max_length": desk.message_max_length,
            "image_max_mb": desk.image_max_mb,
            "password_min_length": desk.sign_in.password_min_length,
            "shop_name": call.settings.operations.web.shop_name,
        },
    }


def _account(one: AccountView, agent: conversations.AgentView | None) -> dict[str, Any]:
    known = {"id": one.id, "name": one.name, "role": one.role, "disabled": one.disabled}
    return known | {"must_change_password": one.must_change, "agent": wire.agent(agent) if agent else None}
