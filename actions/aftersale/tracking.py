"""我的订单, 快递到哪了, 催一下."""

from collections.abc import Callable
from functools import partial
from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.answering import OrderAnswer, order_buttons
from actions.aftersale.case import Case, figures_of, gather, goods
from actions.answering import refuse
from actions.figures import day, day_of, in_words
from actions.memory import Events
from actions.phrases import moment, phrase
from bot.brief import run_brief
from bot.clock import local, now
from bot.settings import get_settings
from bot.shop import Order, Parcel, Refused, ShopError, format_fen
from bot.shop.adapters import systems
from bot.shop.presale import shipping_quote

SHOWN = 3
UNDER_WAY = ("paid", "shipped")


class CheckOrder(OrderAnswer):
    """The order's status in words, with what matters next; of several the latest, with buttons for each."""

    intent = "check_order"

    def name(self) -> str:
        return "action_check_order"

    async def tell(self, dispatcher: CollectingDispatcher, case: Case, orders: list[Order]) -> Events:
        if len(orders) > 1:
            lines = "\n".join(_line(order) for order in orders[:SHOWN])
            dispatcher.utter_message(response="utter_orders", orders=lines, buttons=order_buttons(self.intent, orders))
            return []
        order = orders[0]
        parcels = await systems().logistics.parcels(order) if order.shipped_at else []
        next_step = await _brief(_next_step, order, parcels)
        dispatcher.utter_message(response=f"utter_order_{order.status}", next=next_step, **figures_of(order))
        return []


class TrackLogistics(OrderAnswer):
    """The last steps of the parcel and when it should arrive."""

    intent, statuses = "track_logistics", UNDER_WAY

    def name(self) -> str:
        return "action_track_logistics"

    async def tell(self, dispatcher: CollectingDispatcher, case: Case, orders: list[Order]) -> Events:
        shown = [order for order in orders if order.status == "shipped"][:2] or orders[:1]
        for order, parcels in zip(shown, await gather(*(systems().logistics.parcels(o) for o in shown)), strict=True):
            if not any(parcel.traces for parcel in parcels):
                arrives = await _brief(_arrival, order)
                response = "utter_not_shipped" if order.status == "paid" else f"utter_order_{order.status}"
                dispatcher.utter_message(response=response, next=arrives, **figures_of(order))
                continue
            for parcel in parcels:
                arrives = "" if parcel.status == "delivered" else await _brief(_arrival, order)
                dispatcher.utter_message(
                    response="utter_parcel", carrier=parcel.carrier, parcel_no=parcel.no, traces=_steps(parcel),
                    next=arrives, **figures_of(order),
                )  # fmt: skip
        return []


class UrgeDelivery(OrderAnswer):
    """Writes a task with a promise; of several orders the customer says which."""

    intent, statuses = "urge_delivery", UNDER_WAY

    def name(self) -> str:
        return "action_urge_delivery"

    async def tell(self, dispatcher: CollectingDispatcher, case: Case, orders: list[Order]) -> Events:
        before = case.tracker.get_slot("current_order")
        order = orders[0] if len(orders) == 1 else next((o for o in orders if o.no == before), None)
        if order is None:
            return self.look_up(dispatcher, case.tracker, orders)
        try:
            ticket = await systems().after_sale.urge(case.access, order.no, key=f"urge:{said_at(case)}:{order.no}")
        except Refused as refused:
            refuse(dispatcher, refused)
            return []
        response = "utter_urged_shipping" if order.status == "paid" else "utter_urged_delivery"
        words = in_words(ticket)
        dispatcher.utter_message(
            response=response, ticket_no=ticket.no, promised_at=words["promised_at"], **figures_of(order)
        )
        return []


async def _brief(function: Callable[..., str], *args: Any) -> str:
    return await run_brief(partial(function, *args), get_settings().shop_url)


def said_at(case: Case) -> str:
    """When the customer's message came: the same message read twice asks for the same thing once."""
    times = (e.get("timestamp") for e in reversed(case.tracker.events) if e.get("event") == "user")
    return str(next(times, None) or "")


def _line(order: Order) -> str:
    last = next((parcel.traces[-1] for parcel in order.parcels if parcel.traces), None)
    return phrase(
        "utter_part_order", number=order.no, goods=goods(order), amount=format_fen(order.amount_fen),
        status=order.status_text, trace=phrase("utter_part_trace", text=last.text) if last else "",
    )  # fmt: skip


def _steps(parcel: Parcel) -> str:
    """The last steps, newest first."""
    newest = reversed(parcel.traces[-SHOWN:])
    return "\n".join(
        phrase("utter_part_step", day=day_of(t.time), time=f"{local(t.time):%H:%M}", text=t.text) for t in newest
    )


def _next_step(order: Order, parcels: list[Parcel]) -> str:
    if order.status == "pending_payment" and order.pay_before:
        return phrase("utter_part_pay_before", when=moment(order.pay_before))
    last = next((parcel.traces[-1] for parcel in parcels if parcel.traces), None)
    trace = phrase("utter_part_last_trace", text=last.text) if last else ""
    return trace + _arrival(order)


def _arrival(order: Order) -> str:
    """When the parcel should arrive, by the carrier's days; "" where the shop cannot tell."""
    if not order.city or not order.lines or order.status not in UNDER_WAY:
        return ""
    try:
        lines = {line.sku: line.quantity for line in order.lines}
        quote = shipping_quote(get_settings().shop_url, lines, order.city, warehouse_id=order.warehouse_id)
    except ShopError:
        return ""
    leaves = local(quote.ship_by).date()
    start = local(order.shipped_at).date() if order.shipped_at else leaves
    first, last = start + (quote.earliest_on - leaves), start + (quote.latest_on - leaves)
    days = day(first) if first == last else phrase("utter_part_from_to", first=day(first), last=day(last))
    if order.status == "paid":
        return phrase("utter_part_ships_arrives", ship_by=moment(quote.ship_by), days=days)
    late = last < local(now()).date()
    return phrase("utter_part_late" if late else "utter_part_arrives", days=days)
