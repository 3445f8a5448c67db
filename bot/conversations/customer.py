"""What the shop knows of who writes, where it matters for people: the customer and the segment."""

from dataclasses import dataclass
from importlib.util import find_spec

from bot.shop import Customer
from bot.shop.customers import identify

VIP = "vip"


@dataclass(frozen=True)
class Known:
    """The customer, None for a guest, and the segment's name and title ("" without)."""

    customer: Customer | None = None
    segment: str = ""
    title: str = ""

    @property
    def vip(self) -> bool:
        """Whether the segment is the VIPs'."""
        return self.segment == VIP


def known_customer(shop_url: str, channel: str, account: str) -> Known:
    """Look the account up in the shop."""
    customer = identify(shop_url, channel, account)
    if customer is None or find_spec("bot.shop.segments") is None:
        return Known(customer)
    from bot.shop.segments import load_segments, segment_of, standing

    place = standing(shop_url, customer.id)
    if place is None:
        return Known(customer)
    segment = segment_of(place, load_segments())
    return Known(customer, segment.name, segment.title)
