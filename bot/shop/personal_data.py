"""The shop's own part of privacy requests: what it shows, what it erases, what the law makes it keep.

Kept, without a name: orders, lines, refunds and invoices (E-Commerce Law, article 31: transaction records for three
years; accounting law: vouchers longer), tied to the customer's number, which leads to nobody any more. An invoice keeps
its title and tax number, for they are the voucher's content.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from bot.clock import local, now
from bot.db import reading, repeated, writing
from bot.settings import get_settings
from bot.shop.aftersale.photos import folder
from bot.shop.aftersale.ticket_rows import OPEN as OPEN_TICKETS
from bot.shop.customer_tables import ChoiceRow, OfferRow, WishRow
from bot.shop.errors import Refused
from bot.shop.identity_tables import DoneRow, GrantRow, TryRow
from bot.shop.offer_tables import CouponRow
from bot.shop.privacy import Person, PrivacyRoom, Remembered
from bot.shop.segments import load_segments, segment_of, standing_in
from bot.shop.service_tables import InvoiceRow, OrderChangeRow, PhotoRow, TicketRow
from bot.shop.tables import ProductRow, VariantRow
from bot.shop.trade_tables import AccountRow, CustomerRow, OrderRow

NO_MATTER = ("suggestion", "urge")  # tickets that need nobody's name any more
OPEN_ORDERS = ("pending_payment", "paid", "shipped", "refunding")
ERASED = "已删除"


def masked_phone(phone: str) -> str:
    """ "17012345678" → "170****5678"."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else "*" * len(phone)


def masked_name(name: str) -> str:
    """ "王小明" → "王**"."""
    return name[:1] + "*" * (len(name) - 1)


def masked_address(address: str, city: str | None) -> str:
    """The city is shown, the rest is not."""
    known = city if city and address.startswith(city) else address[:2]
    return f"{known}****"


class ShopRoom(PrivacyRoom):
    """Customer, accounts, orders, tickets, photos, coupons, offers, wishes, choices."""

    name = "shop"

    def __init__(self, url: str = "") -> None:
        """Of the shop at `url`, by default the one that the settings name."""
        self.url = url or get_settings().shop_url

    def check(self, person: Person) -> None:
        """Goods or money still on their way need name and address: first things first."""
        with reading(self.url) as session:
            orders = _count(session, OrderRow, _of_orders(person), OrderRow.status.in_(OPEN_ORDERS))
            under_way = TicketRow.status.in_(OPEN_TICKETS) & TicketRow.kind.notin_(NO_MATTER)
            tickets = _count(session, TicketRow, _of_tickets(person), under_way)
        if orders or tickets:
            raise Refused("erase_open", orders=orders, tickets=tickets)

    def describe(self, person: Person) -> list[Remembered]:
        """All kinds there are, in the order a customer would ask."""
        with reading(self.url) as session:
            return list(_describe(session, person))

    @repeated
    def erase(self, person: Person) -> dict[str, int]:
        """One transaction; the pictures' files go after it, for nobody refers to them any more.

        A guest, whose `customer_id` is "", has orders and tickets by the accounts alone.
        """
        with writing(self.url) as session:
            # Orders placed meanwhile wait, or were seen by this check.
            session.get(CustomerRow, person.customer_id, with_for_update=True)
            open_orders = _count(session, OrderRow, _of_orders(person), OrderRow.status.in_(OPEN_ORDERS))
            if open_orders:
                raise Refused("erase_open", orders=open_orders, tickets=0)
            counts, files = _erase(session, person)
        for file in files:
            (folder() / file).unlink(missing_ok=True)
        return counts


def _describe(session: Session, person: Person) -> Any:
    customer = session.get(CustomerRow, person.customer_id)
    orders = session.scalars(select(OrderRow).where(_of_orders(person)).order_by(OrderRow.created_at.desc())).all()
    address = next((order for order in orders if order.address), None)
    yield Remembered(
        "person",
        {
            "name": masked_name(customer.name), "phone": masked_phone(customer.phone), "city": customer.city,
            "since": _day(customer.created_at),
        },
    )  # fmt: skip
    yield Remembered("accounts", {"number": len(person.accounts)})
    if orders:
        yield Remembered("orders", {"number": len(orders), "first": _day(orders[-1].created_at)})
    if address is not None:
        yield Remembered("address", {"address": masked_address(address.address, address.city)})
    standing = standing_in(session, person.customer_id)
    if standing is not None:
        yield Remembered("segment", {"title": segment_of(standing, load_segments()).title})
    numbers: Mapping[str, int] = {
        "tickets": _count(session, TicketRow, _of_tickets(person)),
        "photos": _count(session, PhotoRow, PhotoRow.ticket_no.in_(select(TicketRow.no).where(_of_tickets(person)))),
        "invoices": _count(session, InvoiceRow, InvoiceRow.order_no.in_(select(OrderRow.no).where(_of_orders(person)))),
        "coupons": _count(session, CouponRow, CouponRow.customer_id == person.customer_id),
        "offers": _count(session, OfferRow, OfferRow.customer_id == person.customer_id),
    }
    yield from (Remembered(kind, {"number": number}) for kind, number in numbers.items() if number)
    titles = (
        select(ProductRow.name, VariantRow.label)
        .join(VariantRow, VariantRow.product_id == ProductRow.id)
        .join(WishRow, WishRow.sku == VariantRow.sku)
        .where(WishRow.customer_id == person.customer_id)
        .order_by(WishRow.asked_at.desc())
    )
    wishes = [f"{name} {label}".strip() for name, label in session.execute(titles)]
    if wishes:
        yield Remembered("wishes", {"goods": "、".join(wishes)})
    choice = session.get(ChoiceRow, person.customer_id)
    yield Remembered("offers_off" if choice and choice.offers_off_at else "offers_on")


