"""Events in, figures out: contacts, KPIs, experiments, surveys, peers. Nothing here writes to the shop."""

from bot.insight.contact import Contact, contacts_of
from bot.insight.kpis import FIGURES, Figure, Measured, measure, sums
from bot.insight.projection import refresh

__all__ = ["FIGURES", "Contact", "Figure", "Measured", "contacts_of", "measure", "refresh", "sums"]
