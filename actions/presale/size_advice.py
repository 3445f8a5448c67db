"""The size that the chart advises, its stock, and honest words where none fits."""

from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from actions.answering import ask_shop
from actions.cards import SHOWN, inform
from actions.phrases import phrase
from actions.presale.measures import Measured, body_in_words, has_sizes, wanted_measures
from bot.nlu.body import Measure
from bot.settings import get_settings
from bot.shop import Catalogue, Product, current_catalogue
from bot.shop.adapters import systems
from bot.shop.presale import SizeAdvice, advise_size


async def advise(dispatcher: CollectingDispatcher, product_id: str, known: Measured, colour: str | None) -> str | None:
    """Say the size, its stock, and what to do between two sizes or beyond the chart; the size.

    Raises:
        SystemDown: shop, inventory.
    """
    url = get_settings().shop_url
    catalogue = current_catalogue(url)
    product = catalogue.products[product_id]
    wanted: list[Measure] = await ask_shop(wanted_measures, url, product_id)
    advice = await ask_shop(
        advise_size, url, product_id, height_cm=known.get("height"), weight_kg=known.get("weight"),
        foot_mm=known.get("foot"), colour=colour,
    )  # fmt: skip
    figures = {"product": product.name, "body": body_in_words(known, wanted), "chart": chart_in_words(advice)}
    if not wanted:
        dispatcher.utter_message(response=_without_chart(catalogue, product), **figures)
    elif advice.size is None:
        beyond = await ask_shop(_beyond, url, product_id, {m: known[m] for m in wanted if m in known})
        responses = {(): "utter_size_chart", ("small",): "utter_size_too_small", ("large",): "utter_size_too_large"}
        dispatcher.utter_message(response=responses.get(beyond, "utter_size_beyond"), **figures)
    else:
        await _tell_size(dispatcher, catalogue, product, advice, colour, figures)
    return advice.size


async def _tell_size(
    dispatcher: CollectingDispatcher, catalogue: Catalogue, product: Product, advice: SizeAdvice, colour: str | None,
    figures: dict[str, str],
) -> None:  # fmt: skip
    size = str(advice.size)
    variants = catalogue.narrow(product.id, size=size, colour=colour)
    stock = {s.sku: s.available for s in await systems().inventory.stock([v.sku for v in variants])}
    units = sum(stock.values())
    buttons = [inform(v.label, sku=v.sku) for v in variants if stock.get(v.sku)][:SHOWN]
    response = "utter_size_between" if advice.between else "utter_size"
    has = "utter_part_size_in_stock" if units else "utter_part_size_sold_out"
    dispatcher.utter_message(
        response=response,
        size=size,
        smaller=advice.between[0] if advice.between else "",
        stock=phrase(has, size=size, number=units, unit=product.unit),
        buttons=buttons,
        **figures,
    )


def _beyond(url: str, product_id: str, known: dict[str, float]) -> tuple[str, ...]:
    """On which sides of the chart the single measures lie."""
    names = {"height": "height_cm", "weight": "weight_kg", "foot": "foot_mm"}
    sides: set[str] = set()
    for measure, value in known.items():
        given: dict[str, Any] = {names[measure]: value}
        sides.add(advise_size(url, product_id, **given).beyond)
    return tuple(sorted(sides - {""}))


def chart_in_words(advice: SizeAdvice) -> str:
    """The chart, a size a line: M：身高155-170厘米，体重100-120斤."""
    lines = []
    for size, ranges in (advice.chart or {}).items():
        pieces = []
        for measure, (low, high) in ranges.items():
            times = 2 if measure == "weight" else 1
            pieces.append(phrase(f"utter_part_range_{measure}", low=f"{low * times:g}", high=f"{high * times:g}"))
        lines.append(phrase("utter_part_chart_line", size=size, ranges=phrase("utter_part_comma").join(pieces)))
    return "\n".join(lines)


def _without_chart(catalogue: Catalogue, product: Product) -> str:
    return "utter_size_without_chart" if has_sizes(catalogue, product.id) else "utter_size_of_one"
