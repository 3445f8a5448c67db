"""The shop's tables before and after a conversation: what came new and what is no longer as it was."""

from collections import Counter
from typing import Any

from sqlalchemy import inspect, select

from bot.db import reading
from bot.shop.offer_tables import CouponRow
from bot.shop.service_tables import InvoiceRow, OrderChangeRow, ProtectionRow, RefundRow, TicketRow
from bot.shop.tables import StockRow
from bot.shop.trade_tables import OrderLineRow, OrderRow

TABLES: tuple[Any, ...] = (
    OrderRow,
    OrderLineRow,
    OrderChangeRow,
    StockRow,
    TicketRow,
    RefundRow,
    InvoiceRow,
    ProtectionRow,
    CouponRow,
)
Rows = dict[tuple[Any, ...], dict[str, Any]]


class Books:
    """Every row of the tables that a conversation may change, as they were when it was made."""

    def __init__(self, url: str) -> None:
        with reading(url) as session:
            self._rows = {table: self._read(session, table) for table in TABLES}

    @staticmethod
    def _read(session: Any, table: Any) -> Rows:
        mapped = inspect(table)
        names = [column.key for column in mapped.column_attrs]
        keys = [mapped.get_property_by_column(column).key for column in mapped.primary_key]
        rows = [{name: getattr(row, name) for name in names} for row in session.scalars(select(table))]
        # A personal coupon is an offer's, which the greeting or a finished order may bring.
        rows = [row for row in rows if table is not CouponRow or row["promotion_id"]]
        return {tuple(row[key] for key in keys): row for row in rows}

    def new(self, before: "Books", table: Any) -> list[dict[str, Any]]:
        """The rows of `table` that were not there `before`."""
        return [row for key, row in self._rows[table].items() if key not in before._rows[table]]

    def since(self, before: "Books") -> dict[str, int]:
        """How many rows came (+), went (-) and changed (~), by table; nothing for those that are as they were."""
        found: Counter[str] = Counter()
        for table in TABLES:
            was, now = before._rows[table], self._rows[table]
            name = table.__tablename__
            found[f"+{name}"] = len(now.keys() - was.keys())
            found[f"-{name}"] = len(was.keys() - now.keys())
            found[f"~{name}"] = sum(was[key] != now[key] for key in was.keys() & now.keys())
        return {what: number for what, number in found.items() if number}
