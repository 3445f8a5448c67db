"""The words that live fields of answers are written with, by the responses of domain.yml."""

from functools import lru_cache

from bot.knowledge.fields import Words
from bot.phrases import phrase


@lru_cache(maxsize=1)
def live_words() -> Words:
    """The pieces of domain.yml that live fields are written with."""
    keep = {"number": "{number}", "unit": "{unit}", "warehouse": "{warehouse}", "days": "{days}"}
    return Words(
        in_stock=phrase("utter_part_in_stock", **keep),
        few=phrase("utter_part_few_left", **keep),
        sold_out=phrase("utter_part_none_left"),
        no_promotions=phrase("utter_part_no_promotions"),
        hours=phrase("utter_part_span_hours", **keep),
        minutes=phrase("utter_part_span_minutes", **keep),
        rest=phrase("utter_part_rest", **keep),
        no_rest=phrase("utter_part_no_rest"),
        weekdays=tuple(phrase("utter_part_weekdays").split("|")),
    )
