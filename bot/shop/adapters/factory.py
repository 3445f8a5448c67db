"""Which implementation stands behind each system, as endpoints.yml says."""

from dataclasses import dataclass
from functools import lru_cache

from bot.service_settings import Systems
from bot.settings import get_settings
from bot.shop.adapters.http import HttpCrm, HttpInventory, HttpLogistics, HttpOrders
from bot.shop.adapters.http_after_sale import HttpAfterSale
from bot.shop.adapters.http_api import HttpApi
from bot.shop.adapters.local import LocalCrm, LocalInventory, LocalLogistics, LocalOrders
from bot.shop.adapters.local_after_sale import LocalAfterSale
from bot.shop.adapters.protocols import AfterSale, Crm, Inventory, Logistics, Orders


@dataclass(frozen=True)
class ShopSystems:
    """All systems of the shop."""

    inventory: Inventory
    orders: Orders
    logistics: Logistics
    crm: Crm
    after_sale: AfterSale

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        for system in (self.inventory, self.orders, self.logistics, self.crm, self.after_sale):
            api = getattr(system, "api", None)
            if api is not None:
                await api.close()


def systems() -> ShopSystems:
    """The systems of this process."""
    settings = get_settings()
    return _systems(settings.shop_url, settings.systems)


@lru_cache(maxsize=4)
def _systems(url: str, settings: Systems) -> ShopSystems:
    return build_systems(url, settings)


def build_systems(url: str, settings: Systems) -> ShopSystems:
    """The systems for the shop database `url` and the `systems` section of endpoints.yml."""
    after_sale: AfterSale
    orders: Orders
    if settings.orders.type == "http":
        http_orders = HttpOrders(HttpApi("orders", settings.orders))
        orders, after_sale = http_orders, HttpAfterSale(HttpApi("after_sale", settings.after_sale), http_orders)
    else:
        orders, after_sale = LocalOrders(url), LocalAfterSale(url)
    return ShopSystems(
        HttpInventory(HttpApi("inventory", settings.inventory))
        if settings.inventory.type == "http"
        else LocalInventory(url),
        orders,
        HttpLogistics(HttpApi("logistics", settings.logistics))
        if settings.logistics.type == "http"
        else LocalLogistics(url),
        HttpCrm(HttpApi("crm", settings.crm)) if settings.crm.type == "http" else LocalCrm(url),
        after_sale,
    )
