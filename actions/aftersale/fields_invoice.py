"""Answers for an invoice: its kind, title, tax number and e-mail."""

import re
import unicodedata
from typing import Any

from actions.aftersale.case import Case
from actions.aftersale.fields import Field, free_text, named
from actions.aftersale.words import meaning, pattern
from actions.answers import is_question
from actions.turn import Turn
from bot.shop import INVOICE_KINDS, Refused
from bot.shop.adapters import systems

_TAX = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{15,20}(?![0-9A-Z])")
_EMAIL = re.compile(r"[^\s@，,；;：:]+@[A-Za-z0-9.-]+")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


class InvoiceKindField(Field):
    """For a person, a company, or special VAT."""

    name = "invoice_kind"

    def read(self, turn: Turn, case: Case, asked: bool) -> str | None:
        button = named(turn, "invoice_kind")
        if button in INVOICE_KINDS:
            return button
        found = meaning("invoice_kind", turn.text) if turn.text else None
        return found if asked or not is_question(turn.text) else None

    async def settle(self, case: Case) -> str | None:
        """Another title keeps the kind."""
        if case.get("retitle") != "yes" or case.order is None:
            return None
        return next((invoice.kind for invoice in await systems().after_sale.invoices(case.access, case.order.no)), None)


class RetitleField(Field):
    """Whether another title is wanted for the invoice that the order has; an order with one needs no other."""

    name = "retitle"

    def read(self, turn: Turn, case: Case, asked: bool) -> str | None:
        wants = named(turn, "retitle") == "yes" or (bool(turn.text) and meaning("retitle", turn.text) is not None)
        return "yes" if wants and turn.activating else None

    async def settle(self, case: Case) -> str | None:
        invoices = await systems().after_sale.invoices(case.access, case.order.no) if case.order else []
        if invoices and case.get("invoice_kind") in (None, invoices[0].kind):
            raise Refused("invoice_done", invoice_no=invoices[0].no, status=invoices[0].status)
        return ""


class TitleField(Field):
    """The title."""

    name = "invoice_title"

    def read(self, turn: Turn, case: Case, asked: bool) -> str | None:
        text = _folded(turn.written)
        named_title = pattern("title").search(text) or (None if is_question(text) else pattern("company").search(text))
        if named_title:
            title = named_title.group(named_title.lastindex or 0)
            return pattern("title_lead").sub("", title) or None
        button = named(turn, "invoice_title")
        if button:
            return button[:100]
        words = free_text(turn, frozenset({"ask_invoice"})) if asked else None
        if not words or turn.answer is not None:
            return None
        return _TAX.sub("", _EMAIL.sub("", _folded(words))).strip(" ,，") or None


class TaxNumberField(Field):
    """The unified social credit code; none for a person."""

    name = "invoice_tax_no"

    def read(self, turn: Turn, case: Case, asked: bool) -> str | None:
        text = _EMAIL.sub("", _folded(turn.written)).upper()
        found = _TAX.search(re.sub(r"(?<=[0-9A-Z]) (?=[0-9A-Z])", "", text))
        if found and (asked or not found.group().startswith("DX")):
            return None if found.group().startswith("DX") else found.group()
        if asked and re.fullmatch(r"[0-9A-Za-z\s-]{6,30}", text.strip()):
            return text.strip()  # wrong, and the rule says so
        return None

    async def settle(self, case: Case) -> str | None:
        return "" if case.get("invoice_kind") == "personal" else None


class EmailField(Field):
    """Where to send it; may be left out."""

    name = "invoice_email"

    def read(self, turn: Turn, case: Case, asked: bool) -> Any:
        found = _EMAIL.search(_folded(turn.written))
        if found:
            return found.group()
        if asked and (named(turn, "skip") or turn.answer in ("no", "stop") or meaning("skip", turn.written)):
            return ""
        return turn.written.strip() if asked and "@" in _folded(turn.written) else None
