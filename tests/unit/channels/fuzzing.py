"""How hard parsers are fuzzed: a little in every run; `make fuzz` gives each parser 10,000 inputs."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

_EXAMPLES = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def fuzzed(test: Callable[..., Any]) -> Callable[..., Any]:
    """A property of a parser: marked `fuzz`, with as many inputs as the run asks for."""
    marked: Callable[..., Any] = pytest.mark.fuzz(_EXAMPLES(test))
    return marked
