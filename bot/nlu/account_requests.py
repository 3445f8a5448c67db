"""What customers ask about themselves (资料、删除、推荐), told by the words of data/account_requests.yml.

The taxonomy has no intent for it, and too few people say it to learn it from examples; what it leads to must not hang
on a classifier's mood. So the words decide, and everything downstream sees an `out_of_scope` message that is sure and
carries the entity `account_request`, exactly as the button does.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.taxonomy import load_taxonomy
from bot.settings import ROOT, SettingsError, read_yaml

ENTITY = "account_request"
CARRIER = "out_of_scope"
# The order in which they are looked for: to erase is more than to look.
REQUESTS = ("erase_data", "stop_offers", "resume_offers", "show_data")
PATH = ROOT / "data" / "account_requests.yml"
LONGEST = 60  # longer messages tell a story, in which such words stand by chance


@dataclass(frozen=True)
class Wording:
    """`lines`: each a row of groups of synonyms, all of which must occur; `but_not`: words that rule it out."""

    lines: tuple[tuple[tuple[str, ...], ...], ...]
    but_not: tuple[str, ...]

    def fits(self, text: str) -> bool:
        """Whether the folded text says it."""
        if any(word in text for word in self.but_not):
            return False
        return any(all(any(word in text for word in group) for group in line) for line in self.lines)


def account_request(text: str) -> str | None:
    """Which of REQUESTS the words make, or None."""
    folded = _fold(text)
    if not folded or len(folded) > LONGEST:
        return None
    return next((name for name in REQUESTS if load_wordings()[name].fits(folded)), None)


@lru_cache(maxsize=1)
def load_wordings() -> dict[str, Wording]:
    """data/account_requests.yml, read once a process.

    Raises:
        SettingsError: naming the request and what is wrong with it.
    """
    return read_wordings(read_yaml(PATH))


def read_wordings(content: Any) -> dict[str, Wording]:
    """The wordings of the file's content.

    Raises:
        SettingsError: naming the request and what is wrong with it.
    """
    file = PATH.name
    if not isinstance(content, dict) or set(content) != set(REQUESTS):
        raise SettingsError(f"{file} 应有 {'、'.join(REQUESTS)} 四项，不能多也不能少")
    return {name: _wording(name, content[name], file) for name in REQUESTS}


def _wording(name: str, written: Any, file: str) -> Wording:
    if not isinstance(written, dict) or not set(written) <= {"any", "except"}:
        raise SettingsError(f"{file} 的 {name} 下面应为 any（说法的列表）和 except（排除的词，可以不写）")
    lines, but_not = written.get("any"), written.get("except") or []
    if not isinstance(lines, list) or not lines or not isinstance(but_not, list):
        raise SettingsError(f"{file} 的 {name}：any 和 except 都应为列表，any 至少写一行")
    return Wording(tuple(_line(name, line, file) for line in lines), tuple(_fold(str(word)) for word in but_not))


def _line(name: str, line: Any, file: str) -> tuple[tuple[str, ...], ...]:
    groups = tuple(tuple(_fold(word) for word in group.split("|")) for group in str(line).split("+"))
    if any(not word for group in groups for word in group):
        raise SettingsError(f"{file} 的 {name} 的说法“{line}”里有空的一段，请检查加号和竖线")
    return groups


def _fold(text: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).lower())


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class AccountRequestRecognizer(GraphComponent):
    """Marks messages that ask about the customer's own data or offers; it stands last, for it overrules the rest."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Nothing to set: the words are in data/account_requests.yml."""
        return {}

    @classmethod
    def create(
        cls,
        config: Mapping[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "AccountRequestRecognizer":
        """Nothing is trained; wrong words are told when the model is loaded, not at the first message."""
        load_wordings()
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Set intent and entity of each message that makes such a request."""
        for message in messages:
            text = message.get(TEXT) or ""
            request = None if text.startswith(INTENT_MESSAGE_PREFIX) else account_request(text)
            if request is None:
                continue
            sure = {"name": CARRIER, "confidence": 1.0}
            others = [one for one in message.get(INTENT_RANKING_KEY) or [] if one.get("name") != CARRIER]
            message.set(INTENT, sure, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [sure, *others], add_to_output=True)
            base = {"name": load_taxonomy().base_of[CARRIER], "confidence": 1.0}
            message.set("base_intent", base, add_to_output=True)
            found = {"entity": ENTITY, "value": request, "extractor": type(self).__name__}
            message.set(ENTITIES, [*(message.get(ENTITIES) or []), found], add_to_output=True)
        return messages
