"""The shop itself: catalogue, stock by warehouse, prices, promotions, customers, orders and parcels."""

from bot.shop.access import Access, Grant
from bot.shop.aftersale.refunds import move_refund
from bot.shop.aftersale.tickets import move_ticket
from bot.shop.catalogue import Catalogue, catalogue_version, current_catalogue, load_catalogue
from bot.shop.errors import (
    BadQuantity,
    FeedError,
    NotFound,
    OutOfStock,
    Refused,
    ShopError,
    SystemDown,
    UnknownSku,
    UnknownWarehouse,
)
from bot.shop.feed import BadRow, ImportSummary, import_folder, upgrade_and_seed
from bot.shop.money import format_fen
from bot.shop.order_views import find_order, orders_of
from bot.shop.orders import place_order, release_unpaid
from bot.shop.owner_check import forget_old
from bot.shop.prices import interest_free_periods, price_of, product_card
from bot.shop.rules import RULES
from bot.shop.shipping import ship_by
from bot.shop.stock import availability, nearest_variants
from bot.shop.trade_views import ORDER_STATUSES, Order, OrderLine, Parcel, PlacedOrder, Trace
from bot.shop.views import (
    Alternative,
    Availability,
    Card,
    Price,
    PricePoint,
    Product,
    Term,
    Variant,
    Warehouse,
    WarehouseStock,
)

__all__ = [
    "ORDER_STATUSES",
    "RULES",
    "Access",
    "Alternative",
    "Availability",
    "BadQuantity",
    "BadRow",
    "Card",
    "Catalogue",
    "FeedError",
    "Grant",
    "ImportSummary",
    "NotFound",
    "Order",
    "OrderLine",
    "OutOfStock",
    "Parcel",
    "PlacedOrder",
    "Price",
    "PricePoint",
    "Product",
    "Refused",
    "ShopError",
    "SystemDown",
    "Term",
    "Trace",
    "UnknownSku",
    "UnknownWarehouse",
    "Variant",
    "Warehouse",
    "WarehouseStock",
    "availability",
    "catalogue_version",
    "current_catalogue",
    "find_order",
    "forget_old",
    "format_fen",
    "import_folder",
    "interest_free_periods",
    "load_catalogue",
    "move_refund",
    "move_ticket",
    "nearest_variants",
    "orders_of",
    "place_order",
    "price_of",
    "product_card",
    "release_unpaid",
    "ship_by",
    "upgrade_and_seed",
]
