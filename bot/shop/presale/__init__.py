"""Advice before a purchase: prices, offers, sizes, recommendations, payment, shipping, origin."""

from bot.shop.presale.basket import price_basket
from bot.shop.presale.delivery import origin_of, shipping_quote
from bot.shop.presale.insight import compare, price_insight, product_facts
from bot.shop.presale.payment import instalment_plan, instalment_plans, payment_options
from bot.shop.presale.recommend import Demand, recommend
from bot.shop.presale.sizes import advise_size
from bot.shop.presale.views import (
    Basket,
    Compared,
    Comparison,
    InstalmentPlan,
    Missed,
    Offer,
    Origin,
    PayOption,
    PriceChange,
    PricedLine,
    PriceInsight,
    ProductFacts,
    Reason,
    Recommendation,
    ShippingQuote,
    SizeAdvice,
)

__all__ = [
    "Basket",
    "Compared",
    "Comparison",
    "Demand",
    "InstalmentPlan",
    "Missed",
    "Offer",
    "Origin",
    "PayOption",
    "PriceChange",
    "PriceInsight",
    "PricedLine",
    "ProductFacts",
    "Reason",
    "Recommendation",
    "ShippingQuote",
    "SizeAdvice",
    "advise_size",
    "compare",
    "instalment_plan",
    "instalment_plans",
    "origin_of",
    "payment_options",
    "price_basket",
    "price_insight",
    "product_facts",
    "recommend",
    "shipping_quote",
]
