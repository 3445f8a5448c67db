"""What the scheduler calls once a day for customers."""

from bot.shop.outreach.outcomes import close_offers
from bot.shop.segments import refresh_rfm


def daily(url: str) -> dict[str, int]:
    """Compute RFM anew and close offers that led to nothing; returns how many of each."""
    return {"customers": refresh_rfm(url), "ignored_offers": close_offers(url)}
