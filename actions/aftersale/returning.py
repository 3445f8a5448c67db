"""Flows after the parcel is signed for: return, exchange, repair, problems with goods."""

from typing import Any

from actions.aftersale.case import Case
from actions.aftersale.faults import FAULTY, SIGNED
from actions.aftersale.fields import ItemField, OpenedField, ReasonField, UnitsField
from actions.aftersale.fields_change import NewSkuField
from actions.aftersale.order_flow import OrderFlow
from actions.figures import title_of
from bot.shop import Refused, Ticket
from bot.shop.adapters import systems


class SealField(OpenedField):
    """Asked only where a broken seal stands in the way of a return without a reason."""

    async def settle(self, case: Case) -> str | None:
        if case.get("reason") in FAULTY:
            return ""
        try:
            await request_return(case.with_values(opened="yes", units=1), "seal", True)
        except Refused as refused:
            return None if refused.rule == "return_opened" else ""
        return ""


class FitReason(ReasonField):
    """Why goods are swapped: another variant was wanted, unless the customer says more."""

    async def settle(self, case: Case) -> str | None:
        return "other" if case.get("new_sku") and case.get("new_sku") != case.get("item") else None


class ReturnGoods(OrderFlow):
    """退货退款."""

    form, entries, statuses = "return_form", frozenset({"return_goods"}), SIGNED
    fields = (ItemField(), ReasonField(anything="other"), SealField(), UnitsField())

    def name(self) -> str:
        return "action_return_goods"

    async def possible(self, case: Case) -> None:
        await _final(
            request_return(case.with_values(reason="quality", opened="", units=1), "possible", True),
            "not_signed", "order_closed", "in_service",
        )  # fmt: skip

    async def carry_out(self, case: Case, key: str, preview: bool) -> Ticket:
        return await request_return(case, key, preview)

    def question_for(self, case: Case, plan: Ticket) -> str:
        return "utter_confirm_return_faulty" if case.get("reason") in FAULTY else "utter_confirm_return"

    def done_for(self, case: Case, result: Ticket) -> str:
        return "utter_done_return_faulty" if case.get("reason") in FAULTY else "utter_done_return"


async def request_return(case: Case, key: str, preview: bool) -> Ticket:
    """The service's call for a return."""
    return await systems().after_sale.request_return(
        case.access, case.values["order_number"], sku=case.values["item"], quantity=case.get("units") or 1,
        reason=case.get("reason") or "no_reason", opened=case.get("opened") == "yes", note=case.get("note") or "",
        key=key, preview=preview,
    )  # fmt: skip


class ExchangeGoods(OrderFlow):
    """换货."""

    form, entries, statuses = "exchange_form", frozenset({"exchange_goods"}), SIGNED
    fields = (ItemField(), NewSkuField(same=True), FitReason(anything="other"), UnitsField())
    question, done = "utter_confirm_exchange", "utter_done_exchange"

    def name(self) -> str:
        return "action_exchange_goods"

    async def possible(self, case: Case) -> None:
        placeholder = case.with_values(new_sku=case.values["item"], units=1)
        await _final(
            self.carry_out(placeholder, "possible", True), "not_signed", "order_closed", "exchange_window", "in_service"
        )

    async def carry_out(self, case: Case, key: str, preview: bool) -> Ticket:
        return await systems().after_sale.request_exchange(
            case.access, case.values["order_number"], sku=case.values["item"], new_sku=case.values["new_sku"],
            quantity=case.get("units") or 1, reason=case.get("reason") or "other", note=case.get("note") or "",
            key=key, preview=preview,
        )  # fmt: skip

    def figures(self, case: Case, result: Ticket) -> dict[str, Any]:
        return {**super().figures(case, result), "new_title": title_of(result.new_sku)}


async def _final(call: Any, *rules: str) -> None:
    """Let only those refusals pass that no further answer could change."""
    try:
        await call
    except Refused as refused:
        if refused.rule in rules:
            raise
