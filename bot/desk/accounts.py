"""Accounts of the desk: made by an admin (the first by command), with a one-time password that must be changed."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot import clock, conversations
from bot.conversations import Store
from bot.db import reading, writing
from bot.desk import audit
from bot.desk.tables import Account, SignedIn
from bot.settings import get_settings

ROLES = ("agent", "supervisor", "admin")  # each may do what the one before may
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")
_LONGEST = 200  # characters of a password: hashing costs time
_ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without look-alikes

hasher = PasswordHasher()


class AccountError(ValueError):
    """What was asked for cannot be done; the message is in Chinese and says why."""


@dataclass(frozen=True)
class AccountView:
    """An account as others may see it."""

    id: str
    name: str
    role: str
    must_change: bool
    disabled: bool


def create_account(
    store: Store,
    account_id: str,
    name: str,
    role: str,
    *,
    skills: list[str] | None = None,
    dedicated: list[str] | None = None,
    capacity: int | None = None,
    by: str = "",
) -> str:
    """Make an account and her place in the routing; returns the one-time password, which is kept nowhere.

    Raises:
        AccountError: the name is taken or malformed.
    """
    account_id = account_id.strip().lower()
    if not _NAME.fullmatch(account_id):
        raise AccountError("登录名用 2 到 32 个小写字母、数字、点、减号或下划线，以字母或数字开头")
    password = one_time_password()
    with writing(store.url) as session:
        if session.get(Account, account_id) is not None:
            raise AccountError(f"登录名 {account_id} 已经有人用了，请换一个")
        session.add(
            Account(
                id=account_id,
                name=_clean_name(name),
                role=_known_role(role),
                password=hasher.hash(password),
                must_change=True,
                disabled=False,
                created_at=clock.now(),
            )
        )
        audit.add(session, by or account_id, "create_account", account_id, role=role)
    conversations.save_agent(
        store,
        account_id,
        _clean_name(name),
        skills=skills or [],
        dedicated=dedicated or [],
        capacity=capacity or get_settings().operations.desk.capacity,
        supervisor=role != "agent",
    )
    return password


def create_admin(store: Store, account_id: str) -> str:
    """Make an admin; the one-time password.

    Raises:
        AccountError: the name is taken or malformed.
    """
    return create_account(store, account_id, account_id, "admin", by="command")


def change_account(store: Store, account_id: str, changes: dict[str, Any], *, by: str) -> AccountView:
    """Change name, role, disabled, skills, dedicated, capacity; who is disabled or gets another role is signed out.

    Raises:
        LookupError: no such account.
        AccountError: the last admin must stay one.
    """
    with writing(store.url) as session:
        row = session.get(Account, account_id, with_for_update=True)
        if row is None:
            raise LookupError(account_id)
        before = (row.role, row.disabled)
        row.name = _clean_name(changes.get("name", row.name))
        row.role = _known_role(changes.get("role", row.role))
        row.disabled = bool(changes.get("disabled", row.disabled))
        session.flush()
        if not session.execute(_admins()).scalar_one():
            raise AccountError("至少要留一个能登录的管理员，请先任命另一位")
        if before != (row.role, row.disabled):
            session.execute(delete(SignedIn).where(SignedIn.account_id == account_id))
        audit.add(session, by, "change_account", account_id, **changes)
        view = account_view(row)
    agent = next((a for a in conversations.list_agents(store) if a.id == account_id), None)
    conversations.save_agent(
        store,
        account_id,
        view.name,
        skills=changes.get("skills", agent.skills if agent else ()),
        dedicated=changes.get("dedicated", agent.dedicated if agent else ()),
        capacity=changes.get("capacity", agent.capacity if agent else get_settings().operations.desk.capacity),
        supervisor=view.role != "agent",
    )
    if view.disabled:
        conversations.set_presence(store, account_id, conversations.OFFLINE)
    return view


def reset_password(store: Store, account_id: str, *, by: str) -> str:
    """A new one-time password; all her sessions end.

    Raises:
        LookupError: no such account.
    """
    password = one_time_password()
    with writing(store.url) as session:
        row = session.get(Account, account_id, with_for_update=True)
        if row is None:
            raise LookupError(account_id)
        row.password, row.must_change = hasher.hash(password), True
        session.execute(delete(SignedIn).where(SignedIn.account_id == account_id))
        audit.add(session, by, "reset_password", account_id)
    return password


def change_password(store: Store, account_id: str, old: str, new: str, *, keep: str = "") -> None:
    """Choose a password; all sessions but the one of the token hash `keep` end.

    Raises:
        AccountError: the old one is wrong, or the new one too weak.
    """
    shortest = get_settings().operations.desk.sign_in.password_min_length
    if not shortest <= len(new) <= _LONGEST:
        raise AccountError(f"新密码要有 {shortest} 到 {_LONGEST} 位")
    if new == old or new.lower() == account_id or len(set(new)) < 4:
        raise AccountError("新密码太容易猜到，请换一个和旧密码、登录名都不同的")
    with reading(store.url) as session:
        hashed = session.execute(select(Account.password).where(Account.id == account_id)).scalar_one()
    if not verify(hashed, old):
        audit.record(store.url, account_id, "sign_in_failed", account_id, where="change_password")
        raise AccountError("旧密码不对，请重新输入")
    with writing(store.url) as session:
        row = session.get(Account, account_id, with_for_update=True)
        row.password, row.must_change = hasher.hash(new), False
        others = delete(SignedIn).where(SignedIn.account_id == account_id, SignedIn.token_hash != keep)
        session.execute(others.execution_options(synchronize_session=False))
        audit.add(session, account_id, "change_password", account_id)


def list_accounts(url: str) -> list[AccountView]:
    """All accounts by name to sign in with."""
    with reading(url) as session:
        return [account_view(row) for row in session.execute(select(Account).order_by(Account.id)).scalars()]


def verify(hashed: str, password: str) -> bool:
    """Whether the password is the one that was hashed."""
    try:
        return len(password) <= _LONGEST and hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def one_time_password() -> str:
    """16 characters, about 92 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def account_view(row: Any) -> AccountView:
    """The row as a value."""
    return AccountView(row.id, row.name, row.role, row.must_change, row.disabled)


def _admins() -> Any:
    return select(func.count()).where(Account.role == "admin", Account.disabled.is_(False))


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 32:
        raise AccountError("名字要有 1 到 32 个字")
    return name


def _known_role(role: str) -> str:
    if role not in ROLES:
        raise AccountError(f"角色只能是 {'、'.join(ROLES)}")
    return role


def account_of(session: Session, account_id: str) -> Any:
    """The account's row, or None."""
    return session.get(Account, account_id)
