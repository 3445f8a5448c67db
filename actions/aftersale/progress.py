"""Where the money is, how far a ticket got, how long the warranty lasts."""

import re
import unicodedata

from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.answering import OrderAnswer
from actions.aftersale.case import Case, figures_of, gather
from actions.aftersale.fields import named
from actions.aftersale.words import meaning
from actions.figures import CODES, day_of, in_words, title_of
from actions.knowledge import Consulted
from actions.memory import Events
from actions.phrases import phrase
from actions.turn import Turn
from bot.shop import NotFound, Order, Refund, Step, Ticket, format_fen
from bot.shop.adapters import systems

SHOWN, LOOKED_THROUGH = 3, 8
TICKET = "ticket_number"
_TICKET = re.compile(r"SH\d{9,18}")
FINISHED = ("done", "rejected", "withdrawn")


class AskRefund(OrderAnswer):
    """The stages of the refunds with their dates."""

    intent, in_general = "ask_refund", True

    def name(self) -> str:
        return "action_ask_refund"

    async def tell(self, dispatcher: CollectingDispatcher, case: Case, orders: list[Order]) -> Events:
        orders = orders[:LOOKED_THROUGH]
        found = await gather(*(systems().after_sale.refunds(case.access, order.no) for order in orders))
        refunds = sorted((r for some in found for r in some), key=lambda r: r.created_at, reverse=True)
        if not refunds:
            response = "utter_no_refund" if len(orders) == 1 else "utter_no_refunds"
            dispatcher.utter_message(response=response, **figures_of(orders[0]))
            return []
        under_way = [r for r in refunds if r.stage in ("waiting_return", "reviewing", "processing")]
        lines = "\n".join(_refund(refund) for refund in (under_way or refunds)[:SHOWN])
        dispatcher.utter_message(response="utter_refunds", refunds=lines)
        return []


def _refund(refund: Refund) -> str:
    stage = phrase(
        f"utter_part_refund_{refund.stage}", arrives=day_of(refund.expected_at) if refund.expected_at else ""
    )
    return phrase(
        "utter_part_refund", kind=CODES["refund_kind"][refund.kind], amount=format_fen(refund.amount_fen),
        channel=CODES["channel"].get(refund.channel, ""), stage=stage, order_number=refund.order_no,
        history=_history("stage", refund.history),
    )  # fmt: skip


def _history(name: str, steps: tuple[Step, ...]) -> str:
    """11月22日 待寄回商品 → 11月24日 退款处理中; nothing when it says no more than the status."""
    if len(steps) < 2:
        return ""
    words = [
        phrase("utter_part_history_step", day=day_of(s.at), step=CODES[name].get(s.status, s.status)) for s in steps
    ]
    return phrase("utter_part_history", steps=" → ".join(words))


class CheckTicket(OrderAnswer):
    """How far a return, exchange, repair or complaint got; asked to, it is taken back."""

    intent, in_general = "check_service_ticket", True

    def name(self) -> str:
        return "action_check_service_ticket"

    async def find(self, dispatcher: CollectingDispatcher, case: Case, consulted: Consulted | None) -> Events:
        turn = Turn(case.tracker)
        number = ticket_in(turn)
        if number:
            try:
                return self._tell(dispatcher, case, [await systems().after_sale.ticket(case.access, number)])
            except NotFound:
                dispatcher.utter_message(response="utter_ticket_not_found")
                return []
        if not named(turn, "order_number"):
            tickets = await systems().after_sale.tickets(case.access)
            if tickets:
                return self._tell(dispatcher, case, tickets)
        return await super().find(dispatcher, case, consulted)

    async def tell(self, dispatcher: CollectingDispatcher, case: Case, orders: list[Order]) -> Events:
        found = await gather(*(systems().after_sale.tickets(case.access, o.no) for o in orders[:LOOKED_THROUGH]))
        tickets = [ticket for some in found for ticket in some]
        if not tickets:
            dispatcher.utter_message(response="utter_no_tickets", **figures_of(orders[0]))
            return []
        return self._tell(dispatcher, case, tickets)

    def _tell(self, dispatcher: CollectingDispatcher, case: Case, tickets: list[Ticket]) -> Events:
        turn = Turn(case.tracker)
        under_way = [t for t in tickets if t.status not in FINISHED and t.kind != "urge"]
        shown = (under_way or tickets)[:SHOWN]
        wants_back = named(turn, "withdraw") or (turn.text and meaning("withdraw", turn.text))
        if wants_back and len(shown) == 1 and not case.tracker.active_loop_name:
            return [SlotSet(TICKET, shown[0].no), FollowupAction("withdraw_form")]
        buttons = []
        if len(shown) == 1 and shown[0].status in ("submitted", "approved"):
            buttons = [_button("utter_part_withdraw", shown[0], withdraw=True)]
        elif len(shown) > 1:
            buttons = [_button("utter_part_ticket_button", t, withdraw=bool(wants_back)) for t in shown]
        response = "utter_which_ticket_back" if wants_back and len(shown) > 1 else "utter_tickets"
        dispatcher.utter_message(response=response, tickets="\n".join(_ticket(t) for t in shown), buttons=buttons)
        return []


def ticket_in(turn: Turn) -> str | None:
    """The ticket's number in a message or on a button."""
    button = named(turn, "ticket")
    written = _TICKET.search(unicodedata.normalize("NFKC", turn.written).upper())
    return button[:40] if button else written.group() if written else None


def _button(title: str, ticket: Ticket, withdraw: bool) -> dict[str, str]:
    more = ', "withdraw": "yes"' if withdraw else ""
    shown = phrase(
        title, kind=CODES["ticket_kind"][ticket.kind], goods=title_of(ticket.sku) if ticket.sku else ticket.no
    )
    return {"title": shown, "payload": f'/check_service_ticket{{"ticket": "{ticket.no}"{more}}}'}


def _ticket(ticket: Ticket) -> str:
    words = in_words(ticket)
    promised = phrase("utter_part_promised", when=words["promised_at"]) if words["promised_at"] else ""
    return phrase(
        "utter_part_ticket", kind=CODES["ticket_kind"][ticket.kind], ticket_no=ticket.no, status=words["status"],
        goods=phrase("utter_part_ticket_goods", goods=title_of(ticket.sku)) if ticket.sku else "", promised=promised,
        history=_history("status", ticket.history),
    )  # fmt: skip
