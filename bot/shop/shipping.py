"""When an order leaves a warehouse, and which warehouse serves a city best."""

from datetime import datetime, time, timedelta, timezone

from bot.clock import local
from bot.shop.views import Warehouse, WarehouseStock


def ship_by(warehouse: Warehouse, moment: datetime) -> datetime:
    """When an order placed at `moment` leaves the warehouse at the latest (UTC).

    Before the cut-off of a working day: that day; otherwise the next working day.
    """
    here = local(moment)
    day = here.date()
    if here.time().replace(tzinfo=None) >= time.fromisoformat(warehouse.cut_off):
        day += timedelta(days=1)
    while day.isoweekday() not in warehouse.working_days:
        day += timedelta(days=1)
    leaves = datetime.combine(day, time.fromisoformat(warehouse.ship_by), tzinfo=here.tzinfo)
    return leaves.astimezone(timezone.utc)


def service_rank(warehouse: Warehouse, city: str | None, province: str | None) -> int:
    """0 for the city's own warehouse, 1 for one whose region holds it, 2 for the others."""
    if city and warehouse.city == city:
        return 0
    return 1 if {city, province} & set(warehouse.regions) else 2


def best_first(
    options: list[tuple[Warehouse, WarehouseStock]], city: str | None, province: str | None
) -> list[WarehouseStock]:
    """Sort by service to the city, then most stock, then id."""
    ranked = sorted(options, key=lambda pair: (service_rank(pair[0], city, province), -pair[1].available, pair[0].id))
    return [stock for _, stock in ranked]


def plain_city(city: str | None) -> str | None:
    """北京市 → 北京; None and blank → None."""
    name = (city or "").strip()
    return (name.removesuffix("市") if len(name) > 2 else name) or None
