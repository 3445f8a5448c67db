"""Entities of the shop: what its catalogue names, and numbers that every shop's customers write."""

from bot.nlu.catalogue._component import CatalogueEntityExtractor

__all__ = ["CatalogueEntityExtractor"]
