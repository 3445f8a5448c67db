"""What Rasa prints when the suite starts it: no deprecations of its libraries, all that concerns the shop."""

import logging
import warnings

import pytest
from rasa.utils import common

from bot.launch import rasa_command

# As `make train`, `make stories` and the Rasa server had them.
OF_LIBRARIES = [
    "pkg_resources is deprecated as an API. See https://setuptools.pypa.io/en/latest/pkg_resources.html",
    "Deprecated call to `pkg_resources.declare_namespace('ruamel')`.\nImplementing implicit namespace packages",
    "jax.xla_computation is deprecated. Please use the AOT APIs.",
    "'setParseAction' deprecated - use 'set_parse_action'",
    "'unquoteResults' argument is deprecated, use 'unquote_results'",
]
OTHERS = [
    (UserWarning, "The intent 'inform' is listed in the domain file, but is not found in the NLU training data."),
    (FutureWarning, "The pipeline's setting is deprecated (will be removed in 4.0.0)"),
    (DeprecationWarning, "bot.nlu.tokenizer is deprecated"),
    (UserWarning, "'parseString' deprecated - use 'parse_string'"),
]


@pytest.mark.parametrize(("level", "shown"), [(logging.INFO, []), (logging.DEBUG, OF_LIBRARIES)])
def test_only_what_nobody_can_mend_is_left_out(monkeypatch: pytest.MonkeyPatch, level: int, shown: list[str]) -> None:
    monkeypatch.setattr(common, "EXPECTED_WARNINGS", list(common.EXPECTED_WARNINGS))
    rasa_command.expect()
    with warnings.catch_warnings(record=True) as seen:
        warnings.resetwarnings()
        warnings.filterwarnings("once", category=DeprecationWarning)  # as sanic does
        common._filter_warnings(level)
        for text in OF_LIBRARIES:
            warnings.warn(text, DeprecationWarning, stacklevel=1)
        for category, text in OTHERS:
            warnings.warn(text, category, stacklevel=1)
    assert [str(warning.message) for warning in seen] == [*shown, *(text for _, text in OTHERS)]
