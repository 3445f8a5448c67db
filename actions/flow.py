"""The one pattern of all flows: a form asks, one question confirms with the real figures, one action resolves.

A flow is a form of domain.yml whose last required slot is `confirmed`, two rules, and at most one short action:
- `validate_<form>` reads the answers. Forms without a class of their own get `FlowValidation` as it is.
- `utter_ask_<form>_confirmed`, or an action of that name, asks the question that confirms.
- a `FlowResolution` acts on a yes and ends the flow politely on everything else.

`read` and `resolve` may be coroutines. When a system of the shop is down, or the turn takes too long, the pattern says
so: what was collected stays, and the customer may leave a number for a call-back (`actions.callback`).
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Collection
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answering import CALLBACK_FORM, down, in_time, refuse
from actions.memory import (
    CONFIRMED,
    DOWN,
    ENDING,
    PERSON,
    TOLD,
    Events,
    end,
    ending,
    forget,
    go_back,
    leave,
    required_slots,
)  # fmt: skip
from actions.outreach import offer_after
from actions.second_source import answers_rule, interrupted
from actions.told import Outcome, tell_task
from actions.turn import UNCLEAR_TEXTS, Turn
from bot.shop import Refused, SystemDown

ASK_ONCE_MORE: Events = [SlotSet(CONFIRMED, None)]  # a message that is read, but answers nothing


class FlowValidation(Action, ABC):
    """Reads the answers of the form `form`; `entries` are the intents that start it.

    Of `ruled` intents the knowledge base answers what only asks for a rule of the shop; then the form does not start.
    A `soft` form does not insist: when the customer asks something else, it is answered and the form is over.
    """

    form = ""
    entries: frozenset[str] = frozenset()
    ruled: frozenset[str] = frozenset()
    soft = False

    @abstractmethod
    def name(self) -> str:
        """validate_<form>, as Rasa looks it up."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn(tracker, self.form)
        if not turn.activating and tracker.active_loop_name != self.form:
            return []  # before it starts, Rasa has the slots that are filled already validated
        if not turn.fresh:
            return self.come_back(turn)
        if not turn.activating and self.stops(turn):
            return leave()
        if turn.activating and turn.intent in self.ruled and await answers_rule(dispatcher, tracker, turn.intent):
            return self._told_rule(tracker)
        try:
            events = await in_time(tracker, self.read(turn, dispatcher))
        except SystemDown as error:
            return end(DOWN, self.form, system=error.system)
        if events == ASK_ONCE_MORE and not turn.activating and turn.intent in self.ruled:
            await answers_rule(dispatcher, tracker, turn.intent)
        if turn.activating and self.form != CALLBACK_FORM and tracker.get_slot(ENDING):
            events = [SlotSet(ENDING, None), *events]  # how the flow before this one ended
        if events and turn.tracker.get_slot(UNCLEAR_TEXTS) and not turn.understood:
            events.append(SlotSet(UNCLEAR_TEXTS, None))  # the answer counts by what it holds
        return events

    def _told_rule(self, tracker: Tracker) -> Events:
        """The form ends before its first question; one that was open before goes on."""
        before = interrupted(tracker)
        return end(TOLD, self.form, back=before if before != CALLBACK_FORM else None)

    def come_back(self, turn: Turn) -> Events:
        """After another question was answered: the open question once more, unless the form is soft."""
        return end(TOLD, self.form) if self.soft else []

    def stops(self, turn: Turn) -> bool:
        """Whether the customer wants to leave the flow."""
        return turn.answer == "stop"

    def read(self, turn: Turn, dispatcher: CollectingDispatcher) -> Events | Awaitable[Events]:
        """The slots that this message fills; none lets Rasa answer it as an interruption and ask again."""
        required = required_slots(self.form)
        filled = {name: value for name, value in turn.tracker.slots_to_validate().items() if name in required}
        if turn.activating:
            filled |= {name: None for name in required if name.endswith(CONFIRMED)}
        elif (turn.requested or "").endswith(CONFIRMED) and turn.answer:
            filled[str(turn.requested)] = turn.answer == "yes"
        return [SlotSet(name, value) for name, value in filled.items()]


class FlowResolution(Action, ABC):
    """The action that ends a flow: acts on a yes, says goodbye on anything else."""

    form: ClassVar[str] = ""
    entries: ClassVar[frozenset[str]] = frozenset()
    left_response: ClassVar[str] = "utter_flow_left"
    # Responses that say it is done: after one of them an offer may follow. Not where goods or orders went wrong.
    done_by: ClassVar[frozenset[str]] = frozenset()

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        events, outcome = await self._end(dispatcher, tracker)
        if outcome is not None and (not self.form or CONFIRMED in required_slots(self.form)):
            tell_task(tracker, self.name().removeprefix("action_"), outcome)  # what asks for no yes only informs
        return events

    async def _end(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> tuple[Events, Outcome | None]:
        """The events, and how it ended; None when it goes back to what it interrupted."""
        told = ending(tracker, TOLD)
        if told:
            return (go_back(told["back"]), None) if told.get("back") else (forget(tracker), "failed")
        if ending(tracker, PERSON):
            return [FollowupAction("action_hand_over")], "failed"
        stopped = ending(tracker, DOWN)
        if stopped:
            return self.broken(dispatcher, tracker, str(stopped.get("system"))), "failed"
        if not self.agreed(tracker):
            dispatcher.utter_message(response=self.left_response)
            return forget(tracker), "left"
        try:
            events = await in_time(tracker, self.resolve(dispatcher, tracker))
        except SystemDown as error:
            return self.broken(dispatcher, tracker, error.system), "failed"
        except Refused as refused:
            refuse(dispatcher, refused)
            return forget(tracker), "failed"
        said = {str(message.get("response")) for message in dispatcher.messages}
        outcome: Outcome = "done" if self.settled(said) else "failed"
        return [*events, *await offer_after(self.done_by, dispatcher, tracker)], outcome

    def settled(self, said: Collection[str]) -> bool:
        """Whether the flow did what was asked, by the responses that it said after the yes."""
        return not self.done_by or not self.done_by.isdisjoint(said)

    def broken(self, dispatcher: CollectingDispatcher, tracker: Tracker, system: str) -> Events:
        """What to do when a system is down: everything is kept, and may be tried once more."""
        return down(dispatcher, tracker, system, self.form, next(iter(sorted(self.entries)), ""))

    def agreed(self, tracker: Tracker) -> bool:
        """Whether the customer said yes; a flow that asks for no yes is agreed to unless it was left."""
        if self.form and CONFIRMED not in required_slots(self.form):
            return tracker.get_slot(CONFIRMED) is not False
        return tracker.get_slot(CONFIRMED) is True

    @abstractmethod
    def resolve(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> Events | Awaitable[Events]:
        """Act on the customer's yes, say what came of it, and return the events (mostly `forget(tracker)`)."""


def plain_validation(form: str) -> type[FlowValidation]:
    """The validation of a form that needs nothing of its own."""
    name = f"validate_{form}"
    return type(name, (FlowValidation,), {"form": form, "name": lambda self: name})
