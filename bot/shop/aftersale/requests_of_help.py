"""Tickets without a rule of money: problems with goods, urging, complaints, suggestions, call-backs."""

import re
import unicodedata
from typing import Any

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from bot.clock import now
from bot.settings import get_settings
from bot.shop.access import Access
from bot.shop.aftersale import rules
from bot.shop.aftersale.order_rows import line_of, owned_order
from bot.shop.aftersale.requests import Changed, Request, carry_out
from bot.shop.aftersale.ticket_rows import OPEN, in_service, open_of_kind, open_ticket_row, opener, plan_ticket
from bot.shop.errors import Refused
from bot.shop.service_views import Ticket
from bot.shop.trade_tables import OrderRow

FREE_KINDS = ("complaint", "suggestion", "callback")
_MOBILE = re.compile(r"1\d{10}", re.ASCII)


def report_problem(
    url: str, access: Access, no: str, *, sku: str, reason: str, note: str = "", key: str, preview: bool = False
) -> Ticket:
    """Wrong, missing, damaged or faulty goods, for a person to judge by photos.

    Raises:
        NotFound; Refused: order_closed, not_signed, quality_window, in_service.
        ValueError: no such reason.
    """
    rules.one_of(reason, rules.REASON_GOODS, "问题类型")

    def check(session: Session) -> Ticket:
        order = owned_order(session, access, no)
        rules.quality_window(rules.signed(order.status, order.delivered_at))
        line_of(session, order.no, sku)
        busy, newest = in_service(session, order.no, sku, {"problem": OPEN})
        if busy:
            raise Refused("in_service", ticket_no=newest, left=0)
        hours = get_settings().operations.after_sale.review_hours
        return plan_ticket("problem", order.no, sku=sku, reason=reason, note=note, hours=hours, freight_by="shop")

    def act(session: Session, planned: Ticket) -> Ticket:
        return open_ticket_row(session, planned, opener(access, owned_order(session, access, no)))

    arguments = {"no": no, "sku": sku, "reason": reason, "note": note}
    return carry_out(url, Request(access, "problem", key, arguments), Ticket, check, act, preview)


def urge(url: str, access: Access, no: str, *, key: str, preview: bool = False) -> Ticket:
    """A task for the warehouse or the carrier, with a promise; another one only when the promise is over.

    Raises:
        NotFound; Refused: urge_unpaid, urge_closed, urged_already.
    """

    def check(session: Session) -> Ticket:
        order = owned_order(session, access, no)
        rules.may_urge(order.status)
        if order.urged_until is not None and order.urged_until > now():
            before = open_of_kind(session, order.no, "urge")
            raise Refused("urged_already", ticket_no=before.no if before else "", promised_at=order.urged_until)
        return plan_ticket("urge", order.no, hours=get_settings().operations.after_sale.urge_hours)

    def act(session: Session, planned: Ticket) -> Ticket:
        order = owned_order(session, access, no)
        free = or_(OrderRow.urged_until.is_(None), OrderRow.urged_until <= now())
        marked: Any = session.execute(
            update(OrderRow)
            .where(OrderRow.no == order.no, OrderRow.status == order.status, free)
            .values(urged_until=planned.promised_at)
            .execution_options(synchronize_session=False)
        )
        if marked.rowcount != 1:
            raise Changed
        return open_ticket_row(session, planned, opener(access, order))

    return carry_out(url, Request(access, "urge", key, {"no": no}), Ticket, check, act, preview)


def open_ticket(
    url: str, access: Access, *, kind: str, note: str, order_no: str | None = None, phone: str | None = None, key: str
) -> Ticket:
    """A complaint, a suggestion or a call-back; the order, if one is named, must be the account's.

    Raises:
        NotFound; Refused: callback_phone.
        ValueError: no such kind.
    """
    rules.one_of(kind, FREE_KINDS, "服务单类型")
    settings = get_settings().operations.after_sale
    number = "".join(unicodedata.normalize("NFKC", phone or "").replace("-", "").split())

    def check(session: Session) -> Ticket:
        order = owned_order(session, access, order_no) if order_no else None
        if (kind == "callback" or number) and not _MOBILE.fullmatch(number):
            raise Refused("callback_phone")
        hours = {"callback": settings.callback_hours, "complaint": settings.review_hours}.get(kind)
        return plan_ticket(kind, order.no if order else None, note=note, hours=hours)

    def act(session: Session, planned: Ticket) -> Ticket:
        order = owned_order(session, access, order_no) if order_no else None
        return open_ticket_row(session, planned, opener(access, order), phone=number)

    arguments = {"kind": kind, "note": note, "order": order_no, "phone": phone}
    return carry_out(url, Request(access, "ticket", key, arguments), Ticket, check, act)
