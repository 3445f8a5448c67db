"""Advice before a purchase: prices, offers, sizes, recommendations, payment, shipping, origin."""

from bot.shop.presale.basket import price_basket
from bot.shop.presale.campaigns import campaigns
from bot.shop.presale.delivery import origin_of, shipping_quote
from bot.shop.presale.insight import compare, price_insight, product_facts
from bot.shop.presale.payment import instalment_plan, instalment_plans, payment_options
from bot.shop.presale.recommend import STRATEGIES, Demand, Strategy, recommend
from bot.shop.presale.sizes import advise_size
from bot.shop.presale.terms import city_matters, shipping_terms
from bot.shop.presale.views import (
    Basket,
    Campaign,
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
    ShippingTerms,
    SizeAdvice,
)

__all__ = [
    "STRATEGIES",
    "Basket",
    "Campaign",
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
    "ShippingTerms",
    "SizeAdvice",
    "Strategy",
    "advise_size",
    "campaigns",
    "city_matters",
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
    "shipping_terms",
]
