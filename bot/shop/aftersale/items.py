"""Another variant or quantity for a line of an order that has not been shipped."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.settings import get_settings
from bot.shop.access import Access
from bot.shop.aftersale import rules
from bot.shop.aftersale.address import note_change, settle
from bot.shop.aftersale.order_rows import change_order, free_units, give_back, line_of, lines_of, owned_order, reserve
from bot.shop.aftersale.requests import Request, carry_out
from bot.shop.errors import BadQuantity, Refused
from bot.shop.presale.offers import automatic_offers
from bot.shop.price_table import current_prices
from bot.shop.service_views import ItemChange
from bot.shop.tables import VariantRow
from bot.shop.trade_tables import OrderLineRow, OrderRow


def change_item(
    url: str, access: Access, no: str, *, sku: str, new_sku: str, quantity: int | None = None, key: str,
    preview: bool = False,
) -> ItemChange:  # fmt: skip
    """Change a line to another variant of its product (`new_sku` may be `sku`) or to another quantity.

    The same variant keeps its price, another one costs what it costs now. A discount stays as far as the order still
    earns it. A paid order cannot become dearer.

    Raises:
        NotFound; BadQuantity; Refused: order_closed, change_shipped, item_….
    """

    def check(session: Session) -> ItemChange:
        order = owned_order(session, access, no, lock_stock_of=(new_sku,))
        rules.changeable(order.status)
        line = line_of(session, order.no, sku)
        units = _units(quantity, line.quantity)
        new, old = session.get(VariantRow, new_sku), session.get(VariantRow, sku)
        rules.same_product("item_other_product", old.product_id, new.product_id if new else None)
        if (new_sku, units) == (sku, line.quantity) or _has_line(session, order, new_sku, sku):
            raise Refused("item_same")
        free = free_units(session, order.warehouse_id, new_sku) + (line.quantity if new_sku == sku else 0)
        if free < units:
            raise Refused("item_stock", available=free)
        price = _unit_price(session, line, new_sku)
        difference = _new_amount(session, order, line, new_sku, units, price) - order.amount_fen
        if difference > 0 and order.status == "paid":
            raise Refused("item_costs_more", difference_fen=difference)
        return ItemChange(order.no, sku, new_sku, units, difference, order.amount_fen + difference)

    def act(session: Session, planned: ItemChange) -> ItemChange:
        order = owned_order(session, access, no)
        line = line_of(session, order.no, sku)
        give_back(session, order, sku, line.quantity)
        reserve(session, order, new_sku, planned.quantity)
        before = {
            "sku": sku,
            "quantity": line.quantity,
            "price_fen": line.price_fen,
            "discount_fen": order.discount_fen,
        }
        price = _unit_price(session, line, new_sku)
        after = {"sku": new_sku, "quantity": planned.quantity, "price_fen": price}
        settle(session, order, planned.difference_fen, "items")
        session.execute(
            update(OrderLineRow)
            .where(OrderLineRow.order_no == order.no, OrderLineRow.sku == sku)
            .values(**after)
            .execution_options(synchronize_session=False)
        )
        session.expire_all()
        goods = sum(row.price_fen * row.quantity for row in lines_of(session, order.no))
        change_order(session, order, discount_fen=goods + order.shipping_fen - order.amount_fen)
        note_change(session, order.no, "item", before, after, planned.difference_fen)
        return planned

    request = Request(access, "change_item", key, {"no": no, "sku": sku, "new": new_sku, "quantity": quantity})
    return carry_out(url, request, ItemChange, check, act, preview)


def _units(wished: int | None, now: int) -> int:
    limit = get_settings().operations.orders.max_quantity
    if wished is None:
        return now
    if isinstance(wished, bool) or not isinstance(wished, int) or not 1 <= wished <= limit:
        raise BadQuantity(wished, limit)
    return wished


def _has_line(session: Session, order: OrderRow, new_sku: str, sku: str) -> bool:
    return new_sku != sku and any(line.sku == new_sku for line in lines_of(session, order.no))


def _unit_price(session: Session, line: OrderLineRow, new_sku: str) -> int:
    if new_sku == line.sku:
        return int(line.price_fen)
    price = current_prices(session, [new_sku]).get(new_sku)
    if price is None:  # a variant that is not for sale yet
        raise Refused("item_stock", available=0)
    return price.price_fen


def _new_amount(session: Session, order: OrderRow, line: OrderLineRow, new_sku: str, units: int, price_fen: int) -> int:
    """What the order costs after the change."""
    before = {row.sku: (row.price_fen, row.quantity) for row in lines_of(session, order.no)}
    after = {name: terms for name, terms in before.items() if name != line.sku} | {new_sku: (price_fen, units)}
    goods = _total(after)
    discount = order.discount_fen
    if goods < _total(before):  # what the smaller order no longer earns goes; a discount of other origin stays
        lost = _earned(session, before, order.created_at) - _earned(session, after, order.created_at)
        discount = max(0, discount - max(0, lost))
    return max(0, goods - discount) + int(order.shipping_fen)


def _total(lines: dict[str, tuple[int, int]]) -> int:
    return sum(price * quantity for price, quantity in lines.values())


def _earned(session: Session, lines: dict[str, tuple[int, int]], moment: datetime) -> int:
    return sum(offer.saved_fen for offer in automatic_offers(session, lines, moment))
