"""Drives whole conversations in one process: Rasa's policies, the real actions and a real shop database.

    talk = bot.talk("rest")
    reply = await talk.say("iPhone 14 256G有货吗", "ask_stock")
    assert "32台" in reply.text

Without a trained understanding a line carries its intent; the catalogue's own matcher finds the entities in the words,
and the pipeline's own fallback decides whether the confidence is enough. With a model that understands
(`understands=True`), leave the intent out.
"""

import json
import logging
import shutil
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
import yaml
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.model_training import train_core
from rasa.shared.nlu.training_data.message import Message
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

from actions.memory import UNDERSTANDING
from actions.outreach import OFFERED, PRICED
from actions.turn import ASKED_BACK, ASKING_BACK, UNCLEAR_TEXTS
from bot.nlu.account_requests import AccountRequestRecognizer
from bot.nlu.catalogue import CatalogueEntityExtractor
from bot.nlu.fallback import ConfidenceFallback
from bot.nlu.taxonomy import load_taxonomy
from bot.settings import ROOT, read_yaml

Guesses = dict[str, float]
Feeling = tuple[str, int]
CALM: Feeling = ("calm", 3)

# Rasa's own events would drown a failing test's dialogue.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

CONFIG = {
    "recipe": "default.v1",
    "assistant_id": "dialogue-tests",
    "language": "zh",
    "pipeline": [],
    "policies": read_yaml(ROOT / "config.yml")["policies"],
}


@dataclass
class Reply:
    """What the bot said to one message."""

    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All texts, one a line."""
        return "\n".join(m["text"] for m in self.messages if m.get("text"))

    @property
    def buttons(self) -> dict[str, str]:
        """Title → payload of all buttons."""
        return {b["title"]: b["payload"] for m in self.messages for b in m.get("buttons") or []}

    @property
    def cards(self) -> list[dict[str, Any]]:
        """All product cards."""
        return [card for m in self.messages for card in (m.get("custom") or {}).get("cards", [])]


class InProcessActions(EndpointConfig):
    """The action server without a server: same request and answer, JSON in between as on the wire."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1/webhook")
        self.executor = ActionExecutor()
        self.executor.register_package("actions")
        self.calls: list[str] = []
        self.error: Exception | None = None

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        call = json.loads(json.dumps(kwargs["json"]))
        self.calls.append(call["next_action"])
        try:
            return json.loads(json.dumps(await self.executor.run(call)))
        except Exception as error:
            self.error = error
            raise


class Bot:
    """A trained model with its actions; `talk` begins a conversation."""

    def __init__(self, model: Path, understands: bool = False) -> None:
        self.actions = InProcessActions()
        self.agent = Agent.load(
            str(model),
            tracker_store=InMemoryTrackerStore(None),
            lock_store=InMemoryLockStore(),
            action_endpoint=self.actions,
        )
        assert self.agent.processor is not None
        self.agent.tracker_store.domain = self.agent.processor.domain
        self.understands = understands
        self.at_shop()

    def at_shop(self) -> "Bot":
        """Turn to the shop that the settings name now."""
        self.extractor = CatalogueEntityExtractor(CatalogueEntityExtractor.get_default_config())
        self.fallback = ConfidenceFallback(ConfidenceFallback.get_default_config())
        self.requests = AccountRequestRecognizer()
        return self

    def talk(self, channel: str = "rest", sender: str | None = None) -> "Talk":
        """A new conversation."""
        return Talk(self, channel, sender or uuid.uuid4().hex)

    def parse(self, text: str, guesses: Guesses, feeling: Feeling) -> dict[str, Any]:
        """What a model would have understood: the given intents, and the entities of the catalogue or the payload."""
        if text.startswith("/"):
            return _parse_payload(text)
        ranking = [{"name": name, "confidence": confidence} for name, confidence in guesses.items()]
        bases: dict[str, float] = {}
        for name, confidence in guesses.items():
            base = load_taxonomy().base_of.get(name, "other")
            bases[base] = bases.get(base, 0.0) + confidence
        groups = sorted(({"name": n, "confidence": c} for n, c in bases.items()), key=lambda g: -float(g["confidence"]))
        message = Message.build(text=text)
        message.set("intent", ranking[0] if ranking else {"name": None, "confidence": 0.0}, add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)
        message.set("base_intent", groups[0] if groups else None, add_to_output=True)
        name, score = feeling
        message.set("emotion", {"name": name, "confidence": 1.0, "score": score}, add_to_output=True)
        self.extractor.process([message])
        self.fallback.process([message])
        self.requests.process([message])
        return {"text": text, "entities": [], **message.as_dict(only_output_properties=True)}


