"""Answers about what an order or its goods shall become: what to change, the new address, the new variant."""

from typing import Any

from actions.aftersale.case import Case
from actions.aftersale.fields import Field, catalogue, hear, named
from actions.aftersale.words import meaning, pattern
from actions.answers import is_question, plain
from actions.turn import ANSWER_INTENTS, Turn
from bot.shop import Variant

KINDS = ("address", "item", "quantity", "other")
SHORTEST_STREET = 4


class ChangeField(Field):
    """What to change: the address, the variant, the quantity; everything else is for a person."""

    name = "change"

    def read(self, turn: Turn, case: Case, asked: bool) -> str | None:
        button = named(turn, "change")
        if button in KINDS:
            return button
        found, heard = meaning("change", turn.text) if turn.text else None, hear(turn)
        if found:
            return found
        if heard.city:
            return "address"
        if heard.attributes:
            return "item"
        if heard.quantity:
            return "quantity"
        return "address" if asked and pattern("place").search(turn.text) else None


class AddressField(Field):
    """The new street; the city goes into a slot of its own, without one it stays the order's."""

    name = "new_address"

    def read(self, turn: Turn, case: Case, asked: bool) -> str | None:
        street = _street(turn)
        means_it = asked or pattern("address_lead").search(turn.written) or hear(turn).city
        return street if street and means_it and not self._elsewhere(turn, asked) else None

    def extra(self, turn: Turn, case: Case, asked: bool) -> dict[str, Any]:
        city = hear(turn).city
        takes = asked or turn.activating or turn.intent in ANSWER_INTENTS | {"change_order"}
        if not city or not takes or city == case.get("new_city"):
            return {}
        return {"new_city": city, "new_address": None}  # a street belongs to its city

    def _elsewhere(self, turn: Turn, asked: bool) -> bool:
        """Whether the words belong to another question, as 新疆能送吗."""
        mine = ANSWER_INTENTS | {"change_order"}
        return is_question(turn.text) if asked else not (turn.activating or turn.intent in mine)


def _street(turn: Turn) -> str | None:
    """The street of an address as customers write it: 地址改成上海市滨河路99号吧."""
    text = turn.written.strip()
    city = next((e for e in turn.entities if e.get("entity") == "city" and "end" in e), None)
    rest = pattern("city_tail").sub("", text[city["end"] :]) if city else pattern("address_lead").sub("", text, count=1)
    rest = pattern("address_tail").sub("", rest).strip(" ,，:：")
    return rest[:160] if len(plain(rest)) >= SHORTEST_STREET and pattern("place").search(rest) else None


class NewSkuField(Field):
    """The variant to get instead; `same` lets the very same one be chosen, as for an exchange."""

    name = "new_sku"

    def __init__(self, same: bool = False) -> None:
        self.same = same

    def read(self, turn: Turn, case: Case, asked: bool) -> str | None:
        line, known = case.line, catalogue()
        if line is None:
            return None
        button, heard = named(turn, "new_sku"), hear(turn)
        if button in known.variants:
            return button
        if heard.sku and heard.sku != line.sku:
            return heard.sku
        if self.same and turn.text and meaning("same_variant", turn.text):
            return line.sku
        if heard.products and line.product_id not in heard.products and asked:
            return next((v.sku for v in known.narrow(heard.products[0])), None)  # the rule says why it cannot be
        found = self._by_attributes(line.sku, line.product_id, heard.attributes)
        if found or not asked:
            return found
        said = plain(turn.written)
        labelled = [v.sku for v in known.narrow(line.product_id) if said and plain(v.label) == said]
        return labelled[0] if labelled else None

    def _by_attributes(self, sku: str, product: str, wished: dict[str, str]) -> str | None:
        known = catalogue()
        if not wished:
            return None
        old = known.variants.get(sku)
        for attributes in ({**(old.attributes if old else {}), **wished}, wished):
            fitting = [v for v in known.narrow(product, **attributes) if self.same or v.sku != sku]
            if len(fitting) == 1:
                return fitting[0].sku
        return None


def others(product_id: str, sku: str) -> list[Variant]:
    """The product's other variants."""
    return [variant for variant in catalogue().narrow(product_id) if variant.sku != sku]
