"""What Rasa publishes becomes events: masked, once, and never at the cost of a turn."""

import logging
from pathlib import Path
from typing import Any

import pytest
from rasa.core.brokers.broker import EventBroker
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SessionStarted, SlotSet, UserUttered
from rasa.utils.endpoints import EndpointConfig

from bot.events import of_conversation, recorder
from bot.events.broker import EventSpool
from bot.settings import get_settings


def told(event: Any, sender: str = "c1", **more: Any) -> dict[str, Any]:
    return {"sender_id": sender, **event.as_dict(), **more}


def customer(text: str) -> UserUttered:
    parse = {
        "text": text,
        "intent": {"name": "track_logistics", "confidence": 0.91234},
        "base_intent": {"name": "aftersale", "confidence": 0.99},
        "emotion": {"name": "impatient", "score": 2},
        "entities": [{"entity": "phone", "value": "17012345678"}],
    }
    return UserUttered(text, parse_data=parse, input_channel="webchat", message_id="m1", timestamp=1764000000.25)


async def test_endpoints_yml_names_the_broker(own_settings: Path) -> None:
    broker = await EventBroker.create(EndpointConfig(type="bot.events.broker.EventSpool"))
    assert isinstance(broker, EventSpool)
    await broker.close()


async def test_a_turn_becomes_events(own_settings: Path) -> None:
    broker = EventSpool()
    broker.publish(told(SessionStarted(timestamp=1764000000.1)))
    broker.publish(told(customer("快递到哪了，打17012345678")))
    broker.publish(told(SlotSet("city", "北京", timestamp=1764000000.3)))
    broker.publish(told(ActionExecuted("action_listen", timestamp=1764000000.4)))
    broker.publish(told(ActionExecuted("action_track", policy="RulePolicy", confidence=1.0, timestamp=1764000000.5)))
    broker.publish(
        told(
            BotUttered(
                "在路上", {"buttons": [{"title": "催"}]}, {"utter_action": "utter_track"}, timestamp=1764000000.6
            )
        )
    )
    broker.publish(told(ActiveLoop("return_form", timestamp=1764000000.7)))
    assert recorder().flush()
    events = of_conversation(get_settings().events_url, "c1")
    assert [e.kind for e in events] == ["session.started", "message.customer", "action", "message.bot", "form"]
    said = events[1].data
    assert said["text"] == "快递到哪了，打170****5678"
    assert (said["intent"], said["confidence"], said["score"]) == ("track_logistics", 0.9123, 2)
    assert said["entities"] == ["phone"]
    assert events[1].channel == "webchat"
    assert events[3].data == {"text": "在路上", "response": "utter_track", "buttons": 1, "custom": None}


async def test_published_twice_is_stored_once(own_settings: Path) -> None:
    broker = EventSpool()
    for _ in range(2):
        broker.publish(told(customer("在吗")))
    assert recorder().flush()
    assert len(of_conversation(get_settings().events_url, "c1")) == 1


async def test_nothing_that_rasa_hands_over_breaks_a_turn(own_settings: Path, caplog: pytest.LogCaptureFixture) -> None:
    broker = EventSpool()
    odd: list[dict[str, Any]] = [
        {},
        {"event": "user"},
        {"sender_id": "c1", "event": "user", "timestamp": "never"},
        {"sender_id": "c1", "event": "user", "timestamp": 1.0, "parse_data": {"entities": [None]}},
        {"sender_id": "c1", "event": "brand_new", "timestamp": 1.0},
    ]
    with caplog.at_level(logging.CRITICAL):
        for body in odd:
            broker.publish(body)
    assert recorder().flush()
