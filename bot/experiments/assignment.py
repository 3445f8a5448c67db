"""Who gets which variant: by hash, so that a customer always gets the same one and nobody has to remember it."""

import hashlib
from dataclasses import dataclass

from bot import clock
from bot.events import Event, record
from bot.experiments.definitions import Experiment, Place, load_experiments

_BUCKETS = 2**32


@dataclass(frozen=True)
class Assigned:
    """The variant of a customer; `value` as the file has it. `exposes` whether showing it counts for the test."""

    experiment: str
    variant: str
    value: str
    exposes: bool


def variant_of(name: str, experiment: Experiment, customer: str) -> str:
    """The variant of `customer`: the same at every call, in the shares of the weights over all customers."""
    digest = hashlib.sha256(f"{name}\n{customer}".encode()).digest()
    place = int.from_bytes(digest[:4], "big") / _BUCKETS * sum(v.weight for v in experiment.variants.values())
    for variant, content in experiment.variants.items():
        place -= content.weight
        if place < 0:
            return variant
    return next(reversed(list(experiment.variants)))


def assigned(place: Place, customer: str) -> Assigned | None:
    """What `customer` gets at `place`: a running test's variant, else the last winner; None for the usual way."""
    winner = None
    for name, experiment in load_experiments().items():
        if experiment.place != place:
            continue
        if experiment.status == "running" and experiment.winner is None:
            variant = variant_of(name, experiment, customer)
            return Assigned(name, variant, experiment.variants[variant].value, True)
        if experiment.winner:
            winner = Assigned(name, experiment.winner, experiment.variants[experiment.winner].value, False)
    return winner


def expose(place: Place, customer: str, conversation_id: str, channel: str) -> str | None:
    """The value for `customer` at `place`, told as an event when it counts; call it where the variant is shown."""
    found = assigned(place, customer)
    if found is None:
        return None
    if found.exposes:
        # One event a conversation: the id is the same however often the variant is shown in it.
        told = f"{found.experiment}\n{conversation_id}"
        identity = hashlib.sha256(told.encode()).hexdigest()[:32]
        data = {"experiment": found.experiment, "variant": found.variant}
        record(Event("experiment.exposed", conversation_id, clock.now(), identity, channel, "bot", data))
    return found.value
