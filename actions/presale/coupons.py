"""怎么领券: which coupons help, and claiming one by its button or by its name."""

from collections.abc import Sequence

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.access import access_of
from actions.answering import ask_shop
from actions.answers import asks, is_question
from actions.cards import Button
from actions.phrases import last_day, phrase
from actions.presale.question import Question
from actions.turn import Turn
from actions.words import named_in, says
from bot.shop import Coupon, Refused, Variant, format_fen
from bot.shop.adapters import systems
from bot.shop.presale import price_basket

COUPON = "coupon"  # the entity of a button that claims one


async def usable_coupons(
    question: Question, variant: Variant, quantity: int, coupons: Sequence[Coupon]
) -> list[Coupon]:
    """Those still to be claimed that would take something off these goods."""
    found = []
    for coupon in coupons:
        if not coupon.claimed and await _would_help(question, variant, quantity, coupon):
            found.append(coupon)
    return found


async def _would_help(question: Question, variant: Variant, quantity: int, coupon: Coupon) -> bool:
    as_owned = Coupon(**{**vars(coupon), "claimed": True})
    try:
        await ask_shop(price_basket, question.url, {variant.sku: quantity}, coupons=[as_owned], coupon_id=as_owned.id)
    except Refused as refused:
        return refused.rule == "coupon_minimum"
    return True


def claim_buttons(coupons: Sequence[Coupon]) -> list[Button]:
    """A button for each coupon still to be claimed."""
    return [
        {
            "title": phrase("utter_part_claim", name=coupon.name),
            "payload": f'/ask_promotion{{"{COUPON}": "{coupon.promotion_id}"}}',
        }
        for coupon in coupons
        if not coupon.claimed
    ]


async def wanted_coupon(tracker: Tracker) -> str | None:
    """The promotion of the coupon that a button claims, or the words: by its name, or the only one there is.

    Raises:
        SystemDown: crm.
    """
    turn = Turn(tracker)
    if turn.is_button:
        values = [e.get("value") for e in turn.entities if e.get("entity") == COUPON]
        return next((value for value in values if isinstance(value, str)), None)
    if not says("claim", turn.text) or is_question(turn.text) or asks(turn.text):
        return None
    coupons = [c for c in await systems().crm.coupons(await access_of(tracker)) if not c.claimed and c.promotion_id]
    named = [coupon for coupon in coupons if named_in(coupon.name, turn.text)]
    fitting = named or coupons
    return str(fitting[0].promotion_id) if len(fitting) == 1 else None


async def claim(dispatcher: CollectingDispatcher, tracker: Tracker, promotion_id: str) -> None:
    """Claim the coupon; however often the button is pressed, once.

    Raises:
        Refused: coupon_….
        SystemDown: crm.
    """
    access = await access_of(tracker)
    key = f"{tracker.sender_id}:claim:{promotion_id}"
    coupon = await systems().crm.claim_coupon(access, promotion_id, key=key)
    dispatcher.utter_message(
        response="utter_coupon_claimed",
        name=coupon.name,
        over=format_fen(coupon.over_fen),
        minus=format_fen(coupon.minus_fen),
        until=last_day(coupon.expires_at),
    )
