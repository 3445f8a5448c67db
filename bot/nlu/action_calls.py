"""Makes Rasa's calls of actions cheap.

Rasa checks each answer of the action server against a schema (worthwhile), and with each answer the schema itself
against JSON Schema's own (25 ms of computing for what never changes, several times a turn). The schema tries each event
as every kind of event; here most events are known to fit by their kind, and only the others go through the schema.
"""

from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from rasa.core.actions.action import RemoteAction
from rasa.shared.utils.schemas.events import EVENT_SCHEMA, SLOT_SET

RASAS_OWN = RemoteAction._validate_action_result


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    schema = RemoteAction.action_response_format_spec()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


# Kinds of which the schema asks nothing but their name.
_BARE = frozenset(
    kind["properties"]["event"]["const"]
    for kind in EVENT_SCHEMA["oneOf"]
    if set(kind) == {"properties"} and set(kind["properties"]) == {"event"}
)
_SLOT_AS_KNOWN = SLOT_SET == {
    "properties": {"event": {"const": "slot"}, "name": {"type": "string"}, "value": {}},
    "required": ["name", "value"],
}


def _fits(event: Any) -> bool:
    """Whether `event` fits the schema for sure; False where the schema must say."""
    if type(event) is not dict:
        return False
    kind, at = event.get("event"), event.get("timestamp")
    if not (at is None or type(at) in (int, float)) or not isinstance(event.get("metadata"), dict | None):
        return False
    if kind == "slot":
        return _SLOT_AS_KNOWN and type(event.get("name")) is str and "value" in event
    return type(kind) is str and kind in _BARE


def _plainly_valid(result: Any) -> bool:
    if type(result) is not dict:
        return False
    events, responses = result.get("events", []), result.get("responses", [])
    lists = type(events) is list and type(responses) is list
    return lists and all(type(one) is dict for one in responses) and all(map(_fits, events))


def _validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
    if _plainly_valid(result):
        return True
    error = best_match(_validator().iter_errors(result))
    if error is not None:
        error.message += f". Failed to validate the answer of action '{self.name()}'."
        raise error
    return True


def check_schema_once() -> None:
    """From now on this process checks the schema of action answers once, and each answer as before."""
    RemoteAction._validate_action_result = _validate_action_result
