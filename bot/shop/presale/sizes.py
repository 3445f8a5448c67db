"""Which size fits, by the chart of the product."""

from collections.abc import Mapping

from sqlalchemy import select

from bot.db import reading
from bot.shop.catalogue import current_catalogue
from bot.shop.errors import UnknownSku
from bot.shop.offer_tables import SizeRow
from bot.shop.presale.views import SizeAdvice
from bot.shop.stock import available_units

Chart = dict[str, dict[str, tuple[float, float]]]  # size → measure → (low, high)


def advise_size(
    url: str, product_id: str, *, height_cm: float | None = None, weight_kg: float | None = None,
    foot_mm: float | None = None, colour: str | None = None,
) -> SizeAdvice:  # fmt: skip
    """The size for the given measures; of several that fit the one whose middle is nearest.

    When measures call for different sizes, the larger one is advised: what is too tight cannot be worn.

    Raises:
        UnknownSku: no such product.
    """
    catalogue = current_catalogue(url)
    if product_id not in catalogue.products:
        raise UnknownSku(product_id)
    order = list(dict.fromkeys(v.attributes["size"] for v in catalogue.narrow(product_id) if "size" in v.attributes))
    chart = size_chart(url, product_id, order)
    given = {"height": height_cm, "weight": weight_kg, "foot": foot_mm}
    known = {name: value for name, value in given.items() if value is not None and _has(chart, name)}
    if not chart or not known:
        return SizeAdvice(product_id, None, None, chart=chart or None)
    wished = {name: _nearest(chart, name, value) for name, value in known.items()}
    beyond = next((_beyond(chart, name, value) for name, value in known.items() if wished[name] is None), "")
    if beyond:
        return SizeAdvice(product_id, None, None, beyond=beyond, chart=chart)
    sizes = sorted({size for size in wished.values() if size is not None}, key=order.index)
    return SizeAdvice(
        product_id, sizes[-1], _in_stock(url, product_id, sizes[-1], colour),
        tuple(sizes) if len(sizes) > 1 else (), chart=chart,
    )  # fmt: skip


def size_chart(url: str, product_id: str, order: list[str]) -> Chart:
    """The product's chart, its sizes in `order`; empty without one."""
    found: Chart = {}
    with reading(url) as session:
        for row in session.scalars(select(SizeRow).where(SizeRow.product_id == product_id)):
            found.setdefault(row.size, {})[row.measure] = (row.low, row.high)
    return {size: found[size] for size in order if size in found}


def _has(chart: Chart, measure: str) -> bool:
    return any(measure in ranges for ranges in chart.values())


def _nearest(chart: Chart, measure: str, value: float) -> str | None:
    """The size whose range holds the value, by the nearest middle; in a gap between two sizes the larger."""
    ranges = {size: of[measure] for size, of in chart.items() if measure in of}
    fitting = {size: (low + high) / 2 for size, (low, high) in ranges.items() if low <= value < high}
    if fitting:
        return min(fitting, key=lambda size: abs(fitting[size] - value))
    if value < min(low for low, _ in ranges.values()) or value >= max(high for _, high in ranges.values()):
        return None
    return min((size for size in ranges if ranges[size][0] > value), key=lambda size: ranges[size][0])


def _beyond(chart: Mapping[str, Mapping[str, tuple[float, float]]], measure: str, value: float) -> str:
    lowest = min(ranges[measure][0] for ranges in chart.values() if measure in ranges)
    return "small" if value < lowest else "large"


def _in_stock(url: str, product_id: str, size: str, colour: str | None) -> str | None:
    variants = current_catalogue(url).narrow(product_id, size=size, colour=colour)
    with reading(url) as session:
        units = available_units(session, [v.sku for v in variants])
    return max((sku for sku in units if units[sku]), key=lambda sku: units[sku], default=None)
