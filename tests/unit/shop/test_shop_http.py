"""The HTTP systems do what the local ones do, and bear a server that does not."""

import asyncio
import dataclasses
import json
import re
import shutil
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from service_shop import SERVICES
from small_shop import Feed, beijing
from sqlalchemy import func, select
from systems_server import TOKEN, SystemsServer, running

from bot.clock import freeze, now
from bot.db import engine_for, reading
from bot.service_settings import SystemEndpoint, Systems
from bot.shop import Access, Grant, NotFound, Refused, ShopError, SystemDown, upgrade_and_seed
from bot.shop.adapters import ShopSystems, build_systems
from bot.shop.adapters.breaker import Breaker
from bot.shop.adapters.http_api import HttpApi
from bot.shop.trade_tables import OrderRow

OWNER = Access("web", "w1", "C1")
GUEST = Access("web", "访客", None)
Answer = Callable[[], Awaitable[web.StreamResponse]]
PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"


def scrub(value: Any) -> Any:
    """Without the numbers that are drawn anew each time."""
    if isinstance(value, ShopError):
        return type(value).__name__, getattr(value, "rule", ""), scrub(getattr(value, "figures", {}))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return scrub(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {name: scrub(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [scrub(one) for one in value]
    return re.sub(r"\b(SH|TK|FP|DX|YH)\d{12,14}\b", r"\1…", value) if isinstance(value, str) else value


async def tour(shop: ShopSystems) -> list[Any]:
    """Every call once or more, with what it answers."""
    seen: list[Any] = []

    async def note(call: Awaitable[Any]) -> Any:
        try:
            answer = await call
        except ShopError as error:
            answer = error
        seen.append(scrub(answer))
        return answer

    orders, after = shop.orders, shop.after_sale
    for sku in ("P1-2", "P1-4", "NONE"):
        await note(shop.inventory.availability(sku, "保定"))
    await note(shop.inventory.stock(["P2-4", "NONE", "P1-2"]))
    await note(shop.inventory.stock([]))
    for account in ("w1", "nobody"):
        await note(shop.crm.identify("web", account))
    await note(orders.mine(OWNER, limit=3))
    await note(orders.mine(Access("web", "x", grants=(Grant("A2", now() + timedelta(hours=1)),))))
    for access, no in ((OWNER, "a2"), (GUEST, "A2"), (OWNER, "B1"), (OWNER, "X404")):
        await note(orders.find(access, no))
    for no, last4 in (("A2", "0001"), ("A2", "9999"), ("X404", "0001")):
        await note(orders.phone_matches(no, last4))
    await note(shop.logistics.parcels(await orders.find(OWNER, "DX1")))
    place = {"sku": "P2-1", "warehouse_id": "BJ", "city": "北京", "key": "下单"}
    for quantity in (1, 1, 99):
        await note(orders.place(OWNER, quantity=quantity, **place))  # type: ignore[arg-type]
    await note(orders.place(GUEST, sku="P1-4", quantity=1, key="无货"))
    await note(orders.place(OWNER, sku="P2-1", quantity=2, coupon_id="Y1", key="用券"))
    for preview in (True, False):
        await note(orders.change_address(OWNER, "A1", city="保定", address="新华路5号", key="a", preview=preview))
        await note(orders.change_item(OWNER, "A1", sku="P2-1", new_sku="P2-4", key="i", preview=preview))
        await note(orders.cancel(OWNER, "A2", reason="不要了", key="c", preview=preview))
    await note(orders.cancel(OWNER, "A4", key="c4"))
    await note(orders.cancel(GUEST, "A3", key="c5"))
    await note(shop.crm.coupons(OWNER))
    await note(shop.crm.coupons(GUEST))
    await note(shop.crm.claim_coupon(Access("web", "w3", "C3"), "K2", key="k"))
    await note(shop.crm.claim_coupon(OWNER, "K2", key="k"))
    back = await note(after.request_return(OWNER, "A4", sku="P2-1", quantity=2, note="大了", key="r"))
    await note(after.request_return(OWNER, "A5", sku="P5-1", key="r5"))
    await note(after.request_exchange(OWNER, "A4", sku="P2-1", new_sku="P2-4", key="x"))
    await note(after.request_repair(OWNER, "A5", sku="P4-1", key="rep"))
    problem = await note(after.report_problem(OWNER, "A4", sku="P3-1", reason="damaged", key="p"))
    await note(after.add_photo(OWNER, problem.no, PNG))
    await note(after.add_photo(OWNER, problem.no, b"no picture"))
    await note(after.urge(OWNER, "A3", key="u"))
    await note(after.urge(OWNER, "A3", key="u2"))
    await note(after.open_ticket(GUEST, kind="callback", note="想问问", phone="17000000005", key="t"))
    await note(after.open_ticket(GUEST, kind="complaint", note="想问问", order_no="A3", key="t2"))
    await note(after.withdraw(OWNER, back.no, key="w", preview=True))
    await note(after.withdraw(OWNER, back.no, key="w"))
    await note(after.withdraw(GUEST, back.no, key="w3"))
    await note(after.ticket(OWNER, problem.no))
    for access, no in ((OWNER, "A4"), (GUEST, None)):
        found = await after.tickets(access, no)
        seen.append(sorted(map(scrub, found), key=lambda one: str(one["kind"])))
    await note(after.refunds(OWNER, "A2"))
    await note(after.protect_price(OWNER, "A7", key="pp"))
    await note(after.warranty(OWNER, "A5", "P4-1"))
    asked = {"kind": "company", "title": "北京测试公司"}
    await note(after.request_invoice(OWNER, "A4", tax_no="1", key="f", **asked))
    invoice = await note(after.request_invoice(OWNER, "A4", tax_no="91110000600037341L", key="f2", **asked))
    for access in (GUEST, OWNER):
        await note(after.change_invoice(access, invoice.no, title="新抬头公司", key="ft"))
    await note(after.invoices(OWNER, "A4"))
    return seen


async def test_http_systems_answer_as_the_local_ones(service_url: str, tmp_path: Path) -> None:
    """The whole tour over a real server, each request and answer checked against the document."""
    engine_for(service_url).dispose()
    shutil.copy(service_url.removeprefix("sqlite:///"), tmp_path / "twin.db")
    with freeze(beijing("2026-06-05 12:00")):
        at_home = await tour(build_systems(f"sqlite:///{tmp_path}/twin.db", Systems()))
        async with running(service_url, total_seconds=2.8, read_seconds=2.8) as (server, shop):
            afar = await tour(shop)
    for here, there in zip(at_home, afar, strict=True):
        assert here == there
    named = {(request.method, request.match_info.route.resource.canonical) for request in server.requests}  # type: ignore[union-attr]
    assert named == {(method.upper(), path) for path, terms in server.document["paths"].items() for method in terms}


async def test_a_shop_on_mariadb_answers_as_one_in_a_file(service_url: str, mysql_shop: str, feed: Feed) -> None:
    upgrade_and_seed(mysql_shop, feed(SERVICES), progress=lambda line: None)
    with freeze(beijing("2026-06-05 12:00")):
        in_file = await tour(build_systems(service_url, Systems()))
        on_mariadb = await tour(build_systems(mysql_shop, Systems()))
    for one, other in zip(in_file, on_mariadb, strict=True):
        assert one == other


@pytest.fixture
async def both(service_url: str) -> Any:
    """Server and systems, with short times."""
    async with running(service_url) as pair:
        yield pair


Pair = tuple[SystemsServer, ShopSystems]


async def test_a_slow_system_is_given_up_in_time(both: Pair) -> None:
    server, shop = both

    async def slow(request: web.Request, answer: Answer) -> web.StreamResponse:
        await asyncio.sleep(30)
        return await answer()

    server.behave = slow
    started = time.monotonic()
    with pytest.raises(SystemDown, match="orders"):
        await shop.after_sale.refunds(OWNER, "A2")
    assert time.monotonic() - started < 2


async def test_a_system_that_drips_is_given_up_in_time(both: Pair) -> None:
    server, shop = both

    async def drip(request: web.Request, answer: Answer) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(200):
            await response.write(b" ")
            await asyncio.sleep(0.1)
        return response

    server.behave = drip
    started = time.monotonic()
    with pytest.raises(SystemDown):
        await shop.orders.find(OWNER, "A2")
    assert time.monotonic() - started < 2


async def test_nobody_listens() -> None:
    api = HttpApi("crm", SystemEndpoint(type="http", url="http://127.0.0.1:9"))
    started = time.monotonic()
    with pytest.raises(SystemDown, match="crm"):
        await api.call("identify", query={"channel": "web", "account": "w1"})
    assert time.monotonic() - started < 3
    await api.close()


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_a_short_failure_is_repeated_with_the_same_key(both: Pair, status: int) -> None:
    server, shop = both
    failures = iter([status, status])

    async def flaky(request: web.Request, answer: Answer) -> web.StreamResponse:
        code = next(failures, None) if request.method == "POST" else None
        return web.Response(status=code, text="busy") if code else await answer()

    server.behave = flaky
    assert (await shop.orders.cancel(OWNER, "A2", key="k 1")).refund_fen == 504800
    assert [r.headers["Idempotency-Key"] for r in server.requests if r.method == "POST"] == ["k%201"] * 3


async def test_an_answer_lost_on_the_way_changes_nothing_twice(both: Pair, service_url: str) -> None:
    server, shop = both
    lost = iter([True])

    async def drops(request: web.Request, answer: Answer) -> web.StreamResponse:
        response = await answer()
        if next(lost, False) and request.transport is not None:
            request.transport.close()
        return response

    server.behave = drops
    placed = await shop.orders.place(OWNER, sku="P2-1", quantity=1, key="k")
    with reading(service_url) as session:
        rows = select(func.count()).select_from(OrderRow).where(OrderRow.idempotency_key == "k")
        assert session.scalar(rows) == 1
        assert session.get(OrderRow, placed.no) is not None
    assert len(server.requests) == 2


GOOD: dict[str, Any] = {
    "no": "A2", "customer_id": "C1", "channel": "web", "account": "w1", "status": "paid", "amount_fen": 1,
    "discount_fen": 0, "created_at": "2026-06-09T09:00:00+08:00", "pay_before": None, "paid_at": None,
    "shipped_at": None, "delivered_at": None, "warehouse_id": "BJ", "warehouse_name": "北京仓库", "address": None,
}  # fmt: skip


async def test_an_answer_with_more_or_less_than_asked_is_read(both: Pair) -> None:
    server, shop = both

    async def other(request: web.Request, answer: Answer) -> web.StreamResponse:
        return web.json_response(GOOD | {"lines": None, "extra": {"colour": "red"}})

    server.behave = other
    order = await shop.orders.find(OWNER, "A2")
    assert (order.created_at, order.lines, order.shipping_fen) == (beijing("2026-06-09 09:00"), (), 0)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>nginx</html>",
        "[]",
        "null",
        "NaN",
        json.dumps(GOOD)[:-1],
        json.dumps({}),
        json.dumps(GOOD | {"amount_fen": -1}),
        json.dumps(GOOD | {"amount_fen": 1.5}),
        json.dumps(GOOD | {"amount_fen": "100"}),
        json.dumps(GOOD | {"amount_fen": 10**12}),
        json.dumps(GOOD | {"status": "lost"}),
        json.dumps(GOOD | {"created_at": "2026-06-09T09:00:00"}),
        json.dumps(GOOD | {"created_at": "yesterday"}),
        json.dumps(GOOD | {"no": 7}),
        json.dumps(GOOD | {"no": "A3"}),
        json.dumps(GOOD | {"lines": [{"sku": "P1-1"}]}),
        json.dumps(GOOD | {"address": "长" * 5000}),
        " " * (2 * 2**20 + 1),
        "[" * 100_000,
    ],
    ids=lambda body: body[:40],
)
async def test_nonsense_is_a_system_that_is_down(both: Pair, body: str) -> None:
    server, shop = both

    async def babble(request: web.Request, answer: Answer) -> web.StreamResponse:
        return web.Response(text=body, content_type="application/json")

    server.behave = babble
    with pytest.raises(SystemDown):
        await shop.orders.find(OWNER, "A2")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, {}),
        (404, []),
        (404, {"what": "<script>"}),
        (409, {"rule": "because"}),
        (409, {"rule": "order_closed", "figures": []}),
        (409, {"rule": "order_closed", "figures": {"until_on": 7}}),
        (409, {"rule": "order_closed", "figures": {"paid_fen": "much"}}),
        (401, {}),
        (400, {}),
        (204, {}),
        (302, {}),
    ],
)
async def test_refusals_that_say_nothing_are_a_system_that_is_down(both: Pair, status: int, body: Any) -> None:
    server, shop = both

    async def refuse(request: web.Request, answer: Answer) -> web.StreamResponse:
        return web.json_response(body, status=status, headers={"Location": "http://127.0.0.1:9/"})

    server.behave = refuse
    with pytest.raises(SystemDown):
        await shop.orders.find(OWNER, "A2")


