"""Stories that branch on tiers and mood, beside stories that do not mention them."""

from typing import Any

import pytest
import yaml
from rasa.core.agent import Agent
from rasa.model_training import train_core
from rasa.shared.core.events import ActionExecuted, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

FEELINGS = ["impatient", "calm", "satisfied"]
DOMAIN = {
    "version": "3.1",
    "intents": ["complain", "thank", "bye"],
    "slots": {
        "emotion": {"type": "categorical", "values": FEELINGS, "mappings": [{"type": "custom"}]},
        "base_intent": {"type": "categorical", "values": ["complaint", "other"], "mappings": [{"type": "custom"}]},
        "vip": {"type": "bool", "mappings": [{"type": "custom"}]},
    },
    "responses": {name: [{"text": name}] for name in ("utter_sorry", "utter_ways_out", "utter_welcome", "utter_bye")},
    "actions": ["action_hand_over"],
}


def story(name: str, *steps: tuple[str, Any]) -> dict[str, Any]:
    return {"story": name, "steps": [{key: value} for key, value in steps]}


STORIES = [
    story("any complaint", ("intent", "complain"), ("action", "utter_ways_out"), ("intent", "thank"),
          ("action", "utter_welcome")),
    story("an angry one", ("intent", "complain"), ("slot_was_set", [{"emotion": "impatient"}]),
          ("action", "utter_sorry"), ("intent", "thank"), ("action", "utter_welcome")),
    story("an angry one of a kind", ("intent", "complain"),
          ("slot_was_set", [{"emotion": "impatient"}, {"base_intent": "complaint"}]), ("action", "action_hand_over")),
    story("said again in anger", ("intent", "complain"), ("action", "utter_ways_out"), ("intent", "complain"),
          ("slot_was_set", [{"emotion": "impatient"}]), ("action", "action_hand_over")),
    story("a vip", ("intent", "bye"), ("slot_was_set", [{"vip": True}]), ("action", "utter_welcome")),
]  # fmt: skip


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Agent:
    folder = tmp_path_factory.mktemp("stories")
    policies = [{"name": "bot.nlu.stories.StoryPolicy"}]
    config = {"recipe": "default.v1", "assistant_id": "t", "language": "zh", "pipeline": [], "policies": policies}
    contents = {"domain": DOMAIN, "config": config, "stories": {"version": "3.1", "stories": STORIES}}
    for name, content in contents.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(content), encoding="utf8")
    paths = [str(folder / f"{name}.yml") for name in ("domain", "config", "stories")]
    model = train_core(*paths, str(folder))
    assert model
    return Agent.load(model)  # from the file, so that what is stored is what is tested


def predicted(agent: Agent, *turns: str) -> str | None:
    """The next action after `turns`: slot=value, an intent, or an action."""
    events: list[Event] = [ActionExecuted("action_listen")]
    for turn in turns:
        name, _, value = turn.partition("=")
        if value:
            events.append(SlotSet(name, True if value == "True" else value))
        elif turn.startswith(("utter_", "action_")):
            events += [ActionExecuted(turn), ActionExecuted("action_listen")]
        else:
            events.append(UserUttered(intent={"name": turn}))
    tracker = DialogueStateTracker.from_events("someone", events, agent.domain.slots)
    assert agent.processor
    prediction = agent.processor._predict_next_with_tracker(tracker)
    return agent.domain.action_names_or_texts[prediction.max_confidence_index] if prediction.max_confidence else None


@pytest.mark.parametrize(
    ("turns", "action"),
    [
        (["complain"], "utter_ways_out"),
        (["complain", "emotion=calm"], "utter_ways_out"),
        (["complain", "emotion=satisfied", "base_intent=other"], "utter_ways_out"),
        (["complain", "emotion=impatient"], "utter_sorry"),
        (["complain", "emotion=impatient", "base_intent=other"], "utter_sorry"),
        (["complain", "emotion=impatient", "base_intent=complaint"], "action_hand_over"),
        (["complain", "emotion=calm", "utter_ways_out", "complain"], None),
        (["complain", "emotion=calm", "utter_ways_out", "complain", "emotion=impatient"], "action_hand_over"),
        (["complain", "emotion=calm", "utter_ways_out", "thank", "emotion=satisfied"], "utter_welcome"),
        (["complain", "emotion=impatient", "utter_sorry", "thank", "emotion=calm"], "utter_welcome"),
        (["complain", "emotion=impatient", "utter_sorry", "bye"], None),
        (["bye"], None),
        (["bye", "vip=True"], "utter_welcome"),
        (["bye", "vip=True", "emotion=calm"], "utter_welcome"),
    ],
)
def test_the_story_that_names_most_decides(agent: Agent, turns: list[str], action: str | None) -> None:
    assert predicted(agent, *turns) == action
