"""What a turn of an after-sale flow is about: who writes, which order, what was answered so far."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rasa_sdk import Tracker

from actions.access import access_of
from actions.phrases import phrase
from bot.shop import Access, NotFound, Order, OrderLine, format_fen
from bot.shop.adapters import systems

LATEST = 20  # orders looked through


@dataclass(frozen=True)
class Case:
    """`values`: slot → answer. `order` was found through `access`, so it may be shown; a slot alone proves nothing."""

    tracker: Tracker
    access: Access
    values: Mapping[str, Any] = field(default_factory=dict)
    order: Order | None = None

    @property
    def line(self) -> OrderLine | None:
        """The line of the order that the flow is about."""
        lines = self.order.lines if self.order else ()
        return next((line for line in lines if line.sku == self.values.get("item")), None)

    def get(self, name: str) -> Any:
        """An answer; None when it is open."""
        return self.values.get(name)

    def with_values(self, **values: Any) -> "Case":
        """The same with other answers."""
        return replace(self, values={**self.values, **values})

    async def with_order(self, number: str | None) -> "Case":
        """The same about the order `number`, None where there is none or it is not this customer's."""
        if self.order is not None and number == self.order.no:
            return self
        return replace(self, order=await find(self.access, number))


async def open_case(tracker: Tracker, values: Mapping[str, Any]) -> Case:
    """The case with its order checked anew."""
    access = await access_of(tracker)
    return Case(tracker, access, values, await find(access, values.get("order_number")))


async def find(access: Access, number: Any) -> Order | None:
    """The order, when this customer may see it."""
    if not isinstance(number, str) or not number:
        return None
    try:
        return await systems().orders.find(access, number)
    except NotFound:
        return None


async def recent(access: Access, statuses: Collection[str] = ()) -> tuple[list[Order], list[Order]]:
    """The customer's latest orders that have one of `statuses` (any by default), and all latest orders."""
    orders = await systems().orders.mine(access, LATEST)
    return [order for order in orders if not statuses or order.status in statuses], orders


async def gather(*calls: Any) -> list[Any]:
    """The answers of several calls at once."""
    return list(await asyncio.gather(*calls))


def goods(order: Order) -> str:
    """What was bought, as 素野重磅纯棉T恤 白色 L ×2、…."""
    return "、".join(goods_of(line) for line in order.lines)


def goods_of(line: OrderLine) -> str:
    """One line of an order."""
    return phrase("utter_part_goods", name=line.name, label=line.label, quantity=line.quantity)


def short(order: Order) -> str:
    """An order on a button: its goods and status."""
    first = order.lines[0] if order.lines else None
    more = phrase("utter_part_more", count=len(order.lines)) if len(order.lines) > 1 else ""
    return phrase(
        "utter_part_order_button", goods=first.name if first else order.no, more=more, status=order.status_text
    )


def figures_of(order: Order) -> dict[str, Any]:
    """The variables every reply about an order may use."""
    return {
        "order_number": order.no, "goods": goods(order), "amount": format_fen(order.amount_fen),
        "order_status": order.status_text,
    }  # fmt: skip
