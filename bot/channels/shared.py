"""What all processes of a channel must agree on, kept in the database: seen requests, values, sending quotas.

The functions block for a database call; coroutines call them through `asyncio.to_thread`.
"""

import asyncio
import hashlib
from collections.abc import Callable

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from bot import clock
from bot.channels.shared_tables import Quota, Seen, Value
from bot.db import reading, writing

_KEY = 191  # what MySQL can index of an utf8mb4 column


def _short(key: str) -> str:
    return key if len(key) <= _KEY else f"{key[:100]}#{hashlib.sha256(key.encode()).hexdigest()}"


def _now() -> float:
    return clock.now().timestamp()


def _insert_or_update(write: Callable[[], None]) -> None:
    """`write` looks for a row and adds it; when another process added it in between, it looks again."""
    try:
        write()
    except IntegrityError:
        write()


def first_time(url: str, key: str, seconds: float) -> bool:
    """Whether `key` was not seen in the last `seconds`; it counts as seen from now on. One of many callers wins."""
    now = _now()
    with writing(url) as session:
        session.execute(delete(Seen).where(Seen.expires_at <= now).execution_options(synchronize_session=False))
    try:
        with writing(url) as session:
            session.add(Seen(key=_short(key), expires_at=now + seconds))
    except IntegrityError:
        return False
    return True


def forget(url: str, key: str) -> None:
    """Let `key` happen again."""
    with writing(url) as session:
        session.execute(delete(Seen).where(Seen.key == _short(key)).execution_options(synchronize_session=False))


async def take_lease(url: str, key: str, seconds: float) -> bool:
    """`first_time` off the loop; a caller cancelled meanwhile leaves no lease behind."""
    taking = asyncio.ensure_future(asyncio.to_thread(first_time, url, key, seconds))
    try:
        return await asyncio.shield(taking)
    except asyncio.CancelledError:
        if await taking:
            await asyncio.to_thread(forget, url, key)
        raise


def get_value(url: str, key: str) -> str | None:
    """The value under `key`, None when there is none or it ran out."""
    with reading(url) as session:
        row = session.get(Value, _short(key))
        return None if row is None or (row.expires_at is not None and row.expires_at <= _now()) else row.value


def set_value(url: str, key: str, value: str, seconds: float | None = None) -> None:
    """Keep `value` under `key`, for `seconds` or for ever."""
    expires_at = None if seconds is None else _now() + seconds

    def write() -> None:
        with writing(url) as session:
            session.merge(Value(key=_short(key), value=value, expires_at=expires_at))

    _insert_or_update(write)


def bind(url: str, key: str, value: str, seconds: float) -> bool:
    """Whether `key` belongs to `value`: the first value given in `seconds` keeps it."""
    if first_time(url, f"bind:{key}", seconds):
        set_value(url, f"bind:{key}", value, seconds)
        return True
    return get_value(url, f"bind:{key}") in (value, None)  # None: the first one is just being written


def drop_value(url: str, key: str, value: str) -> None:
    """Forget the value under `key` if it still is `value`: a newer one stays."""
    with writing(url) as session:
        statement = delete(Value).where(Value.key == _short(key), Value.value == value)
        session.execute(statement.execution_options(synchronize_session=False))


def grant_quota(url: str, key: str, messages: int, seconds: float) -> None:
    """The customer did something that allows us `messages` within `seconds`; what allows more already stays."""
    until = _now() + seconds

    def write() -> None:
        with writing(url) as session:
            row = session.get(Quota, _short(key), with_for_update=True)
            if row is None:
                session.add(Quota(key=_short(key), left=messages, expires_at=until))
            elif row.expires_at <= _now() or (row.left <= messages and row.expires_at <= until):
                row.left, row.expires_at = messages, until
            # Otherwise the earlier grant is the longer or larger one: a click cuts no message's 48 hours short.

    _insert_or_update(write)


def take_quota(url: str, key: str) -> bool:
    """Count one message to the customer; False when the platform would not take it."""
    with writing(url) as session:
        statement = (
            update(Quota)
            .where(Quota.key == _short(key), Quota.left > 0, Quota.expires_at > _now())
            .values(left=Quota.left - 1)
            .execution_options(synchronize_session=False)
        )
        return bool(session.execute(statement).rowcount)


def quota_left(url: str, key: str) -> int:
    """How many messages the customer may still get now."""
    with reading(url) as session:
        row = session.get(Quota, _short(key))
        return row.left if row is not None and row.expires_at > _now() else 0