def _erase(session: Session, person: Person) -> tuple[dict[str, int], list[str]]:
    own, label = person.customer_id, f"erased-{person.customer_id or secrets.token_hex(6)}"
    orders = select(OrderRow.no).where(_of_orders(person))
    tickets = select(TicketRow.no).where(_of_tickets(person))
    numbers, ticket_numbers = list(session.scalars(orders)), list(session.scalars(tickets))
    photos = session.execute(select(PhotoRow.id, PhotoRow.file).where(PhotoRow.ticket_no.in_(ticket_numbers))).all()
    counts = {"orders": len(numbers), "tickets": len(ticket_numbers), "photos": len(photos)}
    for order in session.scalars(select(OrderRow).where(OrderRow.no.in_(numbers))):
        # The key of a request holds the account as well.
        order.account, order.idempotency_key = label, f"erased-{order.no}"
        order.customer_id, order.address, order.phone, order.city = own or None, None, None, None
    for ticket in session.scalars(select(TicketRow).where(TicketRow.no.in_(ticket_numbers))):
        ticket.account, ticket.note = label, ""
        ticket.details = {name: value for name, value in (ticket.details or {}).items() if name != "phone"}
    _run(session, update(InvoiceRow).where(InvoiceRow.order_no.in_(numbers)).values(email=None))
    moved = OrderChangeRow.order_no.in_(numbers) & (OrderChangeRow.kind == "address")
    _run(session, update(OrderChangeRow).where(moved).values(before={}, after={}))
    _run(session, delete(PhotoRow).where(PhotoRow.ticket_no.in_(ticket_numbers)))
    unused = CouponRow.used_at.is_(None) & (CouponRow.customer_id == own)
    _run(session, update(OfferRow).where(OfferRow.customer_id == own).values(coupon_id=None))
    counts["coupons"] = _run(session, delete(CouponRow).where(unused))
    counts["wishes"] = _run(session, delete(WishRow).where(WishRow.customer_id == own))
    _run(session, delete(ChoiceRow).where(ChoiceRow.customer_id == own))
    for channel, account in person.accounts:
        for table in (GrantRow, DoneRow):
            _run(session, delete(table).where(table.channel == channel, table.account == account))
        tries = (TryRow.scope == "account") & (TryRow.key == f"{channel}:{account}"[-180:])
        _run(session, delete(TryRow).where(tries))
    counts["accounts"] = _run(session, delete(AccountRow).where(AccountRow.customer_id == own))
    customer = session.get(CustomerRow, own) if own else None
    if customer is not None:
        customer.name, customer.phone, customer.city, customer.erased_at = ERASED, secrets.token_hex(8), "", now()
    session.flush()
    shared = set(session.scalars(select(PhotoRow.id).where(PhotoRow.id.in_([photo.id for photo in photos]))))
    return counts, [file for identity, file in photos if identity not in shared]


def without_erased(session: Session, table: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a feed that do not bring erased customers back."""
    column = {CustomerRow: "id", AccountRow: "customer_id", OrderRow: "customer_id"}.get(table)
    if column is None:
        return rows
    erased = set(session.scalars(select(CustomerRow.id).where(CustomerRow.erased_at.is_not(None))))
    return [row for row in rows if row[column] not in erased] if erased else rows


def _of_orders(person: Person) -> Any:
    """The customer's orders, also those placed as a guest from one of their accounts."""
    own = [(OrderRow.channel == channel) & (OrderRow.account == account) for channel, account in person.accounts]
    return or_(OrderRow.customer_id == person.customer_id, *own)


def _of_tickets(person: Person) -> Any:
    own = [(TicketRow.channel == channel) & (TicketRow.account == account) for channel, account in person.accounts]
    return or_(TicketRow.customer_id == person.customer_id, *own)


def _count(session: Session, table: Any, *conditions: Any) -> int:
    return int(session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0)


def _run(session: Session, statement: Any) -> int:
    done: Any = session.execute(statement.execution_options(synchronize_session=False))
    return int(done.rowcount)


def _day(moment: Any) -> str:
    return f"{local(moment):%Y-%m-%d}"
