"""What happened in the shop to the customers of some chats: orders, parcels, money, tickets. Nothing is written."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select, tuple_

from bot.db import reading
from bot.quality.talk import Fact
from bot.shop.service_tables import InvoiceRow, RefundRow, TicketRow
from bot.shop.trade_tables import AccountRow, OrderRow

Account = tuple[str, str]  # channel, account
_BATCH = 400


def facts_of(url: str, accounts: Collection[Account], first: datetime, last: datetime) -> dict[Account, list[Fact]]:
    """What happened to each account's customer between two moments."""
    facts: dict[Account, list[Fact]] = defaultdict(list)
    wanted = sorted(accounts)
    with reading(url) as session:
        for start in range(0, len(wanted), _BATCH):
            part = wanted[start : start + _BATCH]
            of_customer = _customers(session, part)
            orders = _orders(session, part, list(of_customer), first)
            for row in orders:
                whose = [*of_customer.get(row.customer_id, ()), (row.channel, row.account)]
                for account in dict.fromkeys(whose):
                    facts[account] += list(_of_order(row, first, last))
            for account, fact in _services(session, part, of_customer, orders, first, last):
                facts[account].append(fact)
    return facts


def _customers(session: Any, accounts: list[Account]) -> dict[str, list[Account]]:
    query = select(AccountRow).where(tuple_(AccountRow.channel, AccountRow.account).in_(accounts))
    found: dict[str, list[Account]] = defaultdict(list)
    for row in session.execute(query).scalars():
        found[row.customer_id].append((row.channel, row.account))
    return found


def _orders(session: Any, accounts: list[Account], customers: list[str], first: datetime) -> list[Any]:
    whose = or_(tuple_(OrderRow.channel, OrderRow.account).in_(accounts), OrderRow.customer_id.in_(customers))
    return list(session.execute(select(OrderRow).where(whose)).scalars())


def _of_order(row: Any, first: datetime, last: datetime) -> Iterator[Fact]:
    for kind, at in (("order", row.created_at), ("shipped", row.shipped_at)):
        if at is not None and first <= at <= last:
            yield Fact(at, kind)


def _services(
    session: Any,
    accounts: list[Account],
    of_customer: dict[str, list[Account]],
    orders: list[Any],
    first: datetime,
    last: datetime,
) -> Iterable[tuple[Account, Fact]]:
    mine = {row.no: [*of_customer.get(row.customer_id, ()), (row.channel, row.account)] for row in orders}
    for table, kind in ((RefundRow, "refund"), (InvoiceRow, "invoice")):
        numbers = list(mine)
        for start in range(0, len(numbers), _BATCH):
            query = select(table.order_no, table.created_at).where(
                table.order_no.in_(numbers[start : start + _BATCH]), table.created_at.between(first, last)
            )
            for number, at in session.execute(query):
                yield from ((account, Fact(at, kind)) for account in mine[number])
    tickets = select(TicketRow.channel, TicketRow.account, TicketRow.kind, TicketRow.created_at).where(
        tuple_(TicketRow.channel, TicketRow.account).in_(accounts), TicketRow.created_at.between(first, last)
    )
    for channel, account, _kind, at in session.execute(tickets):
        yield (channel, account), Fact(at, "ticket")
