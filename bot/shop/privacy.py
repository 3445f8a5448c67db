"""Privacy requests: what every room remembers of a customer, and erasing it.

A room joins with a class of its own (`PrivacyRoom`), named as a dotted path in `Settings.privacy_rooms`, so that
nothing here imports it. The shop's own room is last: it cuts the accounts loose by which all others find the customer.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from sqlalchemy import select

from bot.clock import now
from bot.db import reading, writing
from bot.settings import SettingsError, get_settings
from bot.shop.access import Access
from bot.shop.customer_tables import PrivacyRow
from bot.shop.errors import Refused
from bot.shop.trade_tables import AccountRow, CustomerRow


@dataclass(frozen=True)
class Person:
    """A customer with all accounts (channel, account) by which rooms may know them."""

    customer_id: str
    accounts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Remembered:
    """One thing that is kept: `kind` has a response utter_part_remembered_<kind>, `figures` are its variables."""

    kind: str
    figures: Mapping[str, Any] = field(default_factory=dict)


class PrivacyRoom(ABC):
    """What a room of the house does for privacy requests; made anew for each."""

    name = ""

    def check(self, person: Person) -> None:
        """Whether the customer may be erased now.

        Raises:
            Refused: erase_open, with what is still under way.
        """
        return None

    @abstractmethod
    def describe(self, person: Person) -> list[Remembered]:
        """What the room keeps, phone and address masked."""

    @abstractmethod
    def erase(self, person: Person) -> dict[str, int]:
        """Erase or anonymise it; how many of what, for the audit. Doing it twice does no harm."""


def remembered(url: str, access: Access) -> list[Remembered]:
    """What the house keeps of the account's customer; the request is audited.

    Raises:
        Refused: privacy_guest: the account belongs to no customer.
    """
    person = _person(url, access)
    found = [thing for room in _rooms() for thing in room.describe(person)]
    with writing(url) as session:
        session.add(_audit(person, access, "shown", {"things": len(found)}))
    return found


def check_erasable(url: str, access: Access) -> None:
    """Ask every room whether the customer can be erased now.

    Raises:
        Refused: privacy_guest; erase_open.
    """
    person = _person(url, access)
    for room in _rooms():
        room.check(person)


def erase(url: str, access: Access) -> dict[str, int]:
    """Erase the account's customer everywhere; returns how many of what. Orders and invoices stay, without a name.

    The audit is written first, then updated with the counts, so that even an erasure that broke off has its row.

    Raises:
        Refused: privacy_guest; erase_open.
    """
    person = _person(url, access)
    rooms = _rooms()
    for room in rooms:
        room.check(person)
    with writing(url) as session:
        row = _audit(person, access, "erased", {})
        session.add(row)
        session.flush()
        audit_id = row.id
    counts: dict[str, int] = {}
    for room in rooms:
        counts |= {f"{room.name}.{what}": number for what, number in room.erase(person).items()}
        with writing(url) as session:
            session.get(PrivacyRow, audit_id).details = dict(counts)
    return counts


def _person(url: str, access: Access) -> Person:
    with reading(url) as session:
        known = session.get(CustomerRow, access.customer_id) if access.customer_id else None
        if known is None or known.erased_at is not None:
            raise Refused("privacy_guest")
        rows = select(AccountRow.channel, AccountRow.account).where(AccountRow.customer_id == known.id)
        return Person(known.id, tuple((channel, account) for channel, account in session.execute(rows)))


def _rooms() -> Sequence[PrivacyRoom]:
    return [_load(path) for path in get_settings().privacy_rooms]


def _load(path: str) -> PrivacyRoom:
    module, _, name = path.rpartition(".")
    try:
        found = getattr(import_module(module), name)()
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise SettingsError(f"privacy_rooms 里的“{path}”加载不了（{error}），请核对模块和类名") from error
    if not isinstance(found, PrivacyRoom):
        raise SettingsError(f"privacy_rooms 里的“{path}”应为 bot.shop.privacy.PrivacyRoom 的子类")
    return found


def _audit(person: Person, access: Access, action: str, details: dict[str, int]) -> PrivacyRow:
    return PrivacyRow(customer_id=person.customer_id, channel=access.channel, action=action, details=details, at=now())
