"""What the shop says before a purchase, as plain frozen values; money in fen, times UTC, days local."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from bot.shop.service_views import Coupon
from bot.shop.views import Price, Product, Variant


@dataclass(frozen=True)
class PriceChange:
    """The latest change of a price; `by_fen` < 0 is a cut."""

    before_fen: int
    after_fen: int
    at: datetime

    @property
    def by_fen(self) -> int:
        """How much more it costs since."""
        return self.after_fen - self.before_fen


@dataclass(frozen=True)
class PriceInsight:
    """A price with what it was: the lowest of 30 and 90 days (today's included), the latest change if any.

    `below_market_fen` is how much less than the market price (< 0: more).
    """

    price: Price
    lowest_30_fen: int
    lowest_90_fen: int
    last_change: PriceChange | None
    below_market_fen: int


@dataclass(frozen=True)
class Compared:
    """One side of a comparison: the variant that stands for the product, its price, units in stock."""

    product: Product
    variant: Variant
    price_fen: int
    market_fen: int
    stock: int
    interest_free: int | None


@dataclass(frozen=True)
class Comparison:
    """`rows` are the parameters that differ: (name, left, right), "" where a product has none."""

    left: Compared
    right: Compared
    rows: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Offer:
    """A promotion that takes something off a basket, or adds a gift (saved_fen 0); `skus` are the lines it counts."""

    promotion_id: str
    kind: str
    name: str
    saved_fen: int
    skus: tuple[str, ...]


@dataclass(frozen=True)
class Missed:
    """An offer that nearly applies: `short_fen` more and it would save `saves_fen`."""

    promotion_id: str
    name: str
    short_fen: int
    saves_fen: int


@dataclass(frozen=True)
class PricedLine:
    """A line of a basket: what its units cost, what they cost after all reductions."""

    sku: str
    quantity: int
    unit_fen: int
    goods_fen: int
    net_fen: int


@dataclass(frozen=True)
class Basket:
    """The price of a basket to the fen: goods − saved + shipping = payable; `coupon` is the one that was used."""

    lines: tuple[PricedLine, ...]
    goods_fen: int
    offers: tuple[Offer, ...]
    coupon: Coupon | None
    saved_fen: int
    shipping_fen: int
    payable_fen: int
    missed: tuple[Missed, ...] = ()


@dataclass(frozen=True)
class SizeAdvice:
    """`size` fits, or None when no chart says so; `sku` is its variant in stock (of `colour` if wished), or None.

    `between` holds the sizes that single measures call for when they disagree (the larger is advised); `beyond` is
    "small" or "large" when the chart ends before.
    """

    product_id: str
    size: str | None
    sku: str | None
    between: tuple[str, ...] = ()
    beyond: str = ""
    chart: Mapping[str, Mapping[str, tuple[float, float]]] | None = None


@dataclass(frozen=True)
class Reason:
    """Why it is recommended; `kind` is budget, parameter, word, below_market, lowest, interest_free, sold, in_stock."""

    kind: str
    name: str = ""
    value: str = ""
    fen: int = 0


@dataclass(frozen=True)
class Recommendation:
    """A product to look at, by the variant that fits best."""

    variant: Variant
    price_fen: int
    available: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class InstalmentPlan:
    """`each_fen` in every period but the last, which is `last_fen`; `total_fen` = principal + fee."""

    periods: int
    principal_fen: int
    fee_fen: int
    each_fen: int
    last_fen: int
    interest_free: bool

    @property
    def total_fen(self) -> int:
        """Everything that is paid in the end."""
        return self.principal_fen + self.fee_fen


@dataclass(frozen=True)
class PayOption:
    """`id` is a key of PAY_METHODS; `plans` only for instalments."""

    id: str
    name: str
    plans: tuple[InstalmentPlan, ...] = ()


@dataclass(frozen=True)
class ShippingQuote:
    """Shipping of a basket to a city from the warehouse that serves it best.

    `free_over_fen` is the threshold of free shipping (None: never free there), `short_fen` what is missing to it.
    """

    city: str
    province: str
    warehouse_id: str
    warehouse_name: str
    carrier: str
    grams: int
    fee_fen: int
    free_over_fen: int | None
    short_fen: int
    ship_by: datetime
    earliest_on: date
    latest_on: date


@dataclass(frozen=True)
class ShippingTerms:
    """How the shop ships in general: what most rules say, and what differs.

    `free_over_fen` is the usual threshold of free shipping, fees are for the first weight, days after it left;
    `not_served` are the provinces that no warehouse sends anything to.
    """

    free_over_fen: int | None
    fee_from_fen: int
    fee_to_fen: int
    carriers: tuple[str, ...]
    days_from: int
    days_to: int
    not_served: tuple[str, ...]


@dataclass(frozen=True)
class Campaign:
    """A promotion that customers may hear of, running or to come; `kind` as in promotions.csv (never coupon)."""

    id: str
    kind: str
    name: str
    starts_at: datetime
    ends_at: datetime
    running: bool


@dataclass(frozen=True)
class Origin:
    """What proves that goods are genuine; `licence_valid` whether the licence has not run out."""

    product: Product
    source: str
    licence: str
    licence_until: date | None
    licence_valid: bool
    batch: str
    inspection: str


@dataclass(frozen=True)
class ProductFacts:
    """A product page: `found` are the parameters that a question names, all of them when it names none."""

    product: Product
    found: Mapping[str, str]
    labels: tuple[str, ...]
