"""Flows before the parcel is signed for: cancel, change."""

from collections.abc import Collection
from typing import Any

from actions.aftersale.case import Case
from actions.aftersale.fields import ItemField, UnitsField
from actions.aftersale.fields_change import AddressField, ChangeField, NewSkuField
from actions.aftersale.order_flow import OrderFlow
from actions.figures import title_of
from bot.shop import AddressChange, BadQuantity, Cancellation, ItemChange, Refused
from bot.shop.adapters import systems

UNSHIPPED = ("pending_payment", "paid")


class NewQuantityField(UnitsField):
    """How many units the line shall have: never what it has now."""

    async def settle(self, case: Case) -> None:
        return None


class CancelOrder(OrderFlow):
    """取消订单; on its way the parcel is intercepted."""

    form, entries, statuses = "cancel_form", frozenset({"cancel_order"}), (*UNSHIPPED, "shipped")

    def name(self) -> str:
        return "action_cancel_order"

    async def carry_out(self, case: Case, key: str, preview: bool) -> Cancellation:
        no, reason = case.values["order_number"], case.get("note") or ""
        return await systems().orders.cancel(case.access, no, reason=reason, key=key, preview=preview)

    def question_for(self, case: Case, plan: Cancellation) -> str:
        if plan.stage == "intercepting":
            return "utter_confirm_intercept"
        return "utter_confirm_cancel" if plan.refund_fen else "utter_confirm_cancel_unpaid"

    def done_for(self, case: Case, result: Cancellation) -> str:
        if result.stage == "intercepting":
            return "utter_done_intercept"
        return "utter_done_cancel" if result.refund_fen else "utter_done_cancel_unpaid"

    def figures(self, case: Case, result: Cancellation) -> dict[str, Any]:
        more = self.words(result.ticket, "ticket_no", "promised_at") | self.words(result.refund, "channel")
        arrives = result.refund.expected_at if result.refund else None
        return {**super().figures(case, result), **more, "arrives": self.day(arrives)}


class ChangeOrder(OrderFlow):
    """改地址, 改规格, 改数量; everything else goes to a person with what was collected."""

    form, entries, statuses = "change_form", frozenset({"change_order"}), UNSHIPPED
    done_by = frozenset({"utter_done_address", "utter_done_item"})
    fields = (ChangeField(), ItemField(), AddressField(), NewSkuField(), NewQuantityField())

    def name(self) -> str:
        return "action_change_order"

    async def possible(self, case: Case) -> None:
        """Shipped or closed orders take no change; that the placeholder changes nothing does not matter."""
        assert case.order is not None
        sku = case.order.lines[0].sku
        try:
            await systems().orders.change_item(
                case.access, case.order.no, sku=sku, new_sku=sku, key="possible", preview=True
            )
        except Refused as refused:
            if refused.rule in ("order_closed", "change_shipped") and not self.for_person(case):
                raise

    def not_needed(self, case: Case) -> Collection[str]:
        goods, address = {"item", "new_sku", "units"}, {"new_address"}
        return {"address": goods, "item": address | {"units"}, "quantity": address | {"new_sku"}}.get(
            case.get("change") or "", goods | address if case.get("change") else ()
        )

    def for_person(self, case: Case) -> bool:
        return bool(case.get("change") == "other")

    async def carry_out(self, case: Case, key: str, preview: bool) -> AddressChange | ItemChange:
        no, orders = case.values["order_number"], systems().orders
        if case.get("change") == "address":
            city = case.get("new_city") or (case.order.city if case.order else "") or ""
            street = case.values["new_address"]
            return await orders.change_address(case.access, no, city=city, address=street, key=key, preview=preview)
        sku, units = case.values["item"], case.get("units") or None
        new = case.get("new_sku") or sku
        try:
            return await orders.change_item(
                case.access, no, sku=sku, new_sku=new, quantity=units, key=key, preview=preview
            )
        except BadQuantity as error:
            raise Refused("quantity", quantity=error.limit) from error

    def question_for(self, case: Case, plan: Any) -> str:
        if isinstance(plan, AddressChange):
            return "utter_confirm_address"
        return "utter_confirm_units" if plan.new_sku == plan.old_sku else "utter_confirm_item"

    def done_for(self, case: Case, result: Any) -> str:
        return "utter_done_address" if isinstance(result, AddressChange) else "utter_done_item"

    def figures(self, case: Case, result: Any) -> dict[str, Any]:
        shown = super().figures(case, result)
        if isinstance(result, ItemChange):
            shown |= {"new_title": title_of(result.new_sku), "amount": shown["amount_fen"]}
        return shown
