"""Makes Rasa's calls of actions cheap.

Rasa checks each answer of the action server against a schema (worthwhile), and with each answer the schema itself
against JSON Schema's own (25 ms of computing for what never changes, several times a turn).
"""

from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from rasa.core.actions.action import RemoteAction

RASAS_OWN = RemoteAction._validate_action_result


@lru_cache(maxsize=1)
def _validator() -> Draft202012Validator:
    schema = RemoteAction.action_response_format_spec()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def _validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
    error = best_match(_validator().iter_errors(result))
    if error is not None:
        error.message += f". Failed to validate the answer of action '{self.name()}'."
        raise error
    return True


def check_schema_once() -> None:
    """From now on this process checks the schema of action answers once, and each answer as before."""
    RemoteAction._validate_action_result = _validate_action_result
