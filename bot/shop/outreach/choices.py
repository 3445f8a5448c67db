"""What customers choose for themselves: no offers, or offers again."""

from contextlib import suppress

from sqlalchemy.exc import IntegrityError

from bot.clock import now
from bot.db import reading, repeated, writing
from bot.shop.customer_tables import ChoiceRow
from bot.shop.trade_tables import CustomerRow

_TRIES = 3


def offers_on(url: str, customer_id: str) -> bool:
    """Whether the customer may get offers."""
    with reading(url) as session:
        choice = session.get(ChoiceRow, customer_id)
        return choice is None or choice.offers_off_at is None


@repeated
def set_offers(url: str, customer_id: str, on: bool) -> bool:
    """Switch offers off or on again; False for a customer that the shop does not know."""
    for _ in range(_TRIES):
        with suppress(IntegrityError), writing(url) as session:  # refused: both at the same moment
            if session.get(CustomerRow, customer_id) is None:
                return False
            choice = session.get(ChoiceRow, customer_id)
            if choice is None:
                choice = ChoiceRow(customer_id=customer_id)
                session.add(choice)
            choice.offers_off_at = None if on else (choice.offers_off_at or now())
            return True
    return False
