"""Actions in Rasa's own process: what comes back is what an action server would have answered."""

from collections.abc import Iterator
from typing import Any

import pytest
from rasa.core.actions.action import ActionExecutionRejection as RasasRejection
from rasa.core.actions.action import RemoteAction
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection
from sqlalchemy.exc import OperationalError

from bot.observing.metrics import REGISTRY
from bot.runtime import direct_actions
from bot.runtime.direct_actions import directly
from bot.runtime.executor import WatchedExecutor
from bot.runtime.patience import noticing_lost_actions, patiently

DOMAIN = Domain.from_dict(
    {
        "intents": ["ask"],
        "actions": ["action_look"],
        "slots": {"found": {"type": "any", "mappings": [{"type": "custom"}]}},
    }
)
Run = Any


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Iterator[WatchedExecutor]:
    made = WatchedExecutor()
    monkeypatch.setattr(direct_actions, "executor_of", lambda module: {"shop": made}[module])
    monkeypatch.setattr(EndpointConfig, "request", directly(EndpointConfig.request))
    yield made


def tracker() -> DialogueStateTracker:
    said = UserUttered(
        "有货吗", {"name": "ask", "confidence": 1.0}, parse_data={"intent": {"name": "ask"}, "text": "有货吗"}
    )
    return DialogueStateTracker.from_events("c", [ActionExecuted("action_listen"), said], DOMAIN.slots)


async def call(of: DialogueStateTracker, name: str = "action_look", longest: float = 60) -> list[Any]:
    endpoint = EndpointConfig("http://127.0.0.1:1/webhook", actions_module="shop")
    nlg, channel = TemplatedNaturalLanguageGenerator({}), CollectingOutputChannel()
    run = patiently(RemoteAction.run, longest)
    return list(await run(RemoteAction(name, endpoint), channel, nlg, of, DOMAIN))


async def test_events_and_words_come_back(executor: WatchedExecutor) -> None:
    async def look(dispatcher: CollectingDispatcher, found: Tracker, domain: dict[str, Any]) -> list[Any]:
        dispatcher.utter_message(text=f"{found.latest_message['text']}：有")
        return [{"event": "slot", "name": "found", "value": ("a", 1)}]

    executor.register_function("action_look", look)
    said, slot = await call(tracker())
    assert said.text == "有货吗：有"
    assert isinstance(slot, SlotSet) and slot.value == ["a", 1]  # as JSON has it


async def test_an_action_may_spoil_what_it_is_given(executor: WatchedExecutor) -> None:
    def spoil(dispatcher: CollectingDispatcher, given: Tracker, domain: dict[str, Any]) -> list[Any]:
        given.latest_message["intent"]["name"] = given.events[1]["parse_data"]["intent"]["name"] = "spoilt"
        given.slots["found"] = "spoilt"
        return []

    executor.register_function("action_look", spoil)
    own = tracker()
    before = own.current_state()
    assert await call(own) == []
    assert own.current_state() == before and own.latest_message.parse_data["intent"]["name"] == "ask"


async def test_a_rejection_is_no_failure(executor: WatchedExecutor) -> None:
    def reject(*_: Any) -> list[Any]:
        raise ActionExecutionRejection("action_look", "不是时候")

    executor.register_function("action_look", lambda dispatcher, tracker, domain: reject())
    with noticing_lost_actions() as lost, pytest.raises(RasasRejection, match="不是时候"):
        await call(tracker())
    assert not lost


async def test_an_error_is_told_once_and_not_to_the_customer(executor: WatchedExecutor) -> None:
    asked: list[int] = []

    def fail(dispatcher: Any, tracker: Any, domain: Any) -> list[Any]:
        asked.append(1)
        raise RuntimeError("13812345678")

    executor.register_function("action_look", fail)
    before = REGISTRY.get_sample_value("dianxiaoer_action_failures_total", {"action": "action_look"}) or 0
    with noticing_lost_actions() as lost, pytest.raises(RasaException) as told:
        await call(tracker())
    assert len(asked) == len(lost) == 1 and "138" not in str(told.value)
    after = REGISTRY.get_sample_value("dianxiaoer_action_failures_total", {"action": "action_look"})
    assert after == before + 1


async def test_a_database_that_is_away_is_waited_for(executor: WatchedExecutor) -> None:
    asked: list[int] = []

    def look(dispatcher: Any, tracker: Any, domain: Any) -> list[Any]:
        asked.append(1)
        if len(asked) < 3:
            raise OperationalError("SELECT 1", {}, Exception("refused"))
        return [{"event": "slot", "name": "found", "value": 1}]

    executor.register_function("action_look", look)
    assert [event.value for event in await call(tracker())] == [1] and len(asked) == 3


async def test_an_action_that_nobody_wrote(executor: WatchedExecutor) -> None:
    with pytest.raises(RasaException):
        await call(tracker(), "action_unknown")


def test_the_shops_actions_are_all_there() -> None:
    from bot.settings import ROOT

    known = direct_actions.executor_of("actions").actions
    domain = Domain.load([str(ROOT / "domain.yml")])
    assert {name for name in domain.user_actions if name.startswith("action_")} <= set(known)
