"""One turn of a conversation as the actions see it: the message, what it answers, what it names."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rasa_sdk import Tracker

from actions.answers import Answer, is_question, read_answer, read_choice
from bot.settings import get_settings

UNCLEAR = "nlu_fallback"
# Slots of asking back: the message asked about, whether it was the last thing said, and all texts not understood.
ASKED_BACK, ASKING_BACK, UNCLEAR_TEXTS = "asked_back", "asking_back", "unclear"
AGAIN = "again"  # marks a message in its parse data that the bot put before itself once more
ANSWER_INTENTS = frozenset({"affirm", "deny", "inform", UNCLEAR})


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
    def understood(self) -> bool:
        """Whether the message has an intent that is sure enough."""
        return self.intent not in ("", UNCLEAR)

    @property
    def sure(self) -> bool:
        """Whether the classifier's confidence reaches the threshold of data/operations.yml."""
        confidence = (self.tracker.latest_message.get("intent") or {}).get("confidence") or 0.0
        return self.understood and float(confidence) >= get_settings().operations.confidence.threshold

    @property
    def guesses(self) -> list[tuple[str, float]]:
        """The intents that the message may have, likeliest first, with their confidence."""
        ranking = self.tracker.latest_message.get("intent_ranking") or []
        return [(g["name"], float(g["confidence"])) for g in ranking if g.get("name") not in (None, UNCLEAR)]

    @property
    def is_button(self) -> bool:
        """Whether the message is a button's payload."""
        return str(self.tracker.latest_message.get("text") or "").startswith("/")

    @cached_property
    def original(self) -> dict[str, Any]:
        """The message that the bot asked back about, when this one answers that: {text, entities, metadata}.

        A new question of its own is no answer, nor is one that names other goods.
        """
        asked = self.tracker.get_slot(ASKED_BACK) or {}
        named = not self.is_button and self.tracker.latest_message.get("entities")
        answers = self.intent in {*asked.get("intents", ()), "affirm", "deny", UNCLEAR, ""} and not named
        return asked if answers or read_choice(self.written) is not None else {}

    @property
    def text(self) -> str:
        """The words written; "" for a button's payload, unless it chooses what earlier words meant."""
        return str(self.original["text"]) if self._chosen else self.written

    @property
    def _chosen(self) -> bool:
        return bool(self.original) and self.intent in self.original["intents"]

    @property
    def written(self) -> str:
        """The words of this very message; "" for a button's payload."""
        return "" if self.is_button else str(self.tracker.latest_message.get("text") or "")

    @property
    def entities(self) -> list[dict[str, Any]]:
        """The entities in Rasa's format, also those of the message that was asked back about."""
        return list(self.original.get("entities") or self.tracker.latest_message.get("entities") or [])

    @property
    def metadata(self) -> dict[str, Any]:
        """What the channel sent along, as page_sku."""
        return {**self.original.get("metadata", {}), **(self.tracker.latest_message.get("metadata") or {})}

    @cached_property
    def rest(self) -> str:
        """The text without the entities in it."""
        text = self.text
        own = self.entities if self._chosen else self.tracker.latest_message.get("entities") or []
        spans = [(e["start"], e["end"]) for e in own if "start" in e and "end" in e]
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


def said_before(tracker: Tracker) -> set[str]:
    """The responses that the bot gave to the message before this one."""
    said: set[str] = set()
    messages = 0
    for event in reversed(tracker.events):
        messages += event.get("event") == "user"
        if messages > 1:
            break
        if messages == 1 and event.get("event") == "bot":
            said.add(str((event.get("metadata") or {}).get("utter_action")))
    return said
