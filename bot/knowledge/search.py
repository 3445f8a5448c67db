"""Asking the knowledge base: an answer, near misses, or nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bot.clock import now
from bot.knowledge.current import CurrentIndex
from bot.knowledge.entries import Entry
from bot.knowledge.ranking import probability
from bot.knowledge.variants import tells_of_another
from bot.settings import get_settings
from bot.shop import current_catalogue

Outcome = Literal["answered", "near", "none"]


@dataclass(frozen=True)
class Found:
    """What a question found: entries, best first, and the probability that the first one answers it.

    `outcome` is "answered" from `knowledge.answer` of data/operations.yml on, "near" from `knowledge.near` on.
    """

    outcome: Outcome
    entries: tuple[Entry, ...]
    probability: float

    @property
    def best(self) -> Entry | None:
        """The entry to say; None unless the outcome is "answered"."""
        return self.entries[0] if self.outcome == "answered" else None


def search(current: CurrentIndex, text: str, tags: Collection[str] | None = None) -> Found:
    """Ask `text`, among entries with one of `tags` where they are given; only entries valid today are found."""
    settings = get_settings().operations.knowledge
    if not text.strip():
        return Found("none", (), 0.0)
    index, _ = current.get()
    question = current.question(text)
    allowed = index.allowed(now(), tags)
    ranked = index.rank(question, allowed, limit=max(settings.offered, 3))
    catalogue = current_catalogue(current.shop_url)
    others = [place for place in ranked.places if tells_of_another(index.entries[place], text, catalogue)]
    if others:
        allowed = np.ones(len(index.entries), bool) if allowed is None else allowed
        allowed[others] = False
        ranked = index.rank(question, allowed, limit=max(settings.offered, 3))
    if not len(ranked.places):
        return Found("none", (), 0.0)
    sure = probability(ranked.signs, ranked.scores)
    outcome: Outcome = "answered" if sure >= settings.answer else "near" if sure >= settings.near else "none"
    return Found(outcome, tuple(index.entries[place] for place in ranked.places), sure)
