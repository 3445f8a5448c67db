"""At most one honest offer in a conversation, and what the customer makes of it.

`maybe_offer(dispatcher, tracker, situation)` may be called wherever an offer could fit: it says one or nothing, and
returns the events. Whether one fits is decided by `bot.shop.outreach`; the words are responses of domain.yml.
"""

import logging
from collections.abc import Collection
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.access import access_of
from actions.trials import variant_at
from bot.nlu.taxonomy import load_taxonomy
from bot.settings import get_settings
from bot.shop import ShopError
from bot.shop.adapters.running import answered
from bot.shop.outreach import TIMINGS, Mood, Timing, load_scripts, make_offer, silent_because
from bot.shop.outreach.words import figures_of

# Slots: the offer of this conversation ({id, response}), the product whose price was asked, asking and hesitating.
OFFERED, PRICED, HESITATING = "offered", "priced", "hesitating"

logger = logging.getLogger(__name__)
load_scripts()  # a mistake in segments or scripts is told at the start, not in a conversation


class OfferAtGreeting(Action):
    """After the greeting: an order about to end, goods that are back, or what the customer's segment is offered."""

    def name(self) -> str:
        return "action_offer_at_greeting"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        timing = await timing_for(tracker)
        return await maybe_offer(dispatcher, tracker, *timing.at_greeting)


class OfferAtHesitation(Action):
    """The price was asked and the customer hesitates: an offer for these goods, else what is said anyway."""

    def name(self) -> str:
        return "action_offer_at_hesitation"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        events = await maybe_offer(dispatcher, tracker, "price_hesitation")
        if not events:
            dispatcher.utter_message(response="utter_take_your_time")
        return [*events, SlotSet(HESITATING, None)]


async def maybe_offer(
    dispatcher: CollectingDispatcher, tracker: Tracker, *situations: str, product_id: str | None = None
) -> list[dict[str, Any]]:
    """Say one offer for the first of `situations` that has one, or nothing; the events that remember it.

    `product_id` is what a price_hesitation is about, by default the goods whose price was told last.

    The shop's systems being down is no reason to tell the customer anything here.
    """
    settings = get_settings()
    if silent_because(mood_of(tracker), settings.operations.emotion.soothe_score):
        return []
    # A coupon of ours means nothing to a shop whose orders or coupons live elsewhere.
    local_shop = settings.systems.crm.type == settings.systems.orders.type == "local"
    try:
        access = await access_of(tracker)
        product = product_id or tracker.get_slot(PRICED)
        made = await answered(
            "crm", make_offer, settings.shop_url, access, situations, product_id=product, discounts=local_shop
        )
    except ShopError as error:
        logger.warning("No offer: %s", error)
        return []
    if made is None:
        return []
    dispatcher.utter_message(response=made.response, **figures_of(made))
    return [SlotSet(OFFERED, {"id": made.id, "response": made.response})]


async def offer_after(
    done_by: Collection[str], dispatcher: CollectingDispatcher, tracker: Tracker
) -> list[dict[str, Any]]:
    """`maybe_offer` after a request that was resolved, as one of the responses `done_by` has just said."""
    said = {message.get("response") for message in dispatcher.messages}
    if not said & set(done_by):
        return []
    timing = await timing_for(tracker)
    return await maybe_offer(dispatcher, tracker, *timing.when_resolved)


async def timing_for(tracker: Tracker) -> Timing:
    """When the customer hears the offers of the greeting; only whom an offer could be said to takes part in a test."""
    usual = next(iter(TIMINGS.values()))
    if silent_because(mood_of(tracker), get_settings().operations.emotion.soothe_score):
        return usual
    try:
        access = await access_of(tracker)
    except ShopError:
        return usual
    if access.customer_id is None:
        return usual
    return TIMINGS.get(await variant_at("offer_timing", tracker, access) or "", usual)


async def offer_on_price(
    dispatcher: CollectingDispatcher, tracker: Tracker, product_id: str | None
) -> list[dict[str, Any]]:
    """After a price was told: remember whose, and to a customer who asked hesitating say an offer at once."""
    if product_id is None:
        return []
    events = [SlotSet(PRICED, product_id)]
    if tracker.get_slot("emotion") == "hesitant":
        events += await maybe_offer(dispatcher, tracker, "price_hesitation", product_id=product_id)
    return events


def mood_of(tracker: Tracker) -> Mood:
    """The conversation as far as it matters for offers."""
    return Mood(
        emotion=str(tracker.get_slot("emotion") or "calm"),
        score=int(tracker.get_slot("emotion_score") or 3),
        soothed=bool(tracker.get_slot("soothed")),
        complained=tracker.get_slot("base_intent") == "complaint" or _complained(tracker),
        handed_over=tracker.get_slot("handover") is not None,
        in_flow=tracker.active_loop_name is not None,
        offered=tracker.get_slot(OFFERED) is not None,
    )


def _complained(tracker: Tracker) -> bool:
    """Whether the conversation holds a complaint, however long ago it was answered."""
    base_of = load_taxonomy().base_of
    for event in reversed(tracker.events):
        if event.get("event") in ("session_started", "restart"):
            return False
        intent = ((event.get("parse_data") or {}).get("intent") or {}).get("name")
        if event.get("event") == "user" and base_of.get(str(intent)) == "complaint":
            return True
    return False
