"""Live fields of answers, as {price:P1001-04}: checked when an entry comes in, filled when it is said.

| field | becomes |
|---|---|
| {price:SKU}, {price_from:PRODUCT} | today's price; the lowest of the product's variants |
| {stock:SKU} | whether it is in stock, and how many units |
| {parameter:PRODUCT.NAME} | a parameter of the product's page |
| {promotions}, {promotions:X} | running promotions: all, or of a category, product, sku or kind |
| {setting:PATH}, {minutes:PATH} | a number of data/operations.yml; minutes as 24小时 or 90分钟 |
| {payments}, {instalments}, {pay_from:ID}, {pay_limit:ID} | ways to pay, periods, smallest and largest amount |
| {warehouses}, {cut_offs}, {rest_days}, {carriers} | the warehouses, their last hour for today, days off, couriers |
| {free_over:REGION}, {delivery_days:REGION} | amount for free postage, and days on the way, for a province |
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select

from bot.clock import now
from bot.db import reading
from bot.settings import get_settings
from bot.shop import PAY_METHODS, Catalogue, current_catalogue, format_fen, load_catalogue, price_of
from bot.shop.feed_files import PROMOTION_RULES
from bot.shop.offer_tables import ShippingRuleRow
from bot.shop.presale.offers import running_promotions
from bot.shop.price_table import current_prices
from bot.shop.stock import available_units

FIELD = re.compile(r"\{([^{}]*)\}")


class FieldError(ValueError):
    """A live field that does not exist or cannot be filled; the message is in Chinese."""


@dataclass(frozen=True)
class Words:
    """The pieces of text that fields need; they come from domain.yml.

    `in_stock` and `few` have {number} and {unit}, `hours` and `minutes` {number}, `rest` {warehouse} and {days};
    `weekdays` are seven names, Monday first.
    """

    in_stock: str
    few: str
    sold_out: str
    no_promotions: str
    hours: str
    minutes: str
    rest: str
    no_rest: str
    weekdays: tuple[str, ...]


@dataclass(frozen=True)
class Shop:
    """What fields read: the shop in the database `url`."""

    url: str
    catalogue: Catalogue

    @classmethod
    def now(cls, url: str) -> "Shop":
        """The shop as it serves customers: its catalogue is at most two seconds old."""
        return cls(url, current_catalogue(url))

    @classmethod
    def fresh(cls, url: str) -> "Shop":
        """The shop as it stands in the database this moment, for checks after an import."""
        return cls(url, load_catalogue(url))

    @cached_property
    def routes(self) -> list[ShippingRuleRow]:
        with reading(self.url) as session:
            return list(session.scalars(select(ShippingRuleRow).where(ShippingRuleRow.served.is_(True))))


def check_fields(text: str, shop: Shop) -> None:
    """Make sure that every field of `text` exists and names something that the shop has.

    Raises:
        FieldError: with the reason in Chinese.
    """
    for match in FIELD.finditer(text):
        name, argument = _parts(match)
        known, _fill = _FIELDS[name]
        reason = known(shop, argument)
        if reason:
            raise FieldError(f"字段 {match.group()}：{reason}")
    if re.search(r"[{}]", FIELD.sub("", text)):
        raise FieldError("花括号没有成对，字段应写成 {price:P1001-04} 这样")


def fill(text: str, shop: Shop, words: Words) -> str:
    """`text` with every field filled from the shop as it is now.

    Raises:
        FieldError: what a field names is gone from the shop.
    """

    def value(match: re.Match[str]) -> str:
        name, argument = _parts(match)
        try:
            return str(_FIELDS[name][1](shop, argument, words))
        except (KeyError, AttributeError, ValueError) as error:
            raise FieldError(f"字段 {match.group()} 现在填不出来：{error}") from error

    return FIELD.sub(value, text)


def _parts(match: re.Match[str]) -> tuple[str, str]:
    name, _, argument = match.group(1).partition(":")
    if name not in _FIELDS:
        raise FieldError(f"没有字段 {match.group()}，可用的有 {'、'.join(_FIELDS)}")
    return name, argument.strip()


def setting(path: str) -> Any:
    """The value at a dotted path of data/operations.yml.

    Raises:
        KeyError: no such place, or it holds no single value.
    """
    value: Any = get_settings().operations
    for step in path.split("."):
        value = value[step] if isinstance(value, dict) else getattr(value, step, None)
        if value is None:
            raise KeyError(path)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise KeyError(path)
    return value


def _is_sku(shop: Shop, argument: str) -> str:
    return "" if argument in shop.catalogue.variants else f"没有单品“{argument}”，请核对 variants.csv"


def _is_product(shop: Shop, argument: str) -> str:
    return "" if argument in shop.catalogue.products else f"没有商品“{argument}”，请核对 products.csv"


def _is_parameter(shop: Shop, argument: str) -> str:
    product, _, name = argument.partition(".")
    if reason := _is_product(shop, product):
        return reason
    known = shop.catalogue.products[product].parameters
    return "" if name in known else f"{product} 没有参数“{name}”，它有 {'、'.join(known)}"


def _is_setting(_shop: Shop, argument: str) -> str:
    try:
        setting(argument)
    except KeyError:
        return f"data/operations.yml 里没有单个数值“{argument}”，请核对写法"
    return ""


def _is_minutes(shop: Shop, argument: str) -> str:
    reason = _is_setting(shop, argument)
    return reason or ("" if isinstance(setting(argument), int) else f"“{argument}”不是整数的分钟数")


def _is_pay_method(_shop: Shop, argument: str) -> str:
    known = [method.id for method in get_settings().operations.payment.methods]
    return "" if argument in known else f"没有付款方式“{argument}”，可用的有 {'、'.join(known)}"


def _has_limit(shop: Shop, argument: str) -> str:
    reason = _is_pay_method(shop, argument)
    return reason or ("" if _method(argument).max_fen is not None else f"{argument} 没有金额上限")


def _is_scope(shop: Shop, argument: str) -> str:
    categories = {product.category for product in shop.catalogue.products.values()}
    known = categories | set(shop.catalogue.products) | set(shop.catalogue.variants) | set(PROMOTION_RULES) | {""}
    return "" if argument in known else f"“{argument}”不是品类、商品、单品或活动类型"


def _is_region(shop: Shop, argument: str) -> str:
    known = set(shop.catalogue.cities.values())
    return "" if argument in known and _routes(shop, argument) else f"“{argument}”不是能送到的省份，请核对 cities.csv"


def _nothing(_shop: Shop, argument: str) -> str:
    return "冒号后面不用写东西" if argument else ""


def _stock(shop: Shop, sku: str, words: Words) -> str:
    with reading(shop.url) as session:
        units = available_units(session, [sku])[sku]
    unit = shop.catalogue.variants[sku].unit
    if not units:
        return words.sold_out
    few = units <= get_settings().operations.orders.low_stock
    return (words.few if few else words.in_stock).format(number=units, unit=unit)


def _price_from(shop: Shop, product: str, _words: Words) -> str:
    with reading(shop.url) as session:
        prices = current_prices(session, [variant.sku for variant in shop.catalogue.narrow(product)])
    return format_fen(min(price.price_fen for price in prices.values()))


def _parameter(shop: Shop, argument: str, _words: Words) -> str:
    product, _, name = argument.partition(".")
    return str(shop.catalogue.products[product].parameters[name])


def _promotions(shop: Shop, scope: str, words: Words) -> str:
    variant, product = shop.catalogue.variants.get(scope), shop.catalogue.products.get(scope)
    product = variant.product if variant else product
    with reading(shop.url) as session:
        running = running_promotions(session, now())
    if scope in PROMOTION_RULES:
        running = [row for row in running if row.kind == scope]
    elif product:
        names = {product.id, scope}
        running = [
            row
            for row in running
            if not (row.skus or row.categories) or names & set(row.skus) or product.category in row.categories
        ]
    elif scope:
        running = [row for row in running if _touches(row, scope, shop.catalogue)]
    return "、".join(row.name for row in running) or words.no_promotions


def _touches(row: Any, category: str, catalogue: Catalogue) -> bool:
    """Whether a promotion concerns something of a category."""
    if not (row.skus or row.categories) or category in row.categories:
        return True
    goods = [catalogue.products.get(key) for key in row.skus]
    goods += [catalogue.variants[key].product for key in row.skus if key in catalogue.variants]
    return any(product is not None and product.category == category for product in goods)


def _minutes(_shop: Shop, path: str, words: Words) -> str:
    number = int(setting(path))
    return words.minutes.format(number=number) if number % 60 else words.hours.format(number=number // 60)


def _method(id_: str) -> Any:
    return next(method for method in get_settings().operations.payment.methods if method.id == id_)


def _payments(_shop: Shop, _argument: str, _words: Words) -> str:
    return "、".join(PAY_METHODS[method.id] for method in get_settings().operations.payment.methods)


def _instalments(_shop: Shop, _argument: str, _words: Words) -> str:
    return "、".join(str(plan.periods) for plan in get_settings().operations.payment.instalments)


def _warehouses(shop: Shop, _argument: str, _words: Words) -> str:
    return "、".join(warehouse.name for warehouse in shop.catalogue.warehouses.values())


def _cut_offs(shop: Shop, _argument: str, _words: Words) -> str:
    return "、".join(f"{warehouse.name}{warehouse.cut_off}" for warehouse in shop.catalogue.warehouses.values())


def _rest_days(shop: Shop, _argument: str, words: Words) -> str:
    found = []
    for warehouse in shop.catalogue.warehouses.values():
        days = [words.weekdays[day - 1] for day in range(1, 8) if day not in warehouse.working_days]
        if days:
            found.append(words.rest.format(warehouse=warehouse.name, days="、".join(days)))
    return "，".join(found) or words.no_rest


def _carriers(shop: Shop, _argument: str, _words: Words) -> str:
    return "、".join(dict.fromkeys(str(route.carrier) for route in shop.routes))


def _routes(shop: Shop, region: str) -> list[ShippingRuleRow]:
    """The rules of each warehouse that serves a region: its own where there is one, else the general one."""
    own = [route for route in shop.routes if route.region == region]
    covered = {route.warehouse_id for route in own}
    with reading(shop.url) as session:
        refused = select(ShippingRuleRow.warehouse_id).where(
            ShippingRuleRow.region == region, ShippingRuleRow.served.is_(False)
        )
        covered |= set(session.scalars(refused))
    return [*own, *(route for route in shop.routes if route.region == "*" and route.warehouse_id not in covered)]


def _free_over(shop: Shop, region: str, _words: Words) -> str:
    return format_fen(min(r.free_over_fen for r in _routes(shop, region) if r.free_over_fen is not None))


def _delivery_days(shop: Shop, region: str, _words: Words) -> str:
    best = min(_routes(shop, region), key=lambda route: (route.days_max, route.days_min))
    return str(best.days_min) if best.days_min == best.days_max else f"{best.days_min}-{best.days_max}"


_Known = Callable[[Shop, str], str]
_Fill = Callable[[Shop, str, Words], str]
_FIELDS: dict[str, tuple[_Known, _Fill]] = {
    "price": (_is_sku, lambda shop, sku, _words: format_fen(price_of(shop.url, sku).price_fen)),
    "price_from": (_is_product, _price_from),
    "stock": (_is_sku, _stock),
    "parameter": (_is_parameter, _parameter),
    "promotions": (_is_scope, _promotions),
    "setting": (_is_setting, lambda _shop, path, _words: str(setting(path))),
    "minutes": (_is_minutes, _minutes),
    "payments": (_nothing, _payments),
    "instalments": (_nothing, _instalments),
    "pay_from": (_is_pay_method, lambda _shop, id_, _words: format_fen(_method(id_).min_fen)),
    "pay_limit": (_has_limit, lambda _shop, id_, _words: format_fen(_method(id_).max_fen)),
    "warehouses": (_nothing, _warehouses),
    "cut_offs": (_nothing, _cut_offs),
    "rest_days": (_nothing, _rest_days),
    "carriers": (_nothing, _carriers),
    "free_over": (_is_region, _free_over),
    "delivery_days": (_is_region, _delivery_days),
}
