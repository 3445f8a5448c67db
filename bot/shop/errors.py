"""What can go wrong in the shop; messages are Chinese and say what to do."""


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
