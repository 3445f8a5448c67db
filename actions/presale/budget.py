"""What it may cost: the amount in a message, and price bands to choose from."""

import re
from decimal import Decimal

from actions.turn import Turn
from actions.words import says
from bot.nlu.numerals import NUMBER, parse_number
from bot.settings import get_settings
from bot.shop import current_catalogue
from bot.shop.adapters import systems

BANDS = 3
_NUMBER = re.compile(rf"(?<![\d.]){NUMBER}(?![\d.])")
_STEPS = (50, 100, 200, 300, 500, 1000, 1500, 2000, 3000, 5000, 8000, 10_000)


def budget_in(turn: Turn, asked: bool = False) -> int | None:
    """The highest amount (fen) that the message names; also a number without a unit when it was `asked` for
    or the words speak of a budget."""
    amounts = [e.get("value") for e in turn.entities if e.get("entity") == "amount"]
    found = [value for value in amounts if isinstance(value, int) and not isinstance(value, bool) and value > 0]
    if not found and (asked or says("budget", turn.text)):
        numbers = [parse_number(match) for match in _NUMBER.findall(turn.rest)]
        found = [int(number * 100) for number in numbers if number is not None and Decimal(10) <= number < 10**6]
    return max(found, default=None)


async def price_bands(category: str | None) -> list[int]:
    """Up to three round limits (fen) that part the shop's prices of a category.

    Raises:
        SystemDown: inventory.
    """
    variants = current_catalogue(get_settings().shop_url).variants.values()
    first = {v.product.id: v.sku for v in variants if category in (None, v.product.category)}
    prices = sorted(stock.price_fen for stock in await systems().inventory.stock(list(first.values())))
    fitting = [100 * step for step in _STEPS if prices and prices[0] <= 100 * step <= prices[-1]]
    if len(fitting) <= BANDS:
        return fitting
    # One band for each quarter of the goods, rounded up to what people say.
    marks = [prices[len(prices) * i // (BANDS + 1)] for i in range(1, BANDS + 1)]
    return sorted({min((fen for fen in fitting if fen >= mark), default=fitting[-1]) for mark in marks})
