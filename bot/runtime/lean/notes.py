"""What Rasa copies for its debug log: states, events and messages, deeply and several times a turn.

structlog throws the lines away where nobody wants them, but only when the copies are made. Here they are made only for
a log that is kept. In these modules Rasa copies deeply for nothing else, of which a test makes sure.
"""

import copy
import logging
from typing import Any

import rasa.core.actions.forms
import rasa.core.policies.memoization
import rasa.core.policies.rule_policy
import rasa.core.processor

MODULES: tuple[Any, ...] = (
    rasa.core.actions.forms,
    rasa.core.policies.memoization,
    rasa.core.policies.rule_policy,
    rasa.core.processor,
)
_LOG = logging.getLogger("rasa")


class _Copying:
    """In place of the module `copy`."""

    @staticmethod
    def deepcopy(noted: Any) -> Any:
        return copy.deepcopy(noted) if _LOG.isEnabledFor(logging.DEBUG) else None


def quicken() -> None:
    """Copy nothing for a debug log that is off."""
    for module in MODULES:
        module.copy = _Copying
