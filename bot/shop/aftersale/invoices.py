"""Invoices: titles, tax numbers, one of each kind for a paid order."""

import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.clock import now
from bot.db import reading
from bot.settings import get_settings
from bot.shop.access import Access, plain_number
from bot.shop.aftersale import rules
from bot.shop.aftersale.money import still_paid_fen
from bot.shop.aftersale.numbers import new_number
from bot.shop.aftersale.order_rows import owned_order
from bot.shop.aftersale.requests import Changed, Request, carry_out
from bot.shop.aftersale.tax_number import is_credit_code
from bot.shop.errors import NotFound, Refused
from bot.shop.service_tables import InvoiceRow
from bot.shop.service_views import INVOICE_KINDS, Invoice

_EMAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
SHORTEST, LONGEST = 2, 100


def request_invoice(
    url: str, access: Access, no: str, *, kind: str, title: str, tax_no: str | None = None, email: str | None = None,
    key: str, preview: bool = False,
) -> Invoice:  # fmt: skip
    """An invoice over what the customer paid and keeps.

    Raises:
        NotFound; Refused: not_paid, order_closed, invoice_done, invoice_title, invoice_tax_no, invoice_email.
        ValueError: no such kind.
    """
    rules.one_of(kind, INVOICE_KINDS, "发票类型")

    def check(session: Session) -> Invoice:
        order = owned_order(session, access, no)
        rules.paid(order.status, order.paid_at)
        once = select(InvoiceRow).where(InvoiceRow.order_no == order.no, InvoiceRow.kind == kind)
        before = session.scalars(once).first()
        if before is not None:
            raise Refused("invoice_done", invoice_no=before.no, status=before.status)
        amount = still_paid_fen(session, order)
        if not amount:
            raise Refused("order_closed", status=order.status)
        ready = now() + timedelta(hours=get_settings().operations.after_sale.invoice_hours)
        return Invoice(
            "", order.no, kind, checked_title(title), checked_tax_no(kind, tax_no), checked_email(email), amount,
            "requested", now(), ready,
        )  # fmt: skip

    def act(session: Session, planned: Invoice) -> Invoice:
        invoice = replace(planned, no=new_number("FP"))
        session.add(InvoiceRow(**vars(invoice)))
        session.flush()
        return invoice

    arguments = {"no": no, "kind": kind, "title": title, "tax_no": tax_no, "email": email}
    return carry_out(url, Request(access, "invoice", key, arguments), Invoice, check, act, preview)


def change_invoice(
    url: str, access: Access, invoice_no: str, *, title: str, tax_no: str | None = None, key: str, preview: bool = False
) -> Invoice:
    """Another title for an invoice that has not been issued.

    Raises:
        NotFound; Refused: invoice_issued, invoice_title, invoice_tax_no.
    """

    def check(session: Session) -> Invoice:
        row = _owned_invoice(session, access, invoice_no)
        if row.status != "requested":
            raise Refused("invoice_issued", invoice_no=row.no)
        return replace(_view(row), title=checked_title(title), tax_no=checked_tax_no(row.kind, tax_no or row.tax_no))

    def act(session: Session, planned: Invoice) -> Invoice:
        changed: Any = session.execute(
            update(InvoiceRow)
            .where(InvoiceRow.no == planned.no, InvoiceRow.status == "requested")
            .values(title=planned.title, tax_no=planned.tax_no)
            .execution_options(synchronize_session=False)
        )
        if changed.rowcount != 1:
            raise Changed
        return planned

    arguments = {"invoice": invoice_no, "title": title, "tax_no": tax_no}
    return carry_out(url, Request(access, "change_invoice", key, arguments), Invoice, check, act, preview)


def invoices(url: str, access: Access, order_no: str) -> list[Invoice]:
    """The order's invoices, newest first.

    Raises:
        NotFound: no such order, or not this account's.
    """
    with reading(url) as session:
        order = owned_order(session, access, order_no)
        rows = select(InvoiceRow).where(InvoiceRow.order_no == order.no)
        return [_view(row) for row in session.scalars(rows.order_by(InvoiceRow.created_at.desc(), InvoiceRow.no))]


def checked_title(title: str) -> str:
    """A title for an invoice."""
    text = " ".join(title.split())
    if not SHORTEST <= len(text) <= LONGEST:
        raise Refused("invoice_title")
    return text


def checked_tax_no(kind: str, tax_no: str | None) -> str | None:
    """A company's unified social credit code (GB 32100-2015, with its check character); none for a person."""
    if kind == "personal":
        return None
    code = "".join(unicodedata.normalize("NFKC", tax_no or "").split()).upper()
    if not is_credit_code(code):
        raise Refused("invoice_tax_no", tax_no=code)
    return code


def checked_email(email: str | None) -> str | None:
    """Where the invoice is sent to, if anywhere."""
    text = unicodedata.normalize("NFKC", email or "").strip()
    if text and (len(text) > 200 or not _EMAIL.fullmatch(text)):
        raise Refused("invoice_email", email=text)
    return text or None


def _owned_invoice(session: Session, access: Access, no: str) -> InvoiceRow:
    row = session.get(InvoiceRow, plain_number(no))
    try:
        if row is None:
            raise NotFound("order", "")
        owned_order(session, access, row.order_no)
    except NotFound:
        raise NotFound("invoice", no) from None
    session.refresh(row)  # as it is under the order's lock
    return row


def _view(row: InvoiceRow) -> Invoice:
    return Invoice(
        row.no, row.order_no, row.kind, row.title, row.tax_no, row.email, row.amount_fen, row.status, row.created_at,
        row.expected_at,
    )  # fmt: skip
