"""The check by order number and phone: tries counted, leave remembered, both in the database."""

import hmac
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.clock import now
from bot.db import asking, reading, repeated, writing
from bot.settings import get_settings
from bot.shop.access import Grant, plain_number
from bot.shop.errors import ShopError
from bot.shop.identity_tables import DoneRow, GrantRow, TryRow
from bot.shop.trade_tables import CustomerRow, OrderRow

_TRIES = 5
DONE_DAYS = 30
# Made once, and without a session: asked in most turns.
_GRANTS = (
    select(GrantRow.order_no, GrantRow.expires_at)
    .where(
        GrantRow.channel == bindparam("channel"),
        GrantRow.account == bindparam("account"),
        GrantRow.expires_at > bindparam("moment"),
    )
    .order_by(GrantRow.order_no)
)


@dataclass(frozen=True)
class Try:
    """A try that may be made (`locked_until` None), with how many are left after it; or none until a moment (UTC)."""

    left: int
    locked_until: datetime | None = None


class _Locked(Exception):
    def __init__(self, until: datetime) -> None:
        self.until = until


def phone_matches(url: str, order_no: str, last4: str) -> bool:
    """Whether the order exists and its phone (else its customer's) ends in `last4`; as slow for either answer."""
    rows = select(OrderRow.phone, CustomerRow.phone).outerjoin(CustomerRow, CustomerRow.id == OrderRow.customer_id)
    with reading(url) as session:
        phones: Sequence[str | None] = session.execute(rows.where(OrderRow.no == plain_number(order_no))).first() or ()
    phone = next((phone for phone in phones if phone), "")
    same = hmac.compare_digest((phone[-4:] or "----").encode(), last4.encode())
    return same and len(phone) >= 4


@repeated
def take_try(url: str, channel: str, account: str, order_no: str) -> Try:
    """Count one try for the account and for the order before anything is compared, so that no race gives more."""
    settings = get_settings().operations.identity
    scopes = (
        ("account", f"{channel}:{account}"[-180:], settings.tries_per_account),
        ("order", plain_number(order_no)[:180], settings.tries_per_order),
    )
    for _ in range(_TRIES):
        try:
            with suppress(IntegrityError), writing(url) as session:  # refused: the first try twice at one moment
                return Try(min(_count(session, *scope) for scope in scopes))
        except _Locked as locked:
            return Try(0, locked.until)
    raise ShopError("验证没有完成，请稍后再试")


def _count(session: Session, scope: str, key: str, limit: int) -> int:
    moment = now()
    ends = moment + timedelta(minutes=get_settings().operations.identity.window_minutes)
    row = session.get(TryRow, (scope, key), with_for_update=True)
    if row is None:
        session.add(TryRow(scope=scope, key=key, tries=1, window_ends_at=ends))
        session.flush()
        return limit - 1
    if row.window_ends_at <= moment:
        row.tries, row.window_ends_at = 0, ends
    if row.tries >= limit:
        raise _Locked(row.window_ends_at)
    row.tries += 1
    return int(limit - row.tries)


@repeated
def return_try(url: str, channel: str, account: str, order_no: str) -> None:
    """Give a counted try back: it was right, or could not be compared."""
    with writing(url) as session:
        for scope, key in (("account", f"{channel}:{account}"[-180:]), ("order", plain_number(order_no)[:180])):
            session.execute(
                update(TryRow)
                .where(TryRow.scope == scope, TryRow.key == key, TryRow.tries > 0)
                .values(tries=TryRow.tries - 1)
                .execution_options(synchronize_session=False)
            )


@repeated
def grant(url: str, channel: str, account: str, order_no: str) -> Grant:
    """Let the account use the order for a while."""
    no = plain_number(order_no)
    expires = now() + timedelta(minutes=get_settings().operations.identity.grant_minutes)
    for _ in range(_TRIES):
        with suppress(IntegrityError), writing(url) as session:
            row = session.get(GrantRow, (channel, account, no), with_for_update=True)
            if row is None:
                session.add(GrantRow(channel=channel, account=account, order_no=no, expires_at=expires))
            else:
                row.expires_at = expires
            session.flush()
            return Grant(no, expires)
    raise ShopError("验证没有完成，请稍后再试")


def grants_of(url: str, channel: str, account: str) -> tuple[Grant, ...]:
    """The account's grants that still count."""
    whose = {"channel": channel, "account": account, "moment": now()}
    with asking(url) as connection:
        return tuple(Grant(*row) for row in connection.execute(_GRANTS, whose))


@repeated
def forget_old(url: str) -> None:
    """Delete what no longer counts: tries and grants that ran out, answers kept for repeated requests."""
    moment = now()
    with writing(url) as session:
        for table, condition in (
            (TryRow, TryRow.window_ends_at <= moment),
            (GrantRow, GrantRow.expires_at <= moment),
            (DoneRow, DoneRow.done_at <= moment - timedelta(days=DONE_DAYS)),
        ):
            session.execute(delete(table).where(condition).execution_options(synchronize_session=False))
