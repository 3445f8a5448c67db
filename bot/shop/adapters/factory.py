"""Which implementation stands behind each system, as endpoints.yml says."""

from dataclasses import dataclass
from functools import lru_cache

from bot.service_settings import Systems
from bot.settings import get_settings
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


def systems() -> ShopSystems:
    """The systems of this process."""
    settings = get_settings()
    return _systems(settings.shop_url, settings.systems.json())


@lru_cache(maxsize=4)
def _systems(url: str, content: str) -> ShopSystems:
    return build_systems(url, Systems.parse_raw(content))


def build_systems(url: str, settings: Systems) -> ShopSystems:
    """The systems for the shop database `url` and the `systems` section of endpoints.yml."""
    return ShopSystems(LocalInventory(url), LocalOrders(url), LocalLogistics(url), LocalCrm(url), LocalAfterSale(url))
