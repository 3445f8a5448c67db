"""Who writes: the customer of an account, and the check of who says to own an order."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.settings import get_settings
from bot.shop import owner_check
from bot.shop.access import Access, plain_number
from bot.shop.adapters.factory import systems
from bot.shop.adapters.running import answered
from bot.shop.errors import SystemDown
from bot.shop.service_views import Customer

_LAST4 = re.compile(r"\d{4}", re.ASCII)
_NUMBER = re.compile(r"[A-Z0-9-]{1,32}", re.ASCII)


@dataclass(frozen=True)
class Verification:
    """`granted` until `expires_at`; `wrong` with `tries_left`; `locked` until `locked_until`; `malformed` (no number).

    `wrong` says nothing about which of the two is wrong, or whether the order exists.
    """

    status: Literal["granted", "wrong", "locked", "malformed"]
    tries_left: int = 0
    locked_until: datetime | None = None
    expires_at: datetime | None = None


async def identify(channel: str, account: str) -> Customer | None:
    """The customer of a channel's account; None for a guest.

    Raises:
        SystemDown: crm.
    """
    return await systems().crm.identify(channel, account)


async def open_access(channel: str, account: str) -> Access:
    """What the account may use now; made anew in each turn.

    Raises:
        SystemDown: crm.
    """
    customer = await identify(channel, account)
    grants = await answered("orders", owner_check.grants_of, get_settings().shop_url, channel, account)
    return Access(channel, account, customer.id if customer else None, grants)


async def verify_owner(channel: str, account: str, order_no: str, phone_last4: str) -> Verification:
    """Check order number and the last four digits of its phone; a right answer opens the order for a while.

    Tries are limited for the account and for the order, see `identity` in data/operations.yml.

    Raises:
        SystemDown: orders; the try does not count.
    """
    url = get_settings().shop_url
    no, last4 = plain_number(order_no), "".join(unicodedata.normalize("NFKC", phone_last4).split())
    if not _NUMBER.fullmatch(no) or not _LAST4.fullmatch(last4):
        return Verification("malformed")
    counted = await answered("orders", owner_check.take_try, url, channel, account, no)
    if counted.locked_until is not None:
        return Verification("locked", locked_until=counted.locked_until)
    try:
        right = await systems().orders.phone_matches(no, last4)
    except SystemDown:
        await answered("orders", owner_check.return_try, url, channel, account, no)
        raise
    if not right:
        return Verification("wrong", counted.left)
    await answered("orders", owner_check.return_try, url, channel, account, no)
    granted = await answered("orders", owner_check.grant, url, channel, account, no)
    return Verification("granted", expires_at=granted.expires_at)
