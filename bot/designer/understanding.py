"""`python -m bot parse`: how the bot understands a message, for people who have to fix it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.nlu.judge._parsing import load_agent
from bot.nlu.taxonomy import Taxonomy, load_taxonomy
from bot.settings import get_settings

UNCLEAR = "nlu_fallback"
SHOWN = 3  # other intents


def show(messages: Sequence[str], model: Path, *, as_json: bool = False) -> None:
    """Print how each message is understood.

    Raises:
        JudgeError: the model cannot be loaded.
    """
    parsed = asyncio.run(_parse(messages, model))
    if as_json:
        print(json.dumps(parsed, ensure_ascii=False, indent=2, default=str))
        return
    threshold = get_settings().operations.confidence.threshold
    print("\n\n".join(in_words(one, load_taxonomy(), threshold) for one in parsed))


async def _parse(messages: Sequence[str], model: Path) -> list[dict[str, Any]]:
    agent = load_agent(model)
    return [await agent.parse_message(message) for message in messages]


def in_words(parsed: Mapping[str, Any], taxonomy: Taxonomy, threshold: float) -> str:
    """Rasa's parse result as a few Chinese lines.

    Args:
        parsed: as `Agent.parse_message` gives it.
        taxonomy: for the Chinese names.
        threshold: the confidence from which the bot trusts its understanding.
    """
    intent = parsed.get("intent") or {}
    guesses = [g for g in parsed.get("intent_ranking") or [intent] if g.get("name") not in (None, UNCLEAR)]
    guesses.sort(key=lambda guess: -float(guess.get("confidence") or 0.0))
    lines = [f"“{parsed.get('text', '')}”"]
    if not guesses:
        lines.append("  意图      没有听出意图")
    else:
        sure = intent.get("name") != UNCLEAR
        verdict = f"不低于 {threshold}，照它办" if sure else f"没有听准，会反问（把握要到 {threshold}）"
        lines.append(f"  意图      {_guess(guesses[0], taxonomy)}，{verdict}")
    others = "，".join(_guess(guess, taxonomy) for guess in guesses[1 : 1 + SHOWN])
    lines += [f"  其次      {others}"] if others else []
    base, emotion = parsed.get("base_intent") or {}, parsed.get("emotion") or {}
    if base.get("name"):
        lines.append(f"  基础意图  {_guess(base, taxonomy)}")
    if emotion.get("name"):
        score = f"，情绪分 {emotion['score']}" if emotion.get("score") is not None else ""
        lines.append(f"  情感      {_guess(emotion, taxonomy)}{score}")
    entities = [_entity(entity) for entity in parsed.get("entities") or []]
    lines.append("  实体      " + ("，".join(entities) or "没有认出商品、规格、城市、订单号之类"))
    return "\n".join(lines)


def _guess(guess: Mapping[str, Any], taxonomy: Taxonomy) -> str:
    name = str(guess["name"])
    title = taxonomy.titles.get(name, "")
    return f"{name}{f'（{title}）' if title else ''} {float(guess.get('confidence') or 0.0):.2f}"


def _entity(entity: Mapping[str, Any]) -> str:
    words = entity.get("text")
    return f"{entity['entity']} = {entity['value']}{f'（“{words}”）' if words else ''}"
