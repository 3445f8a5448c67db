"""The rules of after-sale, each a small function that raises Refused with its name in bot.shop.RULES.

A window of n days ends with the n-th day after the day it counts from, in the shop's time zone.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from bot.clock import local, now
from bot.settings import get_settings
from bot.shop.errors import Refused

UNSHIPPED = ("pending_payment", "paid")
SIGNED = ("delivered", "completed")
CLOSED = ("cancelled", "refunding", "refunded")
REASON_GOODS = ("quality", "wrong_item", "missing", "damaged")


def last_day(start: datetime, days: int) -> date:
    """The last day of a window of `days` that begins the day after `start`."""
    return local(start).date() + timedelta(days=days)


def inside(start: datetime, days: int) -> bool:
    """Whether today lies in the window."""
    return local(now()).date() <= last_day(start, days)


def not_closed(status: str) -> None:
    """A cancelled or refunded order needs no service."""
    if status in CLOSED:
        raise Refused("order_closed", status=status)


def signed(status: str, delivered_at: datetime | None) -> datetime:
    """The moment of signing; without it nothing can be sent back."""
    not_closed(status)
    if status not in SIGNED or delivered_at is None:
        raise Refused("not_signed", status=status)
    return delivered_at


def return_window(delivered_at: datetime) -> None:
    """No-reason return within a few days after signing."""
    days = get_settings().operations.after_sale.return_days
    if not inside(delivered_at, days):
        raise Refused("return_window", days=days, until_on=last_day(delivered_at, days))


def quality_window(delivered_at: datetime) -> None:
    """Faulty, wrong or damaged goods may go back longer."""
    days = get_settings().operations.after_sale.quality_days
    if not inside(delivered_at, days):
        raise Refused("quality_window", days=days, until_on=last_day(delivered_at, days))


def exchange_window(delivered_at: datetime) -> None:
    """Exchange within a few days after signing."""
    days = get_settings().operations.after_sale.exchange_days
    if not inside(delivered_at, days):
        raise Refused("exchange_window", days=days, until_on=last_day(delivered_at, days))


def return_excluded(category: str, terms: str | None) -> None:
    """Some goods never go back without a reason; `terms` is what the product page says under 七天无理由."""
    settings = get_settings().operations.after_sale
    if terms == "不支持" or (terms is None and category in settings.no_return):
        raise Refused("return_excluded", category=category)


def return_opened(category: str, terms: str | None, opened: bool) -> None:
    """Some goods go back only with the seal unbroken."""
    sealed_only = (
        category in get_settings().operations.after_sale.sealed_only if terms is None else terms == "未拆封支持"
    )
    if opened and sealed_only:
        raise Refused("return_opened", category=category)


def enough(quantity: int, left: int, ordered: int, ticket_no: str | None) -> None:
    """Not more units than were bought and are not in service already."""
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= ordered:
        raise Refused("quantity", quantity=ordered)
    if quantity > left:
        raise Refused("in_service", ticket_no=ticket_no, left=left)


def changeable(status: str) -> None:
    """Address and items change only before shipping."""
    not_closed(status)
    if status not in UNSHIPPED:
        raise Refused("change_shipped", status=status)


def cancellable(status: str) -> None:
    """What is signed for is returned, not cancelled."""
    not_closed(status)
    if status in SIGNED:
        raise Refused("cancel_signed")


def paid(status: str, paid_at: datetime | None) -> datetime:
    """The moment of payment."""
    not_closed(status)
    if paid_at is None or status == "pending_payment":
        raise Refused("not_paid")
    return paid_at


def protection_window(paid_at: datetime) -> date:
    """The last day of price protection, which is not over."""
    days = get_settings().operations.after_sale.protection_days
    if not inside(paid_at, days):
        raise Refused("protection_window", days=days, until_on=last_day(paid_at, days))
    return last_day(paid_at, days)


def same_product(rule: str, product_id: str, new_product_id: str | None) -> None:
    """Changes and exchanges stay with the product: another one is another order."""
    if product_id != new_product_id:
        raise Refused(rule)


def may_urge(status: str) -> None:
    """Only what is on its way, or should be, can be urged."""
    if status == "pending_payment":
        raise Refused("urge_unpaid")
    if status in (*SIGNED, *CLOSED):
        raise Refused("urge_closed", status=status)


def one_of(value: str, allowed: Collection[str], name: str) -> None:
    """A code that a caller made up is a mistake of the caller, not of the customer."""
    if value not in allowed:
        raise ValueError(f"{name}“{value}”不对，可选：{'、'.join(sorted(allowed))}")
