"""Advice before a purchase: prices, offers, sizes, recommendations, payment, shipping, origin."""