async def test_what_a_system_gives_away_is_not_shown(both: Pair) -> None:
    server, shop = both

    async def generous(request: web.Request, answer: Answer) -> web.StreamResponse:
        stranger = GOOD | {"customer_id": "C2", "account": "w2"}
        return web.json_response([stranger, GOOD] if request.path == "/orders" else stranger)

    server.behave = generous
    with pytest.raises(NotFound):
        await shop.orders.find(OWNER, "A2")
    with pytest.raises(NotFound):
        await shop.after_sale.request_return(OWNER, "A2", sku="P2-1", key="k")
    assert [order.customer_id for order in await shop.orders.mine(OWNER)] == ["C1"]
    assert all(request.method == "GET" for request in server.requests)


@pytest.mark.parametrize("no", ["../customers", "A2/../B1", "..", "A2?limit=1", "A2#x", "", "A" * 200, "%2e%2e"])
async def test_a_number_cannot_lead_elsewhere(both: Pair, no: str) -> None:
    server, shop = both
    with pytest.raises((NotFound, SystemDown)):
        await shop.orders.find(OWNER, no)
    assert all(request.match_info.route.resource.canonical == "/orders/{no}" for request in server.requests)  # type: ignore[union-attr]


async def test_the_token_is_sent_and_never_told(both: Pair) -> None:
    server, shop = both
    await shop.inventory.stock(["P1-2"])
    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
    server.behave = lambda request, answer: asyncio.sleep(0, web.Response(status=500))
    with pytest.raises(SystemDown) as down:
        await shop.inventory.stock(["P1-2"])
    assert TOKEN not in f"{down.value!r} {down.value.__cause__!r} {shop.inventory.api.endpoint!r}"  # type: ignore[attr-defined]


