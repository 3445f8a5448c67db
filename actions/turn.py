"""One turn of a conversation as the actions see it: the message, what it answers, what it names."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rasa_sdk import Tracker

from actions.answers import Answer, is_question, read_answer
from bot.settings import get_settings

ANSWER_INTENTS = frozenset({"affirm", "deny", "inform", "nlu_fallback"})


@dataclass(frozen=True)
class Turn:
    """The latest message of `tracker` inside (or at the start of) the form `form`."""

    tracker: Tracker
    form: str = ""

    @property
    def intent(self) -> str:
        """The classified intent, "" when there is none."""
        return str((self.tracker.latest_message.get("intent") or {}).get("name") or "")

    @property
    def sure(self) -> bool:
        """Whether the classifier's confidence reaches the threshold of data/operations.yml."""
        confidence = (self.tracker.latest_message.get("intent") or {}).get("confidence") or 0.0
        return float(confidence) >= get_settings().operations.confidence.threshold

    @property
    def text(self) -> str:
        """The words written; "" for a button's payload."""
        text = str(self.tracker.latest_message.get("text") or "")
        return "" if text.startswith("/") else text

    @property
    def entities(self) -> list[dict[str, Any]]:
        """The entities in Rasa's format."""
        return list(self.tracker.latest_message.get("entities") or [])

    @property
    def metadata(self) -> dict[str, Any]:
        """What the channel sent along, as page_sku."""
        return dict(self.tracker.latest_message.get("metadata") or {})

    @cached_property
    def rest(self) -> str:
        """The text without the entities in it."""
        text = self.text
        spans = [(e["start"], e["end"]) for e in self.entities if "start" in e and "end" in e]
        for start, end in sorted(spans, reverse=True):
            text = text[:start] + text[end:]
        return text

    @property
    def requested(self) -> str | None:
        """The slot that the form asked for last."""
        return None if self.activating else self.tracker.get_slot("requested_slot")

    @property
    def answer(self) -> Answer | None:
        """Yes, no or stop, by the words first, else by the intent."""
        words = read_answer(self.rest)
        if words:
            return words
        if self.intent == "goodbye" and self.sure:
            return "stop"
        if self.intent == "deny":
            return "no"
        return "yes" if self.intent == "affirm" and self.sure and not is_question(self.text) else None

    @cached_property
    def activating(self) -> bool:
        """Whether the form starts in this turn."""
        for event in reversed(self.tracker.events):
            if event.get("event") == "user":
                return False
            if event.get("event") == "active_loop" and event.get("name") == self.form:
                return True
        return False

    @cached_property
    def fresh(self) -> bool:
        """Whether the message still waits to be read: not so when the form comes back after another answer."""
        if self.activating:
            return True
        for event in reversed(self.tracker.events):
            if event.get("event") == "user":
                return True
            if event.get("event") == "action" and event.get("name") not in (self.form, "action_listen"):
                return False
        return False
