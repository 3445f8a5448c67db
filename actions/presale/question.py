"""A question before a purchase: about which goods, for which place, in which words."""

from dataclasses import dataclass
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.heard import Heard, listen
from actions.memory import Events
from actions.turn import Turn
from actions.wish import Wish
from actions.wishing import SEEN, seen_goods, wish_of
from actions.words import abroad_in
from bot.settings import get_settings
from bot.shop import Catalogue, Product, Refused, UnknownSku, Variant, current_catalogue, product_card

TOPIC = "topic"  # the slot of a question that waits for what it lacks: {name, text, …}
PLACE = "province"  # the slot of a province that the customer named in place of a city


@dataclass(frozen=True)
class Place:
    """Where to: `city` is what the shop's rules are looked up by, `name` what the customer called it."""

    city: str
    name: str


@dataclass(frozen=True)
class Question:
    """`text` are the words of the question, those of an earlier message that waited for the goods included."""

    tracker: Tracker
    catalogue: Catalogue
    heard: Heard
    wish: Wish
    text: str
    waiting: dict[str, Any]

    @property
    def url(self) -> str:
        """The shop's database."""
        return get_settings().shop_url

    @property
    def product(self) -> Product | None:
        """The product it is about."""
        return self.catalogue.products.get(str(self.wish.product))

    @property
    def variant(self) -> Variant | None:
        """The variant it is about; where none is named, the one that stands for the product on its card."""
        if self.wish.sku:
            return self.catalogue.variants.get(self.wish.sku)
        if self.product is None:
            return None
        try:
            return self.catalogue.variants[product_card(self.url, self.product.id)["sku"]]
        except UnknownSku:
            return None  # without a price: not for sale yet

    @property
    def place(self) -> Place | None:
        """Where to, as far as it is known.

        Raises:
            Refused: region_not_served: a place outside of what the shop knows.
        """
        named = self.heard.city
        abroad = abroad_in(Turn(self.tracker).text)
        if abroad and not named:
            raise Refused("region_not_served", city=abroad, category="")
        province = self.heard.province
        if named or (self.wish.city and not province):
            city = str(named or self.wish.city)
            return Place(city, city)
        province = province or self.tracker.get_slot(PLACE)
        seat = self.catalogue.provinces().get(str(province))
        return Place(seat, str(province)) if seat else None

    def remembered(self, place: Place | None) -> Events:
        """What later questions need not be told again; a flow keeps its own goods."""
        events: Events = []
        if place and place.city == place.name:
            events.append(SlotSet("city", place.city))
        elif place:
            events.append(SlotSet(PLACE, place.name))
        if not self.tracker.active_loop_name and self.product:
            events.append(SlotSet(SEEN, seen_goods(self.wish, self.heard)))
        return events


def read_question(tracker: Tracker, topic: str) -> Question:
    """The question of the latest message; where that only names what an earlier question lacked, that one."""
    catalogue = current_catalogue(get_settings().shop_url)
    turn = Turn(tracker)
    waiting = tracker.get_slot(TOPIC) or {}
    waiting = waiting if waiting.get("name") == topic and turn.intent != topic else {}
    text = " ".join(words for words in (waiting.get("text", ""), turn.text) if words)
    return Question(tracker, catalogue, listen(turn, catalogue), wish_of(tracker), text, waiting)


def without_names(question: Question) -> str:
    """The words of the question without the goods it names: those of the message that waited have none."""
    return " ".join(w for w in (question.waiting.get("text", ""), Turn(question.tracker).rest) if w)
