"""Entities of the shop: what its catalogue names, and numbers that every shop's customers write."""

from bot.nlu.catalogue._component import CatalogueEntityExtractor
from bot.nlu.catalogue._current import CurrentMatcher
from bot.nlu.catalogue._mask import Mask

__all__ = ["CatalogueEntityExtractor", "CurrentMatcher", "Mask"]
