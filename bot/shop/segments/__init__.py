"""Who a customer is to the shop: RFM computed from orders, and the segment that data/segments.yml makes of it."""

from bot.shop.segments.conditions import MEASURES, Condition, Standing, parse_conditions
from bot.shop.segments.reader import Segment, load_segments, segment_of
from bot.shop.segments.rfm import refresh_rfm, standing, standing_in, update_rfm, update_rfm_of_order

__all__ = [
    "MEASURES",
    "Condition",
    "Segment",
    "Standing",
    "load_segments",
    "parse_conditions",
    "refresh_rfm",
    "segment_of",
    "standing",
    "standing_in",
    "update_rfm",
    "update_rfm_of_order",
]
