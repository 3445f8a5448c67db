"""Conversations made up at random, as Rasa would write them down."""

import random
from collections.abc import Iterator
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    ConversationPaused,
    ConversationResumed,
    Event,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

DOMAIN = Domain.from_dict(
    {
        "intents": ["ask", "affirm", "deny"],
        "entities": ["product"],
        "slots": {
            "product": {"type": "text", "mappings": [{"type": "custom"}]},
            "count": {"type": "float", "initial_value": 1.0, "mappings": [{"type": "custom"}]},
            "mood": {"type": "categorical", "values": ["calm", "angry"], "mappings": [{"type": "custom"}]},
            "vip": {"type": "bool", "mappings": [{"type": "custom"}]},
            "seen": {"type": "list", "mappings": [{"type": "custom"}]},
            "note": {"type": "any", "influence_conversation": False, "mappings": [{"type": "custom"}]},
            "requested_slot": {"type": "any", "influence_conversation": False, "mappings": [{"type": "custom"}]},
        },
        "forms": {"order_form": {"required_slots": ["product"]}, "return_form": {"required_slots": ["count"]}},
        "actions": ["action_answer", "action_back"],
        "responses": {"utter_hello": [{"text": "您好"}]},
    }
)
_VALUES: dict[str, list[Any]] = {
    "product": ["苹果14", "米\u3000家\ud83d", None],
    "count": [1.0, 2.5, None],
    "mood": ["calm", "angry", None],
    "vip": [True, False, None],
    "seen": [["a"], [], ["a", "b"], None],
    "note": [{"x": [1, {"y": None}]}, None, "字"],
}
LISTEN = "action_listen"


class History:
    """Makes the events of one turn after another; `turn(tracker)` knows the state from the tracker."""

    def __init__(self, seed: int, undo_every: int) -> None:
        self.chance = random.Random(seed)
        self._undo_every, self._since_undo, self._clock = undo_every, 0, 1_700_000_000.0

    def turn(self, tracker: DialogueStateTracker) -> list[Event]:
        """What the processor would add, from the message to listening."""
        found: list[Event] = []
        now = tracker.copy()
        for event in self._turn(now):
            self._clock += 0.25
            event.timestamp = self._clock
            now.update(event)
            found.append(event)
        return found

    def _turn(self, now: DialogueStateTracker) -> Iterator[Event]:
        chance, draw = self.chance, self.chance.random()
        self._since_undo += 1
        if not now.events or draw < 0.02:
            yield ActionExecuted("action_session_start")
            yield SessionStarted()
            yield from self._slots(2)
            yield ActionExecuted(LISTEN)
        intent = chance.choice(["ask", "affirm", "deny"])
        yield UserUttered(f"消息 {chance.random()}", {"name": intent, "confidence": 0.9}, [], input_channel="web")
        yield from self._slots(chance.randrange(3))
        if draw > 0.98:
            yield ActionExecuted("action_restart")
            yield Restarted()
            yield ActionExecuted("action_session_start")
            yield SessionStarted()
        elif draw > 0.93 and self._since_undo > self._undo_every and _undoes_little(now):
            self._since_undo = 0
            yield ActionExecuted("action_back")
            yield UserUtteranceReverted()
            yield UserUtteranceReverted()
        elif draw > 0.9:
            yield ConversationResumed() if now.is_paused() else ConversationPaused()
        elif draw > 0.88:
            yield AllSlotsReset()
        elif draw > 0.84:
            yield FollowupAction("action_answer")
        yield from self._answer(now)
        yield ActionExecuted(LISTEN)

    def _answer(self, now: DialogueStateTracker) -> Iterator[Event]:
        chance, loop = self.chance, now.active_loop_name
        if loop and chance.random() < 0.2:
            yield ActionExecutionRejected(loop)
            yield ActionExecuted("action_answer", policy="RulePolicy", confidence=1.0)
            if chance.random() < 0.5:
                yield LoopInterrupted(True)
                yield ActionExecuted(loop)
        elif loop:
            yield ActionExecuted(loop)
            yield SlotSet("requested_slot", chance.choice(["product", "count"]))
            if chance.random() < 0.4:
                yield ActiveLoop(None)
                yield SlotSet("requested_slot", None)
                yield ActionExecuted("action_answer")
        elif chance.random() < 0.3:
            form = chance.choice(["order_form", "return_form"])
            yield ActionExecuted(form)
            yield ActiveLoop(form)
            yield SlotSet("requested_slot", "product")
        else:
            yield ActionExecuted("action_answer")
        yield BotUttered("您好", {"custom": {"n": chance.random()}}, {"utter_action": "utter_hello"})

    def _slots(self, count: int) -> Iterator[Event]:
        for name in self.chance.sample(sorted(_VALUES), count):
            yield SlotSet(name, self.chance.choice(_VALUES[name]))


def _undoes_little(now: DialogueStateTracker) -> bool:
    """Whether the last messages are what an undo would take back: of a form it takes back all turns at once."""
    said = [event for event in now.events if isinstance(event, UserUttered)][-3:]
    applied = [event for event in now.applied_events() if isinstance(event, UserUttered)][-3:]
    return said == applied


def state(tracker: DialogueStateTracker, history: int = 5) -> dict[str, Any]:
    """Everything that the bot's next step depends on."""
    loop = tracker.active_loop
    return {
        "slots": {slot.name: (slot.value, slot.has_been_set) for slot in tracker.slots.values()},
        "loop": (loop.name, loop.is_interrupted, loop.rejected) if loop and loop.name else None,
        "paused": tracker.is_paused(),
        "followup": tracker.followup_action,
        "action": tracker.latest_action_name,
        "message": tracker.latest_message.parse_data if tracker.latest_message else None,
        "said": (tracker.latest_bot_utterance.text, tracker.latest_bot_utterance.data),
        "channel": tracker.get_latest_input_channel(),
        "states": tracker.past_states(DOMAIN)[-history:],
    }
