"""A shop's own systems for tests: a real HTTP server over the local tables that checks all against the document."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import jsonschema
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clock import now
from bot.service_settings import SystemEndpoint, Systems
from bot.shop import Access, Grant, NotFound, ShopError
from bot.shop.adapters import ShopSystems, build_systems
from bot.shop.adapters.http_errors import refusal_of
from bot.shop.adapters.openapi import FILE
from bot.shop.adapters.operations import OPERATIONS, Operation
from bot.shop.adapters.wire import to_json

TOKEN = "s3cret-token"
Behaviour = Callable[[web.Request, Callable[[], Awaitable[web.StreamResponse]]], Awaitable[web.StreamResponse]]


async def honest(request: web.Request, answer: Callable[[], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Answers as it should."""
    return await answer()


class SystemsServer:
    """Serves every operation of the document; `behave` may do worse."""

    def __init__(self, url: str) -> None:
        self.local = build_systems(url, Systems())
        self.document = yaml.safe_load(FILE.read_text(encoding="utf8"))
        self.behave: Behaviour = honest
        self.requests: list[web.Request] = []
        self.app = web.Application(client_max_size=2**26)
        for operation in OPERATIONS.values():
            self.app.router.add_route(operation.method, operation.path, self._handler(operation))

    def _handler(self, operation: Operation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests.append(request)
            if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                return web.json_response({}, status=401)
            return await self.behave(request, lambda: self._answer(operation, request))

        return handle

    async def _answer(self, operation: Operation, request: web.Request) -> web.Response:
        terms = self.document["paths"][operation.path][operation.method.lower()]
        for parameter in terms["parameters"]:
            if "$ref" in parameter:
                parameter = self.document["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
                assert not parameter["required"] or parameter["name"] in request.headers, parameter["name"]
        body = await request.json() if request.method == "POST" else {}
        if request.method == "POST":
            self._check(terms["requestBody"]["content"]["application/json"]["schema"], body)
        try:
            answer = to_json(await self._call(operation, request, body))
        except ShopError as error:
            status, content = refusal_of(error)
            return web.json_response(content, status=status)
        self._check(terms["responses"]["200"]["content"]["application/json"]["schema"], answer)
        return web.json_response(answer)

    def _check(self, schema: dict[str, Any], content: Any) -> None:
        resolver = jsonschema.RefResolver("", self.document)
        jsonschema.Draft202012Validator(schema, resolver=resolver).validate(content)

    async def _call(self, operation: Operation, request: web.Request, body: dict[str, Any]) -> Any:
        values: dict[str, Any] = {**request.query, **body}
        preview = values.pop("preview", "") == "true"
        if operation.name == "stock":
            return await self.local.inventory.stock(request.query.getall("sku"))
        if operation.name == "parcels":
            return await self.local.logistics.parcels(await self._any_order(request.match_info["no"]))
        if operation.name == "phone_matches":
            return {"matches": await self.local.orders.phone_matches(request.match_info["no"], **values)}
        if operation.name == "identify":
            customer = await self.local.crm.identify(**values)
            if customer is None:
                raise NotFound("customer")
            return customer
        if operation.name == "add_photo":
            values = {"content": base64.b64decode(body["content"])}
        if "limit" in values:
            values["limit"] = int(values["limit"])
        if operation.changes and operation.name != "add_photo":
            values["key"] = unquote(request.headers["Idempotency-Key"])
        if operation.previews:
            values["preview"] = preview
        first = [_access(request)] if operation.personal else []
        method = getattr(getattr(self.local, operation.system), operation.name)
        return await method(*first, *request.match_info.values(), **values)

    async def _any_order(self, no: str) -> Any:
        return await self.local.orders.find(Access("", "", grants=(Grant(no, now() + timedelta(hours=1)),)), no)


def _access(request: web.Request) -> Access:
    headers = {name: unquote(value) for name, value in request.headers.items()}
    later = now() + timedelta(hours=1)
    verified = tuple(Grant(no, later) for no in headers.get("X-Verified-Orders", "").split(",") if no)
    return Access(headers["X-Channel"], headers["X-Account"], headers.get("X-Customer"), verified)


@asynccontextmanager
async def running(url: str, **endpoint: Any) -> AsyncIterator[tuple[SystemsServer, ShopSystems]]:
    """The server on loopback over the database `url`, and the systems that talk to it."""
    served = SystemsServer(url)
    server = TestServer(served.app)
    await server.start_server()
    terms = {"connect_seconds": 0.3, "read_seconds": 0.3, "total_seconds": 1.5} | endpoint
    address = SystemEndpoint(type="http", url=str(server.make_url("")), token=TOKEN, **terms)
    systems = build_systems(
        url, Systems(inventory=address, orders=address, logistics=address, crm=address, after_sale=address)
    )
    try:
        yield served, systems
    finally:
        await systems.close()
        await server.close()
