"""What a message names, and the page it came from, in the catalogue's own terms."""

from dataclasses import dataclass, field
from typing import Any

from actions.turn import Turn
from bot.shop import Catalogue


@dataclass(frozen=True)
class Heard:
    """Entities of one message; `attributes` as {"storage": "256G"}; `unknown`: a name or sku that does not exist."""

    products: tuple[str, ...] = ()
    sku: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    quantity: int | None = None
    city: str | None = None
    province: str | None = None
    unknown: str | None = None
    page_product: str | None = None
    page_sku: str | None = None

    @property
    def names_something(self) -> bool:
        """Whether the message itself says anything that a stock question needs."""
        return bool(self.products or self.sku or self.attributes or self.quantity or self.city or self.unknown)

    @property
    def names_goods(self) -> bool:
        """Whether it names a product or a variant."""
        return bool(self.products or self.sku or self.attributes or self.unknown)


def listen(turn: Turn, catalogue: Catalogue) -> Heard:
    """Read the entities of the turn and the page of its metadata; anything malformed or invented is left out."""
    found: dict[str, list[Any]] = {}
    for entity in turn.entities:
        found.setdefault(str(entity.get("entity")), []).append(entity.get("value"))
    names = {name for variant in catalogue.variants.values() for name in variant.attributes}
    products = [p for p in _texts(found, "product") if p in catalogue.products]
    written = [*_texts(found, "sku"), *(v for v in _texts(found, "variant") if v in catalogue.variants)]
    strangers = [p for p in _texts(found, "product") if p not in catalogue.products]
    sku = next((s for s in written if s in catalogue.variants), None)
    unknown = next((name for name in [*written, *strangers] if name not in catalogue.variants), None)
    page_sku, page_product = turn.metadata.get("page_sku"), turn.metadata.get("page_product")
    page_sku = page_sku if isinstance(page_sku, str) and page_sku in catalogue.variants else None
    page_product = page_product if isinstance(page_product, str) and page_product in catalogue.products else None
    return Heard(
        products=tuple(dict.fromkeys(products)),
        sku=sku,
        attributes={name: values[0] for name in names if (values := _texts(found, name))},
        quantity=_quantity(found),
        city=_city(found, catalogue),
        province=next((p for p in _texts(found, "province") if p in catalogue.provinces()), None),
        unknown=unknown if not (products or sku) else None,
        page_product=catalogue.variants[page_sku].product.id if page_sku else page_product,
        page_sku=page_sku,
    )


def _texts(found: dict[str, list[Any]], name: str) -> list[str]:
    return [value.strip() for value in found.get(name, []) if isinstance(value, str) and value.strip()]


def _quantity(found: dict[str, list[Any]]) -> int | None:
    for value in found.get("quantity", []):
        try:
            number = int(value)
        except (TypeError, ValueError, OverflowError):
            continue
        if number > 0:
            return number
    return None


def _city(found: dict[str, list[Any]], catalogue: Catalogue) -> str | None:
    for name in _texts(found, "city"):
        if name in catalogue.cities:
            return name
    for warehouse in _texts(found, "warehouse"):
        if warehouse in catalogue.warehouses:
            return catalogue.warehouses[warehouse].city
    return None
