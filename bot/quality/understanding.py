"""Intent and emotion of messages that nobody understood when they came: calls, chats of agents, files from outside.

Linear classifiers over character n-grams, learned in seconds from the corpus of data/nlu; faster by far than the
bot's own model, and near enough to tell questions, complaints and moods apart.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier

from bot.nlu.ngrams import normalise
from bot.quality.talk import Line
from bot.settings import ROOT

_NEUTRAL = 3
_ENTITY = re.compile(r"\[([^\]]*)\](\([^)]*\)|\{[^}]*\})")


class Reader:
    """Names the business intent of a message and its score from 1 (furious) to 5 (delighted)."""

    def __init__(self, folder: Path = ROOT / "data" / "nlu") -> None:
        """Learn from the corpus in `folder`."""
        texts, intents, scores = _corpus(folder)
        self._grams = TfidfVectorizer(
            analyzer="char", preprocessor=normalise, ngram_range=(1, 3), sublinear_tf=True, min_df=2, dtype=np.float32
        )
        rows = self._grams.fit_transform(texts)
        self._intents = SGDClassifier(loss="hinge", max_iter=6, tol=None, random_state=0).fit(rows, intents)
        self._scores = SGDClassifier(loss="hinge", max_iter=6, tol=None, random_state=0).fit(rows, scores)

    def read(self, lines: Iterable[Line]) -> None:
        """Fill in what customers' `lines` lack."""
        missing = [line for line in lines if line.side == "customer" and (line.intent is None or line.score is None)]
        if not missing:
            return
        rows = self._grams.transform([line.text for line in missing])
        # Without a positive side to any class nothing is known of the mood: most short words are simply calm.
        moods = self._scores.decision_function(rows)
        scores = np.where(moods.max(axis=1) > 0, self._scores.classes_[moods.argmax(axis=1)], _NEUTRAL)
        for line, intent, score in zip(missing, self._intents.predict(rows), scores, strict=True):
            if line.intent is None:
                line.intent, line.guessed = str(intent), True
            line.score = line.score if line.score is not None else int(score)


@lru_cache(maxsize=1)
def shared_reader() -> Reader:
    """One for the process, made at its first use."""
    return Reader()


def _corpus(folder: Path) -> tuple[list[str], list[str], list[int]]:
    texts: list[str] = []
    intents: list[str] = []
    scores: list[int] = []
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in sorted(folder.rglob("*.yml")):
        for block in yaml.load(path.read_text(encoding="utf8"), loader)["nlu"]:
            score = int((block.get("metadata") or {}).get("score", _NEUTRAL))
            for line in (block.get("examples") or "").splitlines() if "intent" in block else ():
                text = _ENTITY.sub(r"\1", line.removeprefix("- ").strip())
                if text:
                    texts.append(text)
                    intents.append(block["intent"])
                    scores.append(score)
    return texts, intents, scores
