"""The register of endpoints: each names the role it needs and the shape of its body; the checks are in one place."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from aiohttp import web
from pydantic import BaseModel, Extra, ValidationError
from sqlalchemy.exc import SQLAlchemyError

from bot.conversations import IllegalMove, NotYours, Store
from bot.desk import sessions
from bot.desk.accounts import AccountError
from bot.desk.api.problems import Problem
from bot.desk.sessions import SignedInAs
from bot.observing.context import about
from bot.settings import Settings

_LOG = logging.getLogger(__name__)
PREFIX = "/api/desk"
COOKIE = "desk_session"
COOKIE_PATH = "/api"  # the management site asks the APIs of other rooms with it
_LARGEST_JSON = 64 * 1024

STORE = web.AppKey("desk_store", Store)
SETTINGS = web.AppKey("desk_settings", Settings)

T = TypeVar("T")


class Body(BaseModel):
    """A JSON body: unknown keys are refused, strings are trimmed."""

    class Config:
        extra = Extra.forbid
        anystr_strip_whitespace = True


@dataclass
class Call:
    """A checked request. `me` is who makes it; only signing in comes without (`None`)."""

    request: web.Request
    store: Store
    settings: Settings
    me: SignedInAs
    body: Any

    @property
    def address(self) -> str:
        """Where the request comes from, past one's own proxies."""
        return address_of(self.request, self.settings)

    def at(self, name: str) -> str:
        """A part of the path."""
        return self.request.match_info[name]

    async def do(self, work: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run database work in a thread."""
        return await asyncio.to_thread(work, *args, **kwargs)


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Endpoint:
    """`role` is the least that is needed, None for everybody; `raw` bodies are read by the handler."""

    method: str
    path: str
    role: str | None
    handler: Handler
    body: type[Body] | None = None
    raw: bool = False
    before_change: bool = False
    name: str = field(default="")


ENDPOINTS: list[Endpoint] = []


def endpoint(
    method: str,
    path: str,
    role: str | None = "agent",
    *,
    body: type[Body] | None = None,
    raw: bool = False,
    before_change: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler; `before_change`: also for who must change a one-time password first.

    The handler returns what is answered as JSON, or a response of its own.
    """

    def register(handler: Handler) -> Handler:
        ENDPOINTS.append(Endpoint(method, PREFIX + path, role, handler, body, raw, before_change, handler.__name__))
        return handler

    return register


def serve(one: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The aiohttp handler of an endpoint."""

    async def answer(request: web.Request) -> web.StreamResponse:
        with about(request.match_info.get("id", "") if "/conversations/" in one.path else ""):
            return await guarded(request)

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            result = await one.handler(await _checked(one, request))
        except Problem as problem:
            return problem.response()
        except NotYours:
            return Problem("not_yours").response()
        except IllegalMove:
            return Problem("moved").response()
        except LookupError:
            return Problem("not_found").response()
        except AccountError as error:
            return Problem("refused", str(error)).response()
        except SQLAlchemyError:
            _LOG.exception("%s %s: database", one.method, one.path)
            return Problem("busy").response()
        except web.HTTPRequestEntityTooLarge:
            return Problem("too_large").response()
        except web.HTTPException:
            raise
        except Exception:
            _LOG.exception("%s %s", one.method, one.path)
            return Problem("broken").response()
        if isinstance(result, web.StreamResponse):
            return result
        return web.json_response(result if result is not None else {"ok": True}, headers={"Cache-Control": "no-store"})

    return answer


async def _checked(one: Endpoint, request: web.Request) -> Call:
    store, settings = request.app[STORE], request.app[SETTINGS]
    changes = one.method != "GET"
    if changes or request.headers.get("Upgrade"):
        check_origin(request, needed=not changes)
    me = await signed_in(request)
    if one.role is not None:
        if me is None:
            raise Problem("signed_out")
        if changes and not me.right_csrf(request.headers.get("X-CSRF-Token", "")):
            raise Problem("bad_csrf")
        if me.account.must_change and not one.before_change:
            raise Problem("must_change_password")
        if not me.may(one.role):
            raise Problem("forbidden")
    body = await _read(one.body, request) if changes and not one.raw else None
    return Call(request, store, settings, me, body)  # type: ignore[arg-type]  # without a role there is nobody


async def signed_in(request: web.Request) -> SignedInAs | None:
    """Who the cookie belongs to."""
    token = request.cookies.get(COOKIE, "")
    if not 16 <= len(token) <= 128:
        return None
    return await asyncio.to_thread(sessions.session_of, request.app[STORE], token)


def check_origin(request: web.Request, needed: bool) -> None:
    """Other sites' pages may not act with the cookie of who is signed in here (a WebSocket is not kept from it else).

    Raises:
        Problem: bad_origin.
    """
    origin = request.headers.get("Origin")
    if (origin is None and needed) or (origin is not None and urlsplit(origin).netloc != request.host):
        raise Problem("bad_origin")


def address_of(request: web.Request, settings: Settings) -> str:
    """The peer, or what the own proxies in front say."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    proxies = settings.own_proxies
    if proxies is None:
        proxies = settings.operations.desk.sign_in.own_proxies
    return (hops[-proxies] if 0 < proxies <= len(hops) else request.remote or "")[:64]


async def _read(model: type[Body] | None, request: web.Request) -> Any:
    if request.can_read_body and request.content_type != "application/json":
        raise Problem("bad_request", "请求要用 JSON，Content-Type 写 application/json")
    if (request.content_length or 0) > _LARGEST_JSON:
        raise Problem("too_large")
    try:
        data = await request.json() if request.can_read_body else {}
    except ValueError:
        raise Problem("bad_request", "请求不是正确的 JSON") from None
    if model is None:
        if data not in ({}, None):
            raise Problem("bad_request", "这个请求不带内容")
        return None
    if not isinstance(data, dict):
        raise Problem("bad_request", "请求的 JSON 应该是一个对象")
    try:
        return model.parse_obj(data)
    except ValidationError as error:
        fields = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
        raise Problem("bad_request", f"这些内容不对：{'、'.join(fields)}", fields=fields) from None
