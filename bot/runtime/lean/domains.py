"""Whether a domain is empty, which Rasa asks of each message: it makes an empty one to compare with."""

from functools import lru_cache
from typing import Any

from rasa.shared.core.domain import Domain

RASAS_OWN = Domain.is_empty


@lru_cache(maxsize=1)
def _nothing() -> dict[str, Any]:
    return dict(Domain.empty().as_dict())


def _is_empty(self: Domain) -> bool:
    return bool(self.as_dict() == _nothing())


def quicken() -> None:
    """Compare with the same empty domain."""
    Domain.is_empty = _is_empty