def _parse_payload(text: str) -> dict[str, Any]:
    """As Rasa reads a button's payload: past the model, without tiers and emotion."""
    name, _, rest = text[1:].partition("{")
    values = json.loads("{" + rest) if rest else {}
    listed = [(e, v) for e, one in values.items() for v in (one if isinstance(one, list) else [one])]
    intent = {"name": name, "confidence": 1.0}
    entities = [{"entity": e, "value": v} for e, v in listed]
    return {"text": text, "intent": intent, "intent_ranking": [intent], "entities": entities}


class Talk:
    """One conversation."""

    def __init__(self, bot: Bot, channel: str, sender: str) -> None:
        self.bot, self.channel, self.sender = bot, channel, sender

    async def say(
        self,
        text: str,
        intent: str = "",
        confidence: float = 1.0,
        *,
        guesses: Guesses | None = None,
        feeling: Feeling = CALM,
        **metadata: Any,
    ) -> Reply:
        """Send `text`, understood as `intent`, with the channel's `metadata` (page_sku=…); payloads start with /.

        `guesses` (intent → confidence, likeliest first) say more than one intent; below the threshold nothing counts
        as understood. `feeling` is the emotion of the words with its score.
        """
        output = CollectingOutputChannel()
        trained = self.bot.understands and not intent and not guesses
        guesses = guesses or ({intent: confidence} if intent else {})
        parsed = None if trained else self.bot.parse(text, guesses, feeling)
        message = UserMessage(
            text, output, self.sender, parse_data=parsed, input_channel=self.channel, metadata=metadata
        )
        await self.bot.agent.handle_message(message)
        error, self.bot.actions.error = self.bot.actions.error, None
        if error:  # Rasa only logs it and goes on
            raise error
        return Reply(output.messages)

    async def press(self, reply: Reply, title: str, **metadata: Any) -> Reply:
        """Press the button `title` of an earlier reply."""
        return await self.say(reply.buttons[title], **metadata)

    async def slots(self) -> dict[str, Any]:
        """The filled slots."""
        tracker = await self.bot.agent.tracker_store.retrieve(self.sender)
        assert tracker is not None
        return {name: value for name, value in tracker.current_slot_values().items() if value is not None}

    async def memory(self) -> dict[str, Any]:
        """The filled slots that flows have filled, and those that outlive them as the city."""
        own = UNDERSTANDING | {ASKED_BACK, ASKING_BACK, UNCLEAR_TEXTS, OFFERED, PRICED}
        return {name: value for name, value in (await self.slots()).items() if name not in own}

    async def active_form(self) -> str | None:
        """The form that is asking, or None."""
        tracker = await self.bot.agent.tracker_store.retrieve(self.sender)
        assert tracker is not None
        return tracker.active_loop_name


def train_dialogue(folder: Path) -> Path:
    """Train the policies alone (seconds) on the project's rules and stories; the model's path."""
    config = folder / "config.yml"
    config.write_text(yaml.safe_dump(CONFIG), encoding="utf8")
    for name in ("rules", "stories"):
        shutil.copytree(ROOT / "data" / name, folder / "data" / name)
    model = train_core(str(ROOT / "domain.yml"), str(config), str(folder / "data"), str(folder), "core")
    assert model is not None, "rules or stories contradict each other, see the log"
    return Path(model)
