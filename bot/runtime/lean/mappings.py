"""Filling slots from a message: Rasa tries each mapping of each slot, also those that can fill nothing.

A custom mapping without an action of its own does nothing there: such slots are set by our actions.
"""

from typing import Any

import rasa.core.actions.action
from rasa.shared.core.constants import MAPPING_TYPE, SlotMappingType
from rasa.shared.core.domain import Domain
from rasa.shared.core.slot_mappings import SlotMapping

RASAS_OWN = SlotMapping
_CUSTOM = str(SlotMappingType.CUSTOM)


class _Mapping(SlotMapping):
    """Rasa's, with mappings that can fill nothing passed over."""

    @staticmethod
    def check_mapping_validity(
        slot_name: str, mapping_type: SlotMappingType, mapping: dict[str, Any], domain: Domain
    ) -> bool:
        if mapping.get(MAPPING_TYPE) == _CUSTOM and not mapping.get("action"):
            return False
        return bool(SlotMapping.check_mapping_validity(slot_name, mapping_type, mapping, domain))


def quicken() -> None:
    """Let `ActionExtractSlots`, and nothing else, pass over what can fill nothing."""
    rasa.core.actions.action.SlotMapping = _Mapping
