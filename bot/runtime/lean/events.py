"""The class of an event by its name, for each one that an action answers: Rasa looks through all there are."""

from rasa.shared.core.events import Event

RASAS_OWN = Event.resolve_by_type
_known: dict[str, type[Event]] = {}


def _resolve_by_type(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
    found = _known.get(type_name)
    if found is None:
        found = RASAS_OWN(type_name, default)
        if found is not None and found is not default:
            _known[type_name] = found
    return found


def quicken() -> None:
    """Remember the classes that were found."""
    Event.resolve_by_type = staticmethod(_resolve_by_type)
