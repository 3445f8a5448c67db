"""Python looks for garbage among all objects there are; a model has 600,000, which stops every turn for 0.3 seconds.

What is there when a model has been loaded is set aside (`gc.freeze`). A model that it takes the place of goes a little
later, when the last turns with it have ended: only then can its circles be found.

Among the new objects Python looks each time 700 have been made, which a turn does dozens of times and finds nothing.
"""

import gc
import itertools
import threading
from functools import wraps
from typing import Any

from rasa.core.agent import Agent

RASAS_OWN = Agent.load_model
_LATER = 60.0  # seconds
NEW = 20_000  # objects
_loads = itertools.count()


@wraps(RASAS_OWN)
def _load_model(self: Agent, *args: Any, **kwargs: Any) -> None:
    RASAS_OWN(self, *args, **kwargs)
    _set_aside()
    if next(_loads):
        later = threading.Timer(_LATER, _set_aside)
        later.daemon = True
        later.start()


def _set_aside() -> None:
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def quicken() -> None:
    """Set aside what each model brings, and look among the new objects less often."""
    gc.set_threshold(NEW, *gc.get_threshold()[1:])
    Agent.load_model = _load_model
