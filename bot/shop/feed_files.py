"""The feed's files in the order they are imported: columns, keys, references, and rules across cells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.settings import get_settings
from bot.shop import feed_cells as cell
from bot.shop.service_views import PAY_METHODS
from bot.shop.tables import (
    AttributeAliasRow,
    CityRow,
    PriceRow,
    ProductRow,
    PromotionRow,
    StockRow,
    VariantRow,
    WarehouseRow,
)
from bot.shop.trade_tables import AccountRow, CustomerRow, OrderLineRow, OrderRow, ParcelRow
from bot.shop.trade_views import ORDER_STATUSES

Values = dict[str, Any]
OPTIONAL_RULES = {"discount": {"nth"}, "coupon": {"new_customers"}}  # every nth unit; first orders only
PROMOTION_RULES = {
    "interest_free": {"periods", "min_fen"},
    "reduction": {"over_fen", "minus_fen"},
    "coupon": {"over_fen", "minus_fen"},
    "discount": {"percent"},
    "gift": {"over_fen"},
}
PARCEL_STATUSES = ("waiting", "in_transit", "delivering", "delivered", "exception")


@dataclass(frozen=True)
class FeedFile:
    """One file: `columns` maps a header to (table column, converter); `references` a column to its tables.

    Headers in `optional` may be missing, as older feeds lack them.
    """

    name: str
    table: Any
    key: tuple[str, ...]
    columns: Mapping[str, tuple[str, Callable[[str], Any]]]
    references: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    complete: Callable[[Values], None] = lambda values: None
    optional: frozenset[str] = frozenset()


def same(**columns: Callable[[str], Any]) -> dict[str, tuple[str, Callable[[str], Any]]]:
    return {name: (name, convert) for name, convert in columns.items()}


def _price(values: Values) -> None:
    if values["price_fen"] < 1:
        raise ValueError("price 应大于 0")


def _promotion(values: Values) -> None:
    needed, more = PROMOTION_RULES[values["kind"]], OPTIONAL_RULES.get(values["kind"], set())
    if not needed <= set(values["rule"]) <= needed | more:
        raise ValueError(f"{values['kind']} 的 rule 应写 {'、'.join(sorted(needed))}")
    values["rule"] = {name: cell.whole(value) for name, value in values["rule"].items()}
    if values["rule"].get("percent", 0) > 100 or values["rule"].get("nth", 1) < 1:
        raise ValueError("percent 应在 0 到 100 之间，nth 应不小于 1")
    if values["ends_at"] <= values["starts_at"]:
        raise ValueError("ends_at 应晚于 starts_at")


def _order(values: Values) -> None:
    values["idempotency_key"] = f"feed:{values['no']}"
    minutes = get_settings().operations.orders.pay_minutes
    values["pay_before"] = values["created_at"] + timedelta(minutes=minutes)
    for name in ("paid_at", "shipped_at", "delivered_at", "cancelled_at"):
        if values[name] and values[name] < values["created_at"]:
            raise ValueError(f"{name} 早于 created_at")


TRADE_FILES = (
    FeedFile(
        "warehouses.csv",
        WarehouseRow,
        ("id",),
        same(
            id=cell.text, name=cell.text, city=cell.text, cut_off=cell.clock_time, ship_by=cell.clock_time,
            working_days=cell.weekdays, regions=cell.listed,
        ),
    ),
    FeedFile("cities.csv", CityRow, ("name",), same(name=cell.text, province=cell.text)),
    FeedFile(
        "products.csv",
        ProductRow,
        ("id",),
        same(
            id=cell.text, name=cell.text, brand=cell.text, category=cell.text, unit=cell.text, image=cell.text,
            description=cell.text, parameters=cell.pairs, aliases=cell.listed,
            launched_on=cell.optional(cell.day),
        )
        | {"successor": ("successor_id", cell.optional(cell.text))},
        optional=frozenset({"launched_on", "successor"}),
    ),
    FeedFile(
        "variants.csv",
        VariantRow,
        ("sku",),
        same(sku=cell.text, product_id=cell.text, label=cell.text, attributes=cell.pairs),
        {"product_id": (ProductRow,)},
    ),
    FeedFile(
        "attribute_aliases.csv",
        AttributeAliasRow,
        ("attribute", "value", "alias"),
        same(attribute=cell.text, value=cell.text, alias=cell.text),
    ),
    FeedFile(
        "prices.csv",
        PriceRow,
        ("sku", "valid_from"),
        {
            "sku": ("sku", cell.text),
            "valid_from": ("valid_from", cell.moment),
            "price": ("price_fen", cell.fen),
            "list_price": ("list_fen", cell.fen),
            "market_price": ("market_fen", cell.fen),
        },
        {"sku": (VariantRow,)},
        _price,
    ),
    FeedFile(
        "stock.csv",
        StockRow,
        ("sku", "warehouse_id"),
        same(sku=cell.text, warehouse_id=cell.text, on_hand=cell.whole, restock_date=cell.optional(cell.day)),
        {"sku": (VariantRow,), "warehouse_id": (WarehouseRow,)},
    ),
    FeedFile(
        "promotions.csv",
        PromotionRow,
        ("id",),
        same(
            id=cell.text, name=cell.text, kind=cell.one_of(*PROMOTION_RULES), rule=cell.pairs,
            starts_at=cell.moment, ends_at=cell.moment, categories=cell.listed, skus=cell.listed,
        ),
        {"skus": (VariantRow, ProductRow)},
        _promotion,
    ),
    FeedFile(
        "customers.csv",
        CustomerRow,
        ("id",),
        same(id=cell.text, name=cell.text, phone=cell.phone, city=cell.text, created_at=cell.moment),
    ),
    FeedFile(
        "accounts.csv",
        AccountRow,
        ("channel", "account"),
        same(channel=cell.text, account=cell.text, customer_id=cell.text),
        {"customer_id": (CustomerRow,)},
    ),
    FeedFile(
        "orders.csv",
        OrderRow,
        ("no",),
        {
            **same(
                no=cell.text, customer_id=cell.optional(cell.text), channel=cell.text, account=cell.text,
                status=cell.one_of(*ORDER_STATUSES), created_at=cell.moment, paid_at=cell.optional(cell.moment),
                shipped_at=cell.optional(cell.moment), delivered_at=cell.optional(cell.moment),
                cancelled_at=cell.optional(cell.moment), warehouse_id=cell.text,
                address=cell.optional(cell.text),
            ),
            **same(city=cell.optional(cell.text), phone=cell.optional(cell.phone)),
            "pay_method": ("pay_method", cell.optional(cell.one_of(*PAY_METHODS))),
            "shipping": ("shipping_fen", cell.fen),
            "amount": ("amount_fen", cell.fen),
            "discount": ("discount_fen", cell.fen),
        },
        {"customer_id": (CustomerRow,), "warehouse_id": (WarehouseRow,)},
        _order,
        frozenset({"city", "phone", "pay_method", "shipping"}),
    ),
    FeedFile(
        "order_lines.csv",
        OrderLineRow,
        ("order_no", "sku"),
        {
            **same(order_no=cell.text, sku=cell.text, quantity=cell.positive),
            "price": ("price_fen", cell.fen),
        },
        {"order_no": (OrderRow,), "sku": (VariantRow,)},
    ),
    FeedFile(
        "parcels.csv",
        ParcelRow,
        ("no",),
        same(
            no=cell.text, order_no=cell.text, carrier=cell.text, status=cell.one_of(*PARCEL_STATUSES),
            traces=cell.traces,
        ),
        {"order_no": (OrderRow,)},
    ),
)  # fmt: skip
