"""Whose orders a conversation may see and change: those of its account, and those whose owner it proved to be."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.clock import now
from bot.shop.errors import NotFound


class Owned(Protocol):
    """Anything that belongs to an order's owner."""

    @property
    def customer_id(self) -> str | None: ...

    @property
    def channel(self) -> str: ...

    @property
    def account(self) -> str: ...


@dataclass(frozen=True)
class Grant:
    """Leave to use one order until `expires_at` (UTC), given after order number and phone were right."""

    order_no: str
    expires_at: datetime


@dataclass(frozen=True)
class Access:
    """Who writes, as the channel says; made by `open_access` in each turn, never from words or payloads."""

    channel: str
    account: str
    customer_id: str | None = None
    grants: tuple[Grant, ...] = ()

    def may_use(self, order_no: str, owner: Owned) -> bool:
        """Whether the order `order_no` that belongs to `owner` may be shown to and changed by this account."""
        # An empty name is nobody's: two nobodies are not the same.
        if self.account and (owner.channel, owner.account) == (self.channel, self.account):
            return True
        if self.customer_id and owner.customer_id == self.customer_id:
            return True
        return any(grant.order_no == order_no and grant.expires_at > now() for grant in self.grants)


def check_access(access: Access, order_no: str, owner: Owned | None) -> None:
    """Let only those pass who may use the order.

    Raises:
        NotFound: no such order, or not for this account: nobody can tell which.
    """
    if owner is None or not isinstance(access, Access) or not access.may_use(order_no, owner):
        raise NotFound("order", order_no)


def plain_number(no: str) -> str:
    """A number as people write it: full width, lower case, blanks inside → as the shop stores it."""
    return "".join(unicodedata.normalize("NFKC", no).split()).upper()
