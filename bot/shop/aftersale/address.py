"""Another address for an order that has not been shipped."""

from sqlalchemy.orm import Session

from bot.clock import now
from bot.shop.access import Access
from bot.shop.aftersale import rules
from bot.shop.aftersale.order_rows import change_order, lines_of, owned_order
from bot.shop.aftersale.refunds import draft, start_refund
from bot.shop.aftersale.requests import Request, carry_out
from bot.shop.errors import Refused
from bot.shop.presale.carriage import fee_fen, goods_of, grams_of_lines, served
from bot.shop.service_tables import OrderChangeRow
from bot.shop.service_views import AddressChange
from bot.shop.shipping import plain_city
from bot.shop.trade_tables import OrderRow

SHORTEST, LONGEST = 4, 160


def change_address(
    url: str, access: Access, no: str, *, city: str, address: str, key: str, preview: bool = False
) -> AddressChange:
    """Another address where the shop delivers; the shipping fee of the new place is charged or paid back.

    Raises:
        NotFound; Refused: order_closed, change_shipped, region_not_served, address_too_short, item_same.
    """
    place = plain_city(city) or ""
    street = " ".join(address.split()).removeprefix(f"{place}市").removeprefix(place)[:LONGEST]

    def check(session: Session) -> AddressChange:
        order = owned_order(session, access, no)
        rules.changeable(order.status)
        difference = fee_for(session, order, place) - order.shipping_fen
        if len(street) < SHORTEST:
            raise Refused("address_too_short")
        if order.address == place + street:
            raise Refused("item_same")
        return AddressChange(order.no, place, place + street, order.address, difference)

    def act(session: Session, planned: AddressChange) -> AddressChange:
        order = owned_order(session, access, no)
        difference = planned.fee_difference_fen
        before = {"city": order.city, "address": order.address, "shipping_fen": order.shipping_fen}
        settle(session, order, difference, "shipping")
        shipping = order.shipping_fen + difference
        after = {"city": planned.city, "address": planned.address, "shipping_fen": shipping}
        change_order(session, order, **after)
        note_change(session, order.no, "address", before, after, difference)
        return planned

    request = Request(access, "change_address", key, {"no": no, "city": city, "address": address})
    return carry_out(url, request, AddressChange, check, act, preview)


def fee_for(session: Session, order: OrderRow, city: str) -> int:
    """The shipping fee of the order's goods to `city`.

    Raises:
        Refused: region_not_served.
    """
    lines = {line.sku: line.quantity for line in lines_of(session, order.no)}
    goods = goods_of(session, lines)
    rule = served(session, order.warehouse_id, city, [product.category for product in goods.values()])
    net = order.amount_fen - order.shipping_fen
    return fee_fen(rule, grams_of_lines(goods, lines), net)


def settle(session: Session, order: OrderRow, difference_fen: int, kind: str) -> None:
    """Raise or lower the order's amount; what a paid order costs more is due, what it costs less comes back."""
    due = order.due_fen
    if order.status != "pending_payment":
        due = max(0, order.due_fen + difference_fen)
        back = -difference_fen - (order.due_fen - due)
        if back > 0:
            start_refund(session, draft(order, kind, back, "processing"))
    change_order(session, order, amount_fen=order.amount_fen + difference_fen, due_fen=due)


def note_change(
    session: Session, order_no: str, kind: str, before: dict[str, object], after: dict[str, object], difference_fen: int
) -> None:
    """Keep what an order was before."""
    session.add(
        OrderChangeRow(
            order_no=order_no, kind=kind, before=before, after=after, difference_fen=difference_fen, changed_at=now()
        )
    )
    session.flush()
