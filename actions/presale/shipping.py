"""包邮吗, 新疆能送吗, 几天能到: what shipping costs, who brings it and when, by goods and place."""

from abc import abstractmethod
from dataclasses import dataclass

from rasa_sdk.executor import CollectingDispatcher

from actions.answering import ask_shop
from actions.phrases import day, moment, phrase
from actions.presale.answer import Lack, PresaleAnswer
from actions.presale.question import Place, Question
from bot.shop import Refused, Variant, WarehouseStock, format_fen
from bot.shop.adapters import systems
from bot.shop.presale import ShippingQuote, ShippingTerms, price_basket, shipping_quote, shipping_terms


@dataclass(frozen=True)
class Shipment:
    """The goods, where to, and what the shop's rules say; `source` is None when they are sold out."""

    variant: Variant
    quantity: int
    place: Place
    quote: ShippingQuote
    source: WarehouseStock | None

    @property
    def figures(self) -> dict[str, object]:
        """The variables that the responses of this module share."""
        quote = self.quote
        return {
            "title": self.variant.title,
            "city": self.place.name,
            "warehouse": quote.warehouse_name,
            "carrier": quote.carrier or phrase("utter_part_carrier"),
            "fee": format_fen(quote.fee_fen),
            "ship_by": moment(quote.ship_by),
            "arrival": arrival(quote),
        }


class ShippingAnswer(PresaleAnswer):
    """Says in general how the shop ships until goods and place are known, then what holds for them."""

    async def tell(self, dispatcher: CollectingDispatcher, question: Question) -> Lack | None:
        place, variant = question.place, question.variant
        if place is None or variant is None:
            if question.waiting and variant is None:
                return "both" if place is None else "product"  # what holds in general was said before
            terms = await ask_shop(shipping_terms, question.url)
            await self.tell_in_general(dispatcher, question, terms)
            return "both" if not (place or variant) else "city" if variant else "product"
        lines = {variant.sku: question.wish.quantity}
        stock = await systems().inventory.availability(variant.sku, place.city)
        basket = await ask_shop(price_basket, question.url, lines)
        warehouse = stock.best.warehouse_id if stock.best else None
        try:
            quote = await ask_shop(
                shipping_quote, question.url, lines, place.city, goods_fen=basket.payable_fen, warehouse_id=warehouse
            )
        except Refused as refused:
            raise Refused(refused.rule, **{**refused.figures, "city": place.name}) from None
        self.tell_for(dispatcher, question, Shipment(variant, question.wish.quantity, place, quote, stock.best))
        return None

    @abstractmethod
    def tell_for(self, dispatcher: CollectingDispatcher, question: Question, shipment: Shipment) -> None:
        """Say what holds for these goods and this place."""

    @abstractmethod
    async def tell_in_general(
        self, dispatcher: CollectingDispatcher, question: Question, terms: ShippingTerms | None
    ) -> None:
        """Say what holds for most."""


class AnswerShippingFee(ShippingAnswer):
    """包邮吗: the fee, and what is missing to free shipping."""

    intent = "ask_shipping_fee"

    def name(self) -> str:
        return "action_answer_shipping_fee"

    def tell_for(self, dispatcher: CollectingDispatcher, question: Question, shipment: Shipment) -> None:
        quote = shipment.quote
        if not quote.fee_fen:
            over = phrase("utter_part_free_over", amount=format_fen(quote.free_over_fen)) if quote.free_over_fen else ""
            dispatcher.utter_message(response="utter_shipping_free", threshold=over, **shipment.figures)
            return
        short = phrase("utter_part_free_short", amount=format_fen(quote.short_fen)) if quote.free_over_fen else ""
        dispatcher.utter_message(response="utter_shipping_fee", missing=short, **shipment.figures)

    async def tell_in_general(
        self, dispatcher: CollectingDispatcher, question: Question, terms: ShippingTerms | None
    ) -> None:
        if terms is None:
            dispatcher.utter_message(response="utter_shipping_always_free")
            return
        dispatcher.utter_message(
            response="utter_shipping_terms" if terms.free_over_fen else "utter_shipping_terms_without_threshold",
            threshold=format_fen(terms.free_over_fen or 0),
            fee_from=format_fen(terms.fee_from_fen),
            fee_to=format_fen(terms.fee_to_fen),
        )


def arrival(quote: ShippingQuote) -> str:
    """The day or days of arrival in words."""
    first, last = quote.earliest_on, quote.latest_on
    if first == last:
        return day(first)
    return phrase("utter_part_days", first=day(first), last=day(last))
