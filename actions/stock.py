"""The stock flow's questions: which product, which variant, and the real figures of its stock."""

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import FormQuestion
from actions.cards import (
    SHOWN,
    cards,
    inform,
    nearest_products,
    product_buttons,
    suggestions,
    variant_buttons,
)
from actions.memory import Events
from actions.offer_outcomes import remember_sold_out
from actions.phrases import moment, phrase
from actions.turn import Turn
from actions.wish import Notice, Wish, named_label, source_of
from bot.settings import get_settings
from bot.shop import Catalogue, Variant, WarehouseStock, availability, current_catalogue, nearest_variants


class AskWhich(Action):
    """Asks for product or variant, saying first why it has to."""

    def name(self) -> str:
        return "action_ask_stock_form_sku"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        notice = tracker.get_slot("notice") or {}
        ask_which(dispatcher, tracker, notice)
        if notice.get("kind") in ("sold_out", "taken"):
            await remember_sold_out(tracker, notice["sku"])
        return []


class AskStock(FormQuestion):
    """您咨询的是…版本吗？当前…仓库有…现货."""

    def name(self) -> str:
        return "action_ask_stock_form_stock_confirmed"

    async def act(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
        url = get_settings().shop_url
        wish = Wish.of(tracker)
        found = await source_of(wish)
        if found is None:
            return sold_out_meanwhile(dispatcher, tracker, wish)
        catalogue = current_catalogue(url)
        variant = catalogue.variants[str(wish.sku)]
        say_notice(dispatcher, tracker, variant.unit)
        if _comes_from_afar(found, wish, catalogue):
            dispatcher.utter_message(response="utter_other_warehouse", city=wish.city, warehouse=found.warehouse_name)
        few = found.available <= get_settings().operations.orders.low_stock
        dispatcher.utter_message(
            response=_question_about(variant, catalogue),
            product=variant.product.name,
            variant=named_label(variant, wish.attributes),
            warehouse=found.warehouse_name,
            has=phrase("utter_part_has_few" if few else "utter_part_has"),
            available=found.available,
            unit=variant.unit,
            ship_by=moment(found.ship_by),
        )
        return [SlotSet("notice", None)]


def _question_about(variant: Variant, catalogue: Catalogue) -> str:
    if len(catalogue.narrow(variant.product.id)) == 1:
        return "utter_ask_stock_plain"
    return "utter_ask_stock" if "storage" in variant.attributes else "utter_ask_stock_kind"


def sold_out_meanwhile(dispatcher: CollectingDispatcher, tracker: Tracker, wish: Wish) -> Events:
    """The last unit went while the customer was asked: offer others and wait for the choice."""
    notice = {"kind": "sold_out", "sku": wish.sku}
    ask_which(dispatcher, tracker, notice)
    emptied = [SlotSet(name, None) for name in ("sku", "stock_confirmed", "confirmed", "offer")]
    return [*emptied, SlotSet("notice", notice), SlotSet("requested_slot", "sku")]


def say_notice(dispatcher: CollectingDispatcher, tracker: Tracker, unit: str) -> None:
    """Tell what was adjusted before the question: the quantity or the price."""
    notice = tracker.get_slot("notice") or {}
    responses = {
        "short": "utter_quantity_short",
        "limit": "utter_quantity_limit",
        "price_changed": "utter_price_changed",
    }
    if notice.get("kind") in responses:
        dispatcher.utter_message(response=responses[notice["kind"]], number=notice.get("number"), unit=unit)


def ask_which(dispatcher: CollectingDispatcher, tracker: Tracker, notice: Notice) -> None:
    """Ask which product or variant is meant, with what fits the `notice` as buttons or cards."""
    url = get_settings().shop_url
    catalogue = current_catalogue(url)
    wish = Wish.of(tracker)
    kind = notice.get("kind")
    if kind == "unknown":
        near = nearest_products(notice["text"], catalogue)
        ids = [p.id for p in near] or suggestions(catalogue, url)
        _show_products(dispatcher, "utter_unknown_product", ids, catalogue, url, wanted=notice["text"])
    elif kind == "several":
        _show_products(dispatcher, "utter_ask_which_of", notice["products"], catalogue, url)
    elif kind in ("sold_out", "taken"):
        _offer_instead(dispatcher, notice, catalogue, url)
    elif wish.product:
        responses = {"denied": "utter_ask_other_variant", "no_such_variant": "utter_no_such_variant"}
        dispatcher.utter_message(
            response=responses.get(str(kind), "utter_ask_variant"),
            product=catalogue.products[wish.product].name,
            wanted=notice.get("text", ""),
            buttons=variant_buttons(wish, catalogue, url),
        )
    else:
        text = Turn(tracker).text
        name = "utter_ask_other_product" if kind == "denied" else "utter_ask_product"
        _show_products(dispatcher, name, suggestions(catalogue, url, text, wish.attributes), catalogue, url)


def _show_products(
    dispatcher: CollectingDispatcher, response: str, ids: list[str], catalogue: Catalogue, url: str, **variables: str
) -> None:
    buttons = product_buttons(catalogue.products[i] for i in ids)
    dispatcher.utter_message(response=response, buttons=buttons, json_message=cards(url, ids), **variables)


def _offer_instead(dispatcher: CollectingDispatcher, notice: Notice, catalogue: Catalogue, url: str) -> None:
    variant = catalogue.variants[notice["sku"]]
    restock = availability(url, variant.sku).restock_date
    others = [a.variant for a in nearest_variants(url, variant.sku)]
    if others:
        buttons = [inform(v.label, sku=v.sku) for v in others]
        ids = [v.sku for v in others]
        suggest = phrase("utter_part_other_variants", product=variant.product.name)
    else:
        ids = [i for i in suggestions(catalogue, url, variant.product.category) if i != variant.product.id][:SHOWN]
        buttons = product_buttons(catalogue.products[i] for i in ids)
        suggest = phrase("utter_part_other_products", category=variant.product.category) if ids else ""
    dispatcher.utter_message(
        response="utter_just_taken" if notice["kind"] == "taken" else "utter_sold_out",
        title=variant.title,
        restock=phrase("utter_part_restock", month=restock.month, day=restock.day) if restock else "",
        suggest=suggest,
        buttons=buttons,
        json_message=cards(url, ids),
    )


def _comes_from_afar(found: WarehouseStock, wish: Wish, catalogue: Catalogue) -> bool:
    """Whether a warehouse serves the customer's city, but another one has to send."""
    if not wish.city:
        return False
    places = {wish.city, catalogue.cities.get(wish.city, wish.city)}
    serving = {w.id for w in catalogue.warehouses.values() if w.city == wish.city or places & set(w.regions)}
    return bool(serving) and found.warehouse_id not in serving