async def test_a_system_that_fails_again_and_again_is_left_alone(service_url: str) -> None:
    async with running(service_url, breaker_failures=2, breaker_seconds=0.4, tries=1) as (server, shop):
        server.behave = lambda request, answer: asyncio.sleep(0, web.Response(status=500))
        for _ in range(5):
            with pytest.raises(SystemDown):
                await shop.crm.identify("web", "w1")
        assert len(server.requests) == 2
        with pytest.raises(SystemDown):  # another system has a breaker of its own
            await shop.inventory.stock(["P1-2"])
        assert len(server.requests) == 3
        await asyncio.sleep(0.45)
        with pytest.raises(SystemDown):
            await shop.crm.identify("web", "w1")
        assert len(server.requests) == 4
        with pytest.raises(SystemDown):
            await shop.crm.identify("web", "w1")
        assert len(server.requests) == 4
        await asyncio.sleep(0.45)
        server.behave = type(server)(service_url).behave
        assert await shop.crm.identify("web", "w1")
        assert await shop.crm.identify("web", "w1")


async def test_a_clear_no_is_no_failure(service_url: str) -> None:
    async with running(service_url, breaker_failures=1) as (_, shop):
        for _ in range(3):
            with pytest.raises(NotFound):
                await shop.orders.find(OWNER, "X404")
            with pytest.raises(Refused):
                await shop.orders.cancel(OWNER, "A4", key="k")


def test_the_breaker_lets_one_call_try() -> None:
    clock = [0.0]
    breaker = Breaker(2, 10, lambda: clock[0])
    breaker.failed()
    assert breaker.allows()
    breaker.succeeded()
    breaker.failed()
    assert breaker.allows()  # failures in a row count
    breaker.failed()
    assert not breaker.allows()
    clock[0] = 10
    assert breaker.allows()
    assert not breaker.allows()
    breaker.failed()
    clock[0] = 19
    assert not breaker.allows()
    clock[0] = 20
    assert breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()
