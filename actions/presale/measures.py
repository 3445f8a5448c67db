"""What a size chart wants to know of a body, and what the customer has said of it."""

from collections.abc import Mapping
from typing import Any

from actions.phrases import phrase
from actions.turn import Turn
from bot.nlu.body import Body, Measure, read_body
from bot.shop import Catalogue
from bot.shop.presale import advise_size

MEASURES: tuple[Measure, ...] = ("height", "weight", "foot")
Measured = dict[str, float]


def wanted_measures(url: str, product_id: str) -> list[Measure]:
    """The measures that the product's chart has; none without a chart."""
    chart = advise_size(url, product_id).chart or {}
    return [measure for measure in MEASURES if any(measure in ranges for ranges in chart.values())]


def said_of_body(turn: Turn) -> str:
    """The words without products and their numbers: 110 may be a size as well as a weight, so sizes stay."""
    text = turn.text
    names = [e for e in turn.entities if e.get("entity") in ("product", "variant") and "start" in e]
    for entity in sorted(names, key=lambda e: -int(e["start"])):
        text = f"{text[: entity['start']]} {text[entity['end'] :]}"
    return text


def with_body(before: Mapping[str, Any] | None, text: str, asked: Measure | None = None) -> Measured:
    """The measures known before, and those that `text` adds or corrects."""
    return {**(before or {}), **_values(read_body(text, asked))}


def _values(body: Body) -> Measured:
    values = {"height": body.height_cm, "weight": body.weight_kg, "foot": body.foot_mm}
    return {name: value for name, value in values.items() if value is not None}


def missing_measures(wanted: list[Measure], known: Mapping[str, Any]) -> list[Measure]:
    """Those still to be asked for."""
    return [measure for measure in wanted if measure not in known]


def body_in_words(known: Mapping[str, float], wanted: list[Measure]) -> str:
    """身高165厘米、体重130斤."""
    pieces = []
    for measure in wanted:
        if measure in known:
            value = known[measure] * (2 if measure == "weight" else 1)
            pieces.append(phrase(f"utter_part_measured_{measure}", value=f"{value:g}"))
    return phrase("utter_part_comma").join(pieces)


def has_sizes(catalogue: Catalogue, product_id: str) -> bool:
    """Whether the product comes in sizes at all."""
    return any("size" in variant.attributes for variant in catalogue.narrow(product_id))
