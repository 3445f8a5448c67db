"""Flows about money after a purchase: price protection, invoices."""

from collections.abc import Collection
from typing import Any

from actions.aftersale.case import Case
from actions.aftersale.fields_invoice import EmailField, InvoiceKindField, RetitleField, TaxNumberField, TitleField
from actions.aftersale.order_flow import OrderFlow
from actions.figures import CODES
from actions.phrases import phrase
from bot.shop import Invoice, NotFound, Protection, Refused, format_fen
from bot.shop.adapters import systems

PAID = ("paid", "shipped", "delivered", "completed")


class ProtectPrice(OrderFlow):
    """价保: the difference since the purchase comes back."""

    form, entries, statuses = "protection_form", frozenset({"price_protection"}), PAID
    question, done = "utter_confirm_protection", "utter_done_protection"
    done_by = frozenset({done})

    def name(self) -> str:
        return "action_protect_price"

    async def carry_out(self, case: Case, key: str, preview: bool) -> Protection:
        no = case.values["order_number"]
        return await systems().after_sale.protect_price(case.access, no, key=key, preview=preview)

    def figures(self, case: Case, result: Protection) -> dict[str, Any]:
        paid, today = sum(x.paid_fen for x in result.lines), sum(x.now_fen for x in result.lines)
        more = {"paid": format_fen(paid), "now": format_fen(today), "back": format_fen(result.amount_fen)}
        arrives = result.refund.expected_at if result.refund else None
        return {**super().figures(case, result), **more, **self.words(result.refund, "channel"),
                "arrives": self.day(arrives)}  # fmt: skip


class RequestInvoice(OrderFlow):
    """开发票, or another title for one that is not issued yet."""

    form, entries, statuses = "invoice_form", frozenset({"ask_invoice"}), PAID
    done_by = frozenset({"utter_done_invoice", "utter_done_retitle"})
    fields = (RetitleField(), InvoiceKindField(), TaxNumberField(), TitleField(), EmailField())

    def name(self) -> str:
        return "action_request_invoice"

    def not_needed(self, case: Case) -> Collection[str]:
        return {"invoice_email"} if case.get("retitle") == "yes" else ()

    async def possible(self, case: Case) -> None:
        """Only what is paid for gets an invoice."""
        try:
            await self.carry_out(
                case.with_values(invoice_kind="personal", invoice_title="--", retitle=""), "possible", True
            )
        except Refused as refused:
            if refused.rule in ("not_paid", "order_closed"):
                raise

    async def so_far(self, case: Case) -> None:
        if case.get("invoice_kind") and case.get("retitle") != "yes":
            title = case.get("invoice_title") or CODES["invoice_kind"][case.values["invoice_kind"]]
            await self.carry_out(case.with_values(invoice_title=title), "so far", True)

    async def carry_out(self, case: Case, key: str, preview: bool) -> Invoice:
        no, title, tax_no = (
            case.values["order_number"],
            case.values["invoice_title"],
            case.get("invoice_tax_no") or None,
        )
        service = systems().after_sale
        if case.get("retitle") == "yes":
            existing = await service.invoices(case.access, no)
            if not existing:
                raise NotFound("invoice", no)
            return await service.change_invoice(
                case.access, existing[0].no, title=title, tax_no=tax_no, key=key, preview=preview
            )
        kind, email = case.values["invoice_kind"], case.get("invoice_email") or None
        return await service.request_invoice(
            case.access, no, kind=kind, title=title, tax_no=tax_no, email=email, key=key, preview=preview
        )

    def question_for(self, case: Case, plan: Invoice) -> str:
        return "utter_confirm_retitle" if case.get("retitle") == "yes" else "utter_confirm_invoice"

    def done_for(self, case: Case, result: Invoice) -> str:
        return "utter_done_retitle" if case.get("retitle") == "yes" else "utter_done_invoice"

    def figures(self, case: Case, result: Invoice) -> dict[str, Any]:
        tax = phrase("utter_part_tax_no", tax_no=result.tax_no) if result.tax_no else ""
        email = phrase("utter_part_email", email=result.email) if result.email else ""
        kind = CODES["invoice_kind"][result.kind]
        return {**super().figures(case, result), "kind": kind, "tax": tax, "email": email, "invoice_no": result.no}
