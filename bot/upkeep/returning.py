"""Whom the shop has erased must not come back with a backup that is older than the erasure.

Proofs (`var/erasures`) name a person by a hash alone. That is enough: every customer and every account that a backup
brings back is hashed and compared. Requests that were still waiting are asked again.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.exc import DatabaseError

from bot.conversations.tables import Conversation
from bot.db import engine_for, reading
from bot.settings import Settings
from bot.shop.trade_tables import AccountRow, CustomerRow, OrderRow
from bot.upkeep.person import Person
from bot.upkeep.problems import UpkeepError
from bot.upkeep.requests import ask, run_waiting, subject_of
from bot.upkeep.stores import exists
from bot.upkeep.tables import ErasureRow


@dataclass(frozen=True)
class Noted:
    """Before a restore: the requests that were carried out, as (number, hash of the person), and who waits."""

    done: frozenset[tuple[int, str]]
    waiting: tuple[Person, ...]


@dataclass(frozen=True)
class Returned:
    """After it: how many persons came back, and how many of them are erased again; the others wait (open orders)."""

    came: int
    erased: int


def note_erasures(settings: Settings) -> Noted:
    """Look at the proofs, and at the requests in the database that will be replaced.

    Raises:
        UpkeepError: a proof cannot be read.
    """
    done, waiting = set(), list[Person]()
    for path in (settings.var / "erasures").glob("*.json"):
        try:
            told = json.loads(path.read_text(encoding="utf8"))
            done.add((int(told["number"]), str(told["subject"])))
        except (ValueError, KeyError, TypeError, OSError):
            raise UpkeepError(f"{path} 读不了，不知道该再删除谁。请修好或移走它再恢复") from None
    try:
        for row in _requests(settings):
            if row.state == "waiting":
                waiting.append(Person.from_json(row.person))
            else:
                done.add((row.id, row.subject))
    except DatabaseError:  # damaged, which may be why it is replaced; the proofs must do
        pass
    return Noted(frozenset(done), tuple(waiting))


def ask_again(settings: Settings, noted: Noted) -> set[int]:
    """Ask for everyone who was erased after the backup, or waited for it; the numbers of the requests."""
    known = {(row.id, row.subject) for row in _requests(settings) if row.state == "done"}
    subjects = {subject for _, subject in noted.done - known}
    numbers = {ask(settings, person, wait=0.0) for person in noted.waiting}
    if subjects:
        numbers |= {ask(settings, who, wait=0.0) for who in _everybody(settings) if subject_of(who) in subjects}
    return numbers


def carry_out_again(settings: Settings, numbers: set[int]) -> Returned:
    """Carry out what was asked for again; what cannot be done now is tried by the daily process."""
    if not numbers:
        return Returned(0, 0)
    run_waiting(settings, lambda _row: True)
    with reading(settings.chat_url) as session:
        done = select(ErasureRow.id).where(ErasureRow.id.in_(numbers), ErasureRow.state == "done")
        return Returned(len(numbers), len(session.scalars(done).all()))


def _requests(settings: Settings) -> list[Any]:
    if not exists(settings.chat_url) or not inspect(engine_for(settings.chat_url)).has_table(ErasureRow.__tablename__):
        return []
    with reading(settings.chat_url) as session:
        return list(session.scalars(select(ErasureRow)))


def _everybody(settings: Settings) -> list[Person]:
    """Customers who are not erased, and accounts that belong to none; of guests also those who only ordered."""
    with reading(settings.shop_url) as session:
        known = {tuple(row) for row in session.execute(select(AccountRow.channel, AccountRow.account))}
        customers = list(session.scalars(select(CustomerRow.id).where(CustomerRow.erased_at.is_(None))))
        guests = {tuple(row) for row in session.execute(select(OrderRow.channel, OrderRow.account).distinct())}
    with reading(settings.chat_url) as session:
        guests |= {tuple(row) for row in session.execute(select(Conversation.channel, Conversation.account))}
    found = [Person(customer_id, ()) for customer_id in customers]
    return found + [Person(None, ((channel, account),)) for channel, account in sorted(guests - known)]
