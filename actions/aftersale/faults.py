"""Flows about goods that are wrong or broken: problems with a parcel, repairs."""

from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.case import Case
from actions.aftersale.fields import ItemField, ReasonField
from actions.aftersale.order_flow import OrderFlow
from actions.aftersale.photos import PhotosField, sent_since, store
from actions.phrases import phrase
from bot.shop import Ticket
from bot.shop.adapters import systems

SIGNED = ("delivered", "completed")
FAULTY = ("quality", "wrong_item", "missing", "damaged")


class ReportProblem(OrderFlow):
    """少发, 发错, 破损, 有质量问题: a ticket with photos for a person to judge."""

    form, entries, statuses = "problem_form", frozenset({"report_item_problem"}), SIGNED
    fields = (ItemField(), ReasonField(*FAULTY), PhotosField())
    question = "utter_confirm_problem"

    def name(self) -> str:
        return "action_report_problem"

    async def possible(self, case: Case) -> None:
        await self.carry_out(case.with_values(reason="quality"), "possible", True)

    async def carry_out(self, case: Case, key: str, preview: bool) -> Ticket:
        return await systems().after_sale.report_problem(
            case.access, case.values["order_number"], sku=case.values["item"], reason=case.values["reason"],
            note=case.get("note") or "", key=key, preview=preview,
        )  # fmt: skip

    def figures(self, case: Case, result: Ticket) -> dict[str, Any]:
        count = int(case.get("photos") or 0)
        shown = phrase("utter_part_with_photos", count=count) if count else ""
        return {**super().figures(case, result), "photos": shown}

    def done_for(self, case: Case, result: Ticket) -> str:
        return "utter_done_problem" if case.get("photos") else "utter_done_problem_no_photo"

    async def afterwards(self, dispatcher: CollectingDispatcher, case: Case, result: Ticket) -> None:
        await store(dispatcher, case, result, sent_since(case.tracker, self.form))


class RequestRepair(OrderFlow):
    """保修期内报修."""

    about, ruled = False, False  # action_ask_warranty has answered those
    form, entries, statuses = "repair_form", frozenset({"ask_warranty"}), SIGNED
    fields = (ItemField(),)
    question, done = "utter_confirm_repair", "utter_done_repair"

    def name(self) -> str:
        return "action_request_repair"

    async def carry_out(self, case: Case, key: str, preview: bool) -> Ticket:
        return await systems().after_sale.request_repair(
            case.access, case.values["order_number"], sku=case.values["item"], note=case.get("note") or "", key=key,
            preview=preview,
        )  # fmt: skip

    async def possible(self, case: Case) -> None:
        await self.carry_out(case, "possible", True)
