"""Beside the chat: who the customer is, goods that a draft names, replies to choose from."""

from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from bot import conversations
from bot.conversations import Summary
from bot.conversations.customer import Known, known_customer
from bot.desk import lookup, suggestions
from bot.desk.api import wire
from bot.desk.api.endpoints import Call, endpoint
from bot.desk.api.problems import Problem
from bot.desk.api.reach import readable
from bot.shop import ORDER_STATUSES, FeedError, Order, format_fen, orders_of

_ORDERS = 10
_LONGEST = 2000


@endpoint("GET", "/conversations/{id}/customer")
async def customer_card(call: Call) -> Any:
    one = await readable(call)
    return await call.do(_card, call, one)


@endpoint("GET", "/lookup")
async def look_up(call: Call) -> Any:
    text = call.request.query.get("text", "")[:_LONGEST]
    try:
        return {"products": await call.do(lookup.products_in, call.settings.shop_url, text) if text.strip() else []}
    except FeedError:
        return {"products": []}
    except SQLAlchemyError:
        raise Problem("busy", "店铺数据库暂时连不上，请稍后再试") from None


@endpoint("GET", "/conversations/{id}/suggestions")
async def suggest(call: Call) -> Any:
    """For the customer's last message."""
    one = await readable(call)
    found = await call.do(suggestions.for_conversation, call.store, call.settings, one.id, call.me.account.id)
    return {"suggestions": found}


def _card(call: Call, one: Summary) -> dict[str, Any]:
    try:
        known = known_customer(call.settings.shop_url, one.channel, one.account)
        orders = orders_of(call.settings.shop_url, one.channel, one.account, limit=_ORDERS)
    except SQLAlchemyError:  # the chat goes on without the shop
        known, orders = Known(), []
    felt = conversations.emotions(call.store, one.id)
    return {
        "customer": _customer(known),
        "segment": {"id": known.segment, "title": known.title} if known.segment else None,
        "orders": [_order(order) for order in orders],
        "emotions": [
            {"number": e.data["number"], "time": wire.iso(e.at), "emotion": e.data["emotion"], "score": e.data["score"]}
            for e in felt
        ],
        "note": one.note,
    }


def _customer(known: Known) -> dict[str, Any] | None:
    customer = known.customer
    if customer is None:
        return None
    since = wire.iso(customer.since)
    return {
        "id": customer.id, "name": customer.name, "city": customer.city, "since": since, "orders": customer.orders
    }  # fmt: skip


def _order(order: Order) -> dict[str, Any]:
    traces = [trace for parcel in order.parcels for trace in parcel.traces]
    return {
        "no": order.no,
        "status": order.status,
        "status_title": ORDER_STATUSES[order.status],
        "amount": format_fen(order.amount_fen),
        "created_at": wire.iso(order.created_at),
        "goods": "；".join(f"{line.name} {line.label} ×{line.quantity}" for line in order.lines),
        "trace": max(traces, key=lambda trace: trace.time).text if traces else "",
    }
