"""When the offers of the greeting are said: at the greeting, or once the customer's request is resolved."""

from collections.abc import Mapping
from dataclasses import dataclass

# What is looked for when a customer comes and cannot wait.
URGENT = ("abandoned_order", "back_in_stock")


@dataclass(frozen=True)
class Timing:
    """The situations whose scripts may be said when a customer comes, and after a request was resolved."""

    at_greeting: tuple[str, ...]
    when_resolved: tuple[str, ...]


# The first is the usual one.
TIMINGS: Mapping[str, Timing] = {
    "at_greeting": Timing((*URGENT, "greeting"), ("back_in_stock", "resolved")),
    "when_resolved": Timing(URGENT, ("back_in_stock", "greeting", "resolved")),
}
