"""Tables of the catalogue: products, variants, warehouses, cities, stock, prices, promotions."""

from typing import Any

from sqlalchemy import JSON, CheckConstraint, Column, Date, ForeignKey, Integer, String, Text
from sqlalchemy.orm import declarative_base

from bot.db import UtcDateTime

Base: Any = declarative_base()  # SQLAlchemy 1.4 carries no types


class ProductRow(Base):
    """A product; its sellable units are variants. `successor_id` is the product that replaces it."""

    __tablename__ = "products"

    id = Column(String(32), primary_key=True)
    name = Column(String(120), nullable=False)
    brand = Column(String(60), nullable=False)
    category = Column(String(30), nullable=False, index=True)
    unit = Column(String(8), nullable=False)
    image = Column(String(120), nullable=False)
    description = Column(Text, nullable=False)
    parameters = Column(JSON, nullable=False)
    aliases = Column(JSON, nullable=False)
    launched_on = Column(Date)
    successor_id = Column(String(32))


class VariantRow(Base):
    """A sellable unit; `position` keeps the feed's order (S, M, L, XL)."""

    __tablename__ = "variants"

    sku = Column(String(48), primary_key=True)
    product_id = Column(ForeignKey("products.id"), nullable=False, index=True)
    label = Column(String(120), nullable=False)
    attributes = Column(JSON, nullable=False)
    position = Column(Integer, nullable=False)


class AttributeAliasRow(Base):
    """Another word for an attribute's value: colour 午夜色 is also 黑色."""

    __tablename__ = "attribute_aliases"

    attribute = Column(String(30), primary_key=True)
    value = Column(String(60), primary_key=True)
    alias = Column(String(60), primary_key=True)


class CityRow(Base):
    """A city that the shop delivers to."""

    __tablename__ = "cities"

    name = Column(String(30), primary_key=True)
    province = Column(String(30), nullable=False)


class WarehouseRow(Base):
    """A warehouse; `cut_off` and `ship_by` are local "HH:MM"."""

    __tablename__ = "warehouses"

    id = Column(String(16), primary_key=True)
    name = Column(String(60), nullable=False)
    city = Column(String(30), nullable=False)
    cut_off = Column(String(5), nullable=False)
    ship_by = Column(String(5), nullable=False)
    working_days = Column(JSON, nullable=False)
    regions = Column(JSON, nullable=False)


class StockRow(Base):
    """Units in one warehouse; `reserved` ones belong to orders that have not left it yet."""

    __tablename__ = "stock"
    __table_args__ = (
        CheckConstraint("reserved >= 0", name="stock_reserved_not_negative"),
        CheckConstraint("on_hand >= reserved", name="stock_covers_reserved"),
    )

    sku = Column(ForeignKey("variants.sku"), primary_key=True)
    warehouse_id = Column(ForeignKey("warehouses.id"), primary_key=True)
    on_hand = Column(Integer, nullable=False)
    reserved = Column(Integer, nullable=False, default=0, server_default="0")
    restock_date = Column(Date)


class PriceRow(Base):
    """A price from a moment on; the newest that has begun is in force."""

    __tablename__ = "prices"

    sku = Column(ForeignKey("variants.sku"), primary_key=True)
    valid_from = Column(UtcDateTime, primary_key=True)
    price_fen = Column(Integer, nullable=False)
    list_fen = Column(Integer, nullable=False)
    market_fen = Column(Integer, nullable=False)


class PromotionRow(Base):
    """An offer for some categories, products or skus; with none named, for the whole shop."""

    __tablename__ = "promotions"

    id = Column(String(32), primary_key=True)
    name = Column(String(120), nullable=False)
    kind = Column(String(20), nullable=False, index=True)
    rule = Column(JSON, nullable=False)
    starts_at = Column(UtcDateTime, nullable=False)
    ends_at = Column(UtcDateTime, nullable=False)
    categories = Column(JSON, nullable=False)
    skus = Column(JSON, nullable=False)


class CatalogueStateRow(Base):
    """One row: the version of the catalogue, bumped by every import."""

    __tablename__ = "catalogue_state"

    id = Column(Integer, primary_key=True, autoincrement=False)
    version = Column(Integer, nullable=False)
