"""有优惠吗, 怎么领券: what truly applies to this customer and these goods, and what is nearly reached."""

from datetime import timedelta

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.access import access_of
from actions.answering import ask_shop
from actions.memory import Events
from actions.phrases import day, last_day, phrase
from actions.presale.answer import Lack, PresaleAnswer
from actions.presale.coupons import claim, claim_buttons, usable_coupons, wanted_coupon
from actions.presale.question import Question
from bot.clock import now
from bot.shop import Access, Coupon, format_fen
from bot.shop.adapters import systems
from bot.shop.presale import Basket, Campaign, campaigns, price_basket

SHOWN = 5
FAR = timedelta(days=60)  # an end so far off is not worth a word


class AnswerPromotion(PresaleAnswer):
    """For goods: their price after offers and the customer's coupon; else what is on. A button claims a coupon."""

    intent = "ask_promotion"

    def name(self) -> str:
        return "action_answer_promotion"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        wanted = await wanted_coupon(tracker)
        if wanted:
            await claim(dispatcher, tracker, wanted)
            return []
        return await super().act(dispatcher, tracker)

    async def knows(self, question: Question) -> bool:
        return True  # what is on holds for all goods

    async def tell(self, dispatcher: CollectingDispatcher, question: Question) -> Lack | None:
        access = await access_of(question.tracker)
        coupons = await systems().crm.coupons(access)
        variant = question.variant
        found = await ask_shop(campaigns, question.url, variant.product.id if variant else None)
        lines = [_campaign(campaign) for campaign in found][:SHOWN]
        if variant is None:
            lines += [_own(coupon) for coupon in coupons if coupon.claimed]
            response = "utter_promotions" if lines else "utter_no_promotions"
            dispatcher.utter_message(
                response=response, offers="\n".join(lines), buttons=claim_buttons(coupons), coupons=_for_guests(access)
            )
            return "product"
        quantity = question.wish.quantity
        basket = await ask_shop(price_basket, question.url, {variant.sku: quantity}, coupons=coupons)
        told = [*taken_off(basket), *[_missed(m.name, m.short_fen, m.saves_fen) for m in basket.missed]]
        counted = {offer.promotion_id for offer in basket.offers} | {m.promotion_id for m in basket.missed}
        told += [_campaign(c) for c in found if c.id not in counted][:SHOWN]
        usable = await usable_coupons(question, variant, quantity, coupons)
        dispatcher.utter_message(
            response="utter_promotion" if told else "utter_no_promotion",
            title=variant.title,
            quantity=quantity,
            unit=variant.unit,
            amount=format_fen(basket.payable_fen),
            offers="\n".join(told),
            coupons=_for_guests(access),
            buttons=claim_buttons(usable),
        )
        return None

    def ask(self, dispatcher: CollectingDispatcher, question: Question, lack: Lack) -> None:
        """The answer about everything asks for the goods itself."""


def taken_off(basket: Basket) -> list[str]:
    """Each offer and the coupon that the basket's price counts already, with what it takes off."""
    told = []
    for offer in basket.offers:
        name = "utter_part_offer" if offer.saved_fen else "utter_part_gift"
        told.append(phrase(name, name=offer.name, amount=format_fen(offer.saved_fen)))
    if basket.coupon:
        amount = basket.saved_fen - sum(offer.saved_fen for offer in basket.offers)
        told.append(phrase("utter_part_coupon_used", name=basket.coupon.name, amount=format_fen(amount)))
    return told


def _campaign(campaign: Campaign) -> str:
    if campaign.running and campaign.ends_at - now() > FAR:
        return phrase("utter_part_campaign_long", name=campaign.name)
    if campaign.running:
        return phrase("utter_part_campaign", name=campaign.name, until=last_day(campaign.ends_at))
    return phrase(
        "utter_part_campaign_ahead", name=campaign.name, start=day(campaign.starts_at), until=last_day(campaign.ends_at)
    )


def _own(coupon: Coupon) -> str:
    return phrase("utter_part_own_coupon", name=coupon.name, until=last_day(coupon.expires_at))


def _missed(name: str, short_fen: int, saves_fen: int) -> str:
    return phrase("utter_part_missed", name=name, short=format_fen(short_fen), saves=format_fen(saves_fen))


def _for_guests(access: Access) -> str:
    return "" if access.customer_id else phrase("utter_part_coupons_for_members")
