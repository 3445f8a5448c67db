"""Signing in: a random token in a cookie, its hash in the database; slow hashing and limits against guessing."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot import clock
from bot.conversations import Store
from bot.db import reading, writing
from bot.desk import accounts, audit
from bot.desk.accounts import AccountView
from bot.desk.tables import Account, Audit, SignedIn
from bot.settings import get_settings

_SEEN_EVERY = timedelta(seconds=60)
# Verified for names that nobody has, so that an answer's time does not tell who exists.
_NOBODY = accounts.hasher.hash(secrets.token_hex(16))


class SignInRefused(PermissionError):
    """Wrong name or password (`wait` 0), or too many of them: wait that many seconds."""

    def __init__(self, wait: float = 0.0) -> None:
        super().__init__("too many attempts" if wait else "wrong name or password")
        self.wait = wait


@dataclass(frozen=True)
class SignedInAs:
    """Who makes a request; `csrf` must come with every change."""

    account: AccountView
    csrf: str
    token_hash: str

    def may(self, role: str) -> bool:
        """Whether the account has this role or a higher one."""
        return accounts.ROLES.index(self.account.role) >= accounts.ROLES.index(role)

    def right_csrf(self, value: str) -> bool:
        """Whether `value` is this session's, compared in constant time."""
        return hmac.compare_digest(self.csrf.encode(), value.encode())


def sign_in(store: Store, name: str, password: str, address: str) -> tuple[str, SignedInAs]:
    """A new session: its token, for the cookie alone, and who it is.

    Raises:
        SignInRefused: wrong name or password, or too many tries from this address or for this name.
    """
    account_id = name.strip().lower()[:64]
    with writing(store.url) as session:
        wait = _wait(session, account_id, address)
        if not wait:  # counted as failed until it has succeeded: tries at the same moment count too
            attempt = audit.add(session, account_id, "sign_in_failed", account_id, address=address).id
    if wait:
        raise SignInRefused(wait)
    with reading(store.url) as session:
        row = accounts.account_of(session, account_id)
        hashed = row.password if row is not None and not row.disabled else None
    right = accounts.verify(hashed or _NOBODY, password)
    if hashed is None or not right:
        raise SignInRefused
    token = secrets.token_urlsafe(32)
    with writing(store.url) as session:
        session.get(Audit, attempt).action = "sign_in"
        row = session.get(Account, account_id, with_for_update=True)
        if row is None or row.disabled or row.password != hashed:
            raise SignInRefused
        if accounts.hasher.check_needs_rehash(hashed):
            row.password = accounts.hasher.hash(password)
        signed = SignedIn(
            token_hash=_hash(token),
            account_id=account_id,
            csrf=secrets.token_urlsafe(24),
            created_at=clock.now(),
            seen_at=clock.now(),
        )
        session.add(signed)
        return token, SignedInAs(accounts.account_view(row), signed.csrf, signed.token_hash)


def session_of(store: Store, token: str) -> SignedInAs | None:
    """Who the token's session belongs to; None when there is none or it has run out."""
    limits = get_settings().operations.desk.sign_in
    query = select(SignedIn, Account).join(Account, Account.id == SignedIn.account_id)
    with reading(store.url) as session:
        found = session.execute(query.where(SignedIn.token_hash == _hash(token))).one_or_none()
    if found is None:
        return None
    signed, account = found
    idle = clock.now() - clock.as_utc(signed.seen_at)
    age = clock.now() - clock.as_utc(signed.created_at)
    if account.disabled or idle > timedelta(minutes=limits.idle_minutes) or age > timedelta(hours=limits.longest_hours):
        end_session(store, signed.token_hash)
        return None
    if idle > _SEEN_EVERY:
        with writing(store.url) as session:
            row = session.get(SignedIn, signed.token_hash)
            if row is not None:
                row.seen_at = clock.now()
    return SignedInAs(accounts.account_view(account), signed.csrf, signed.token_hash)


def is_signed_in(store: Store, token_hash: str) -> bool:
    """Whether the session still counts, for connections that outlive a request."""
    limits = get_settings().operations.desk.sign_in
    query = select(SignedIn.created_at).join(Account, Account.id == SignedIn.account_id)
    query = query.where(SignedIn.token_hash == token_hash, Account.disabled.is_(False))
    with reading(store.url) as session:
        created = session.execute(query).scalar_one_or_none()
    return created is not None and clock.now() - clock.as_utc(created) <= timedelta(hours=limits.longest_hours)


def end_session(store: Store, token_hash: str) -> None:
    """Sign out."""
    with writing(store.url) as session:
        session.execute(delete(SignedIn).where(SignedIn.token_hash == token_hash))


def forget_sessions(store: Store) -> None:
    """Delete sessions that have run out."""
    oldest = clock.now() - timedelta(hours=get_settings().operations.desk.sign_in.longest_hours)
    with writing(store.url) as session:
        old = delete(SignedIn).where(SignedIn.created_at < oldest)
        session.execute(old.execution_options(synchronize_session=False))


def _wait(session: Session, account_id: str, address: str) -> float:
    limits = get_settings().operations.desk.sign_in
    window = timedelta(minutes=limits.window_minutes)
    tries = (
        (Audit.account_id == account_id, limits.tries_per_name),
        (Audit.address == address, limits.tries_per_address),
    )
    for whose, allowed in tries:
        query = select(func.count(), func.min(Audit.at)).where(
            whose, Audit.action == "sign_in_failed", Audit.at > clock.now() - window
        )
        count, oldest = session.execute(query).one()
        if count >= allowed:
            return max(1.0, (clock.as_utc(oldest) + window - clock.now()).total_seconds())
    return 0.0


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
