"""The catalogue as a frozen snapshot: products, variants, warehouses, cities, and the words for them."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.shop.views import Product, Term, Variant, Warehouse


@dataclass(frozen=True)
class Catalogue:
    """A snapshot of one `version`; `cities` maps a city's name to its province."""

    version: int
    products: Mapping[str, Product]
    variants: Mapping[str, Variant]
    warehouses: Mapping[str, Warehouse]
    cities: Mapping[str, str]

    def terms(self) -> list[Term]:
        """Every word for something of the catalogue, aliases included."""
        raise NotImplementedError

    def narrow(self, product_id: str | None = None, **attributes: str | None) -> list[Variant]:
        """The variants of a product (None: of all) with the given attributes, as storage="256G"; None matches any."""
        raise NotImplementedError


def load_catalogue(url: str) -> Catalogue:
    """Read the catalogue from the database."""
    raise NotImplementedError


def catalogue_version(url: str) -> int:
    """The catalogue's version, bumped by every import; cheap to poll."""
    raise NotImplementedError


def current_catalogue(url: str) -> Catalogue:
    """The catalogue of this process, re-read when its version changes (checked at most every 2 s)."""
    raise NotImplementedError
