"""Messages through a trained model, one by one as a server gets them, with the time each takes."""

import asyncio
import logging
import os
import tarfile
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from bot.nlu.judge._problem import JudgeError
from bot.nlu.taxonomy import Taxonomy

NOTHING = "（无）"  # the label when a model names none
_FALLBACK = "nlu_fallback"
# None of them may be a customer's whole message, or its time would come from the encoder's cache.
_WARM_UP = [f"预热第{i}句，测的是后面的消息，与这一句无关" for i in range(20)]


@dataclass(frozen=True)
class Prediction:
    """What the model says of one message.

    Attributes:
        business: the best real intent, whether or not the threshold let it through.
        confidence: its probability.
        base: the base intent: the model's own where it gives one, else the group of `business`.
        emotion: None when the model has no opinion on emotions.
        milliseconds: the time of the parse; None when the same text was parsed before (caches answer then).
    """

    business: str
    confidence: float
    base: str
    emotion: str | None
    milliseconds: float | None


def interpret(parsed: Mapping[str, Any], taxonomy: Taxonomy, milliseconds: float | None = None) -> Prediction:
    """The labels in one parse result of Rasa."""
    ranking = [*(parsed.get("intent_ranking") or []), parsed.get("intent") or {}]
    best: Mapping[str, Any] = next((intent for intent in ranking if intent.get("name") not in (None, _FALLBACK)), {})
    business = best.get("name") or NOTHING
    base = (parsed.get("base_intent") or {}).get("name") or taxonomy.base_of.get(business, NOTHING)
    emotion = (parsed.get("emotion") or {}).get("name")
    return Prediction(business, float(best.get("confidence") or 0.0), base, emotion, milliseconds)


def predict(model: Path, texts: Sequence[str], taxonomy: Taxonomy) -> list[Prediction]:
    """Parse each text with the model (an archive of `rasa train`, or a folder of them: the newest).

    Raises:
        JudgeError: the model cannot be loaded.
    """
    return asyncio.run(_predict(model, texts, taxonomy))


async def _predict(model: Path, texts: Sequence[str], taxonomy: Taxonomy) -> list[Prediction]:
    agent = load_agent(model)
    for text in _WARM_UP:
        await agent.parse_message(text)
    predictions, seen = [], set()
    for text in tqdm(texts, desc="识别", unit="条", disable=None):
        began = time.perf_counter()
        parsed = await agent.parse_message(text)
        elapsed = 1000 * (time.perf_counter() - began)
        predictions.append(interpret(parsed, taxonomy, None if text in seen else elapsed))
        seen.add(text)
    return predictions


def load_agent(model: Path) -> Any:
    """The agent of a model (an archive of `rasa train`, or a folder of them: the newest), with its logs kept quiet.

    Raises:
        JudgeError: there is no such model, or it cannot be loaded.
    """
    if model.is_dir():
        model = max(model.glob("*.tar.gz"), key=lambda archive: archive.stat().st_mtime, default=model)
    if not model.is_file():
        raise JudgeError(f"没有模型 {model}，请先运行 python -m bot train，或用 --model 指定别的模型")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Rasa and its libraries warn about their own deprecations, and some reset the filters.
    with warnings.catch_warnings(record=True):
        from rasa.core.agent import Agent
        from rasa.shared.exceptions import RasaException
        from rasa.utils.log_utils import configure_structlog

        configure_structlog(logging.ERROR)  # its default prints every parse on standard output
        logging.getLogger("rasa").setLevel(logging.ERROR)
        try:
            return Agent.load(model)
        except (RasaException, tarfile.TarError, OSError, ValueError, ImportError) as error:
            raise JudgeError(f"模型 {model} 打不开（{error}），请运行 python -m bot train 重新训练") from error
