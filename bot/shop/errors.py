"""What can go wrong in the shop; messages are Chinese and say what to do."""

from typing import Any


class ShopError(ValueError):
    """Base of the shop's errors."""


class UnknownSku(ShopError):
    """No such sku or product in the catalogue."""

    def __init__(self, sku: str) -> None:
        super().__init__(f"商品目录里没有“{sku}”，请核对商品编号")
        self.sku = sku


class UnknownWarehouse(ShopError):
    """No such warehouse."""

    def __init__(self, warehouse_id: str) -> None:
        super().__init__(f"没有编号为“{warehouse_id}”的仓库，请核对仓库编号")
        self.warehouse_id = warehouse_id


class BadQuantity(ShopError):
    """The quantity is below 1 or above the limit for one order."""

    def __init__(self, quantity: object, limit: int) -> None:
        super().__init__(f"数量“{quantity}”不对，一次可以买 1 到 {limit} 件")
        self.quantity = quantity
        self.limit = limit


class OutOfStock(ShopError):
    """No warehouse can send the quantity; `available` is the most that one warehouse can send now."""

    def __init__(self, sku: str, available: int) -> None:
        super().__init__(f"{sku} 库存不足，目前最多可买 {available} 件，请减少数量或换一款")
        self.sku = sku
        self.available = available


class FeedError(ShopError):
    """A feed was refused; the message names every bad row."""


class NotFound(ShopError):
    """No such thing, or not for this account: on purpose the two look the same. `what` is order, ticket, product …"""

    def __init__(self, what: str, key: str = "") -> None:
        super().__init__(f"没有查到{_NAMES.get(what, '记录')}，请核对号码，或先用下单手机号后四位验证")
        self.what = what
        self.key = key


class Refused(ShopError):
    """A rule of the shop says no; `rule` is one of `bot.shop.RULES`, `figures` what it decided by.

    Figures are named by their unit: `…_fen`, `…_at` (UTC), `…_on` (a day), others as they read.
    """

    def __init__(self, rule: str, **figures: Any) -> None:
        super().__init__(f"不符合店铺规则 {rule}，请查看 bot.shop.RULES 里它的说明")
        self.rule = rule
        self.figures = figures

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refused) and (self.rule, self.figures) == (other.rule, other.figures)

    __hash__ = None  # type: ignore[assignment]


class SystemDown(ShopError):
    """A system of the shop (inventory, orders, logistics, crm, after_sale) did not answer sensibly in time."""

    def __init__(self, system: str, reason: str = "") -> None:
        super().__init__(f"{system} 系统暂时连不上{f'（{reason}）' if reason else ''}，请稍后再试")
        self.system = system
        self.reason = reason


_NAMES = {"order": "订单", "ticket": "服务单", "invoice": "发票", "product": "商品", "coupon": "优惠券", "line": "商品"}
