"""The names that rules, stories and buttons may use."""

from dataclasses import dataclass
from functools import cached_property

from rasa.shared.core import constants

from bot.designer.project import Project
from bot.designer.yaml_lines import Mapping, Sequence

UNCLEAR = "nlu_fallback"
DEFAULT_INTENTS = frozenset(constants.DEFAULT_INTENTS)
DEFAULT_ACTIONS = frozenset({*constants.DEFAULT_ACTION_NAMES, "action_validate_slot_mappings"})
DEFAULT_SLOTS = frozenset({constants.REQUESTED_SLOT, constants.SESSION_START_METADATA_SLOT})


@dataclass(frozen=True)
class Vocabulary:
    """Names of the domain, with Rasa's own where they may be used as well."""

    project: Project

    @cached_property
    def intents(self) -> set[str]:
        """Intents of the domain and Rasa's own."""
        return {*self.project.section("intents"), *DEFAULT_INTENTS}

    @cached_property
    def entities(self) -> set[str]:
        """Entities of the domain."""
        return set(self.project.section("entities"))

    @cached_property
    def slots(self) -> set[str]:
        """Slots of the domain and Rasa's own."""
        return {*self.project.section("slots"), *DEFAULT_SLOTS}

    @cached_property
    def forms(self) -> set[str]:
        """Forms of the domain."""
        return set(self.project.section("forms"))

    @cached_property
    def responses(self) -> set[str]:
        """Responses of the domain."""
        return set(self.project.section("responses"))

    @cached_property
    def actions(self) -> set[str]:
        """All that may stand after `action:`."""
        return {*self.project.section("actions"), *self.responses, *self.forms, *DEFAULT_ACTIONS}

    def required(self, form: str) -> list[str]:
        """The slots that a form asks for."""
        content = self.project.section("forms").get(form)
        listed = content.get("required_slots") if isinstance(content, Mapping) else None
        return [str(name) for name in listed] if isinstance(listed, Sequence) else []

    def questions(self, form: str, slot: str) -> list[str]:
        """What Rasa runs to ask for a slot, the first that exists."""
        return [f"{kind}_ask_{end}" for end in (f"{form}_{slot}", slot) for kind in ("action", "utter")]
