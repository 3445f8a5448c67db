"""Which order, and whether this customer may use it: by account, else by order number and the phone's last digits."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.case import Case, find, recent
from actions.aftersale.fields import named
from actions.aftersale.words import meanings
from actions.answers import made_of, plain, read_choice
from actions.heard import listen
from actions.phrases import moment
from actions.turn import ANSWER_INTENTS, Turn
from bot.settings import get_settings
from bot.shop import Order, current_catalogue
from bot.shop.adapters import verify_owner

UNPROVEN, PHONE = "unproven_order", "phone_tail"
_NUMBER = re.compile(r"(?<![0-9A-Z])[A-Z]{0,4}\d{6,20}(?![0-9A-Z])")
_LAST4 = re.compile(r"(?<!\d)(?:\d{7})?(\d{4})(?!\d)")
_SUFFIX = re.compile(r"(?<!\d)\d{3,6}(?!\d)")


@dataclass(frozen=True)
class Found:
    """One `order`; else `unproven`, a number to be checked first; else nothing was named."""

    order: Order | None = None
    unproven: str | None = None

    @property
    def named(self) -> bool:
        """Whether the message names an order."""
        return self.order is not None or self.unproven is not None


def number_in(turn: Turn, asked: bool) -> str | None:
    """The order number that a message names."""
    number = named(turn, "order_number")
    if number is None and asked:
        written = _NUMBER.search(unicodedata.normalize("NFKC", turn.written).upper().replace(" ", ""))
        number = written.group() if written else None
    return number[:40] if number else None


async def named_order(turn: Turn, case: Case, asked: bool, statuses: Collection[str]) -> Found:
    """The order that the message names by its number, or, where it was asked for, by place, last digits or goods."""
    number = number_in(turn, asked)
    if number:
        order = await find(case.access, number)
        if order is None and asked and number.isdecimal() and len(number) <= 6:
            order = await _among_own(turn, case, statuses)
        return Found(order, None if order else number)
    if asked or _mentions_goods(turn):
        order = await _among_own(turn, case, statuses, only_goods=not asked)
        return Found(order)
    return Found()


def _mentions_goods(turn: Turn) -> bool:
    return turn.activating and any(e.get("entity") in ("product", "sku") for e in turn.entities)


async def _among_own(turn: Turn, case: Case, statuses: Collection[str], only_goods: bool = False) -> Order | None:
    """One of the customer's own orders, as the buttons offered them."""
    fitting, every = await recent(case.access, statuses)
    offered = fitting or every
    heard = listen(turn, current_catalogue(get_settings().shop_url))
    by_goods = [o for o in offered if any(x.product_id in heard.products or x.sku == heard.sku for x in o.lines)]
    if len(by_goods) == 1:
        return by_goods[0]
    if only_goods:
        return None
    place = read_choice(turn.written)
    if place is not None:
        return offered[place] if place < len(offered) else None
    tail = _SUFFIX.search(unicodedata.normalize("NFKC", turn.written))
    if tail:
        by_tail = [o for o in every if o.no.endswith(tail.group())]
        return by_tail[0] if len(by_tail) == 1 else None
    words = plain(turn.written)
    by_name = [o for o in offered if len(words) >= 2 and any(words in plain(x.name + x.label) for x in o.lines)]
    return by_name[0] if len(by_name) == 1 else None


async def only_order(case: Case, statuses: Collection[str]) -> Order | None:
    """The order to take without asking: the one talked about before if it fits, else the only one that fits."""
    fitting, every = await recent(case.access, statuses)
    before = case.tracker.get_slot("current_order")
    talked_about = next((order for order in fitting if order.no == before), None)
    if talked_about:
        return talked_about
    candidates = fitting or every  # one that does not fit is refused by the rule, which says why
    return candidates[0] if len(candidates) == 1 else None


def wants_other_order(turn: Turn) -> bool:
    """Whether the customer says that another order is meant."""
    return named(turn, "correct") == "order_number" or "order_number" in meanings("correct", turn.text)


def digits_in(turn: Turn) -> str | None:
    """The last four digits of a phone in the message, also from a whole number; None where it holds something else."""
    text = unicodedata.normalize("NFKC", turn.written)
    found = _LAST4.findall(text)
    only = len(text.strip()) <= 24 and (turn.intent in ANSWER_INTENTS or not turn.sure or made_of(text, "filler"))
    return (
        found[0] if len(found) == 1 and (only or re.fullmatch(r"\D{0,6}(\d{4}|\d{11})\D{0,3}", text.strip())) else None
    )


async def check_phone(dispatcher: CollectingDispatcher, case: Case, number: str, digits: str) -> str:
    """Check the digits, telling what came of it: granted, wrong, locked or malformed."""
    checked = await verify_owner(case.access.channel, case.access.account, number, digits)
    if checked.status == "wrong":
        response = "utter_identity_wrong" if checked.tries_left else "utter_identity_wrong_last"
        dispatcher.utter_message(response=response, left=checked.tries_left)
    elif checked.status == "locked":
        until = moment(checked.locked_until) if checked.locked_until else ""
        dispatcher.utter_message(response="utter_identity_locked", until=until)
    elif checked.status == "malformed":
        dispatcher.utter_message(response="utter_identity_malformed")
    return checked.status
