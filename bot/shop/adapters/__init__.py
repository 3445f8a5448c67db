"""The shop's systems behind one interface each: local tables or HTTP services, as endpoints.yml says."""

from bot.shop.adapters.call_back import leave_callback
from bot.shop.adapters.factory import ShopSystems, build_systems, systems
from bot.shop.adapters.identity import Verification, identify, open_access, verify_owner
from bot.shop.adapters.protocols import AfterSale, Crm, Inventory, Logistics, Orders

__all__ = [
    "AfterSale",
    "Crm",
    "Inventory",
    "Logistics",
    "Orders",
    "ShopSystems",
    "Verification",
    "build_systems",
    "identify",
    "leave_callback",
    "open_access",
    "systems",
    "verify_owner",
]
