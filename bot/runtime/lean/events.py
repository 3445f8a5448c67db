"""The class of an event by its name, for each one that an action answers: Rasa looks through all there are."""

from rasa.shared.core.events import Event

from bot.runtime.window import class_of

RASAS_OWN = Event.resolve_by_type


def _resolve_by_type(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
    found: type[Event] | None = class_of(type_name) if default is None else RASAS_OWN(type_name, default)
    return found


def quicken() -> None:
    """Remember the classes that were found."""
    Event.resolve_by_type = staticmethod(_resolve_by_type)
