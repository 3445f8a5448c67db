"""The knowledge base beside the shop's own data and flows: which of them answers a question.

The shop's data answers first where it can. data/data_first.yml lists, for each intent, the entries that the data or the
flow knows better; any other entry that surely answers is said, for then the question is about a rule of the shop.
"""

import json
from collections.abc import Sequence
from functools import lru_cache

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answers import asks
from actions.cards import Button
from actions.knowledge import Consulted, consult, say_answer
from actions.phrases import phrase
from actions.turn import Turn
from bot.settings import ROOT, SettingsError, read_yaml

FILE = ROOT / "data" / "data_first.yml"


@lru_cache(maxsize=1)
def data_first() -> dict[str, frozenset[str]]:
    """Intent → ids of entries that the shop's data or the intent's flow answers better."""
    content = read_yaml(FILE) or {}
    for intent, ids in content.items():
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise SettingsError(f"{FILE.name} 的 {intent} 后面应写词条编号的列表：[编号, 编号]")
    return {intent: frozenset(ids) for intent, ids in content.items()}


async def say_rule(
    dispatcher: CollectingDispatcher, consulted: Consulted | None, intent: str | None, more: Sequence[Button] = ()
) -> bool:
    """Say the entry that surely answers, unless the data or flow of `intent` knows better; whether one was said."""
    if consulted is None or consulted.best is None or consulted.best.id in data_first().get(intent or "", ()):
        return False
    return await say_answer(dispatcher, consulted, more)


async def answers_rule(dispatcher: CollectingDispatcher, tracker: Tracker, intent: str) -> bool:
    """Answer a message that asks for a rule of the shop (退货运费谁出) where `intent` would begin a flow.

    A button then begins the flow. A message that names an order is about that order and not about the rule.
    """
    turn = Turn(tracker)
    if turn.is_button or not asks(turn.text) or any(e.get("entity") == "order_number" for e in turn.entities):
        return False
    begin = {"title": phrase(f"utter_part_begin_{intent}"), "payload": f"/{intent}{_goods(turn)}"}
    more = [begin] if _begins(tracker) and not interrupted(tracker) else []
    return await say_rule(dispatcher, await consult(tracker, turn.text), intent, more)


def interrupted(tracker: Tracker) -> str | None:
    """The form that was open when the one that begins in this turn took over."""
    loops = [e.get("name") for e in tracker.events if e.get("event") == "active_loop"]
    return loops[-2] if len(loops) > 1 and _begins(tracker) else None


def _begins(tracker: Tracker) -> bool:
    """Whether the active form begins in this turn."""
    return Turn(tracker, str(tracker.active_loop_name)).activating


def _goods(turn: Turn) -> str:
    """The goods that the message names, for the button that begins the flow with them."""
    named = {str(e["entity"]): str(e["value"]) for e in turn.entities if e.get("entity") in ("product", "sku")}
    return json.dumps(named, ensure_ascii=False) if named else ""
