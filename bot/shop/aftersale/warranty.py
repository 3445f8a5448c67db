"""Warranty by what the product page says, from the day of signing; repairs under it."""

import calendar
import re
from datetime import date

from sqlalchemy.orm import Session

from bot.clock import local, now
from bot.db import reading
from bot.settings import get_settings
from bot.shop.access import Access
from bot.shop.aftersale import rules
from bot.shop.aftersale.order_rows import line_of, owned_order
from bot.shop.aftersale.requests import Request, carry_out
from bot.shop.aftersale.returns import check_units
from bot.shop.aftersale.ticket_rows import open_ticket_row, opener, plan_ticket
from bot.shop.errors import Refused
from bot.shop.presale.carriage import goods_of
from bot.shop.service_views import Ticket, Warranty
from bot.shop.trade_tables import OrderRow

_TERM = re.compile(r"(\d+|[一二两三四五六七八九十]+|半)\s*(?:个)?(年|月)")
_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}


def warranty(url: str, access: Access, no: str, sku: str) -> Warranty:
    """How long the shop repairs a line's goods; `covered` is False when no warranty is given or it is over.

    Raises:
        NotFound: no such order or line, or not this account's.
    """
    with reading(url) as session:
        order = owned_order(session, access, no)
        line_of(session, order.no, sku)
        return warranty_of(session, order, sku)


def warranty_of(session: Session, order: OrderRow, sku: str) -> Warranty:
    """`warranty` inside a transaction."""
    terms = goods_of(session, [sku])[sku].parameters.get("保修", "")
    months = months_in(terms)
    until = add_months(local(order.delivered_at).date(), months) if order.delivered_at and months else None
    covered = months > 0 and order.status not in rules.CLOSED and (until is None or local(now()).date() <= until)
    return Warranty(order.no, sku, terms, months, until, covered)


def request_repair(
    url: str, access: Access, no: str, *, sku: str, note: str = "", key: str, preview: bool = False
) -> Ticket:
    """Repair free of charge while the warranty lasts.

    Raises:
        NotFound; Refused: not_signed, order_closed, warranty_none, warranty_over, in_service.
    """

    def check(session: Session) -> Ticket:
        order = owned_order(session, access, no)
        rules.signed(order.status, order.delivered_at)
        line = line_of(session, order.no, sku)
        found = warranty_of(session, order, sku)
        if not found.months:
            raise Refused("warranty_none")
        if not found.covered:
            raise Refused("warranty_over", until_on=found.until_on)
        check_units(session, order, line, 1)
        hours = get_settings().operations.after_sale.review_hours
        return plan_ticket("repair", order.no, sku=sku, reason="quality", note=note, hours=hours, freight_by="shop")

    def act(session: Session, planned: Ticket) -> Ticket:
        return open_ticket_row(session, planned, opener(access, owned_order(session, access, no)))

    return carry_out(
        url, Request(access, "repair", key, {"no": no, "sku": sku, "note": note}), Ticket, check, act, preview
    )


def months_in(terms: str) -> int:
    """The first term of a text in months: 整机三年，压缩机十年 → 36; 0 without one."""
    found = _TERM.search(terms)
    if not found:
        return 0
    number, unit = found.groups()
    if number == "半":
        return 6 if unit == "年" else 0
    return _number(number) * (12 if unit == "年" else 1)


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    tens, ten, ones = text.partition("十")
    if not ten:
        return _DIGITS.get(text, 0)
    return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)


def add_months(day: date, months: int) -> date:
    """The same day some months later, the last of the month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
