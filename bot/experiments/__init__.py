"""A/B tests of the conversation: definitions in data/experiments.yml, sticky assignment, exposure events."""

from bot.experiments.assignment import Assigned, assigned, expose, variant_of
from bot.experiments.definitions import PATH, Experiment, Variant, load_experiments
from bot.experiments.promote import promote, start, stop

__all__ = [
    "PATH",
    "Assigned",
    "Experiment",
    "Variant",
    "assigned",
    "expose",
    "load_experiments",
    "promote",
    "start",
    "stop",
    "variant_of",
]
