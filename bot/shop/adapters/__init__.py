"""The shop's systems behind one interface each: local tables or HTTP services, as endpoints.yml says."""

from bot.shop.adapters.protocols import AfterSale, Crm, Inventory, Logistics, Orders

__all__ = ["AfterSale", "Crm", "Inventory", "Logistics", "Orders"]
