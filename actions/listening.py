"""Before every turn: what the message tells about intent and mood goes into slots that rules and stories branch on."""

from collections.abc import Iterable, Iterator
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import person
from actions.memory import Events
from actions.offer_outcomes import follow_offer
from actions.turn import AGAIN, ASKED_BACK, ASKING_BACK, UNCLEAR_TEXTS, Turn
from bot.nlu.likeness import likeness
from bot.nlu.mood import CALM, LIKELY, NEUTRAL, Mood, Said, heard, mood, seconds_waited
from bot.nlu.taxonomy import load_taxonomy
from bot.settings import get_settings

COMPLAINT = "complaint"
# Replies that leave the customer's question open.
NO_ANSWER = frozenset(
    {
        "utter_ask_back",
        "utter_ask_back_one",
        "utter_rephrase",
        "utter_unclear_in_flow",
        "utter_unclear_handed_over",
        "utter_soothe",
        "utter_complaint",
        "utter_request_human",
    }
)


class Listen(Action):
    """Rasa runs it for each message by this name; only slots that change are set, so running it twice does no harm."""

    def name(self) -> str:
        return "action_validate_slot_mappings"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn(tracker)
        slots: dict[str, Any] = {}
        if turn.understood:
            slots[UNCLEAR_TEXTS] = None
        if tracker.get_slot(ASKED_BACK) and messages_since_asked_back(tracker) > 1:
            slots |= {ASKED_BACK: None, ASKING_BACK: None}
        joined = mood_of(turn)
        upset = joined is not None and joined.score <= get_settings().operations.emotion.handoff_score
        slots["base_intent"] = base_intent(turn, upset)
        if joined:
            await person.tell_mood(tracker, joined.emotion, joined.score)
            slots |= {"emotion": joined.emotion, "emotion_score": joined.score, "repeated": joined.repeated}
            slots["upset"] = upset
            if _wants_soothing(turn, joined, slots):
                dispatcher.utter_message(response="utter_soothe")
                slots["soothed"] = True
        changed = [SlotSet(name, value) for name, value in slots.items() if tracker.get_slot(name) != value]
        return [*changed, *await follow_offer(turn, slots)]


def base_intent(turn: Turn, upset: bool = False) -> str | None:
    """The base intent of the message; of one that was not understood only where that much is sure.

    An upset customer's complaint need only be likely: to ask back there costs more than a person's time.
    """
    found = turn.tracker.latest_message.get("base_intent") or {}
    if turn.understood:
        return found.get("name") or load_taxonomy().base_of.get(turn.intent)
    complains = upset and found.get("name") == COMPLAINT
    enough = LIKELY if complains else get_settings().operations.confidence.threshold
    return found.get("name") if float(found.get("confidence") or 0.0) >= enough else None


def mood_of(turn: Turn) -> Mood | None:
    """The conversation's mood after this message; None for a button, which shows none."""
    turns = list(messages_and_answers(_this_session(turn.tracker.events)))
    said = [one for one in turns if one]
    if turn.is_button or not said:
        return None
    own = turn.tracker.latest_message.get("emotion") or {}
    numbers = get_settings().operations.emotion
    name, score = str(own.get("name") or CALM), int(own.get("score") or NEUTRAL)
    return mood(said, name, score, seconds_waited(turns), likeness, numbers)


def messages_and_answers(events: Iterable[dict[str, Any]]) -> Iterator[Said | None]:
    """What a customer wrote, and None for each reply that does not leave the question open."""
    for event in events:
        said = read_message(event)
        if said:
            yield said
        elif event.get("event") == "bot" and (event.get("metadata") or {}).get("utter_action") not in NO_ANSWER:
            yield None


def read_message(event: dict[str, Any]) -> Said | None:
    """What a customer wrote in `event`; None for other events, for buttons and for messages read once more."""
    parsed, text = event.get("parse_data") or {}, str(event.get("text") or "")
    if event.get("event") != "user" or text.startswith("/") or parsed.get(AGAIN):
        return None
    return heard(text, float(event.get("timestamp") or 0.0), parsed, event.get("metadata") or {})


def messages_since_asked_back(tracker: Tracker) -> int:
    """How many messages came since the bot asked back, this one included."""
    count = 0
    for event in reversed(tracker.events):
        if event.get("event") == "slot" and event.get("name") == ASKED_BACK:
            break
        count += event.get("event") == "user"
    return count


def _this_session(events: Events) -> Iterator[dict[str, Any]]:
    starts = [i for i, event in enumerate(events) if event.get("event") in ("session_started", "restart")]
    yield from events[starts[-1] + 1 if starts else 0 :]


def _wants_soothing(turn: Turn, joined: Mood, slots: dict[str, Any]) -> bool:
    """Whether a soothing sentence goes before the answer: once, to a request, where no person takes over anyway."""
    tracker = turn.tracker
    if joined.score > get_settings().operations.emotion.soothe_score or not turn.understood:
        return False
    if slots["base_intent"] == "other":
        return False  # a curt 不是 asks for nothing
    handed_over = turn.intent == "complain_service" or (slots["upset"] and slots["base_intent"] == COMPLAINT)
    return not (handed_over or tracker.get_slot("soothed") or tracker.get_slot("handover"))
