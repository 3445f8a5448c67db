"""What is learned from: the corpus as arrays, with the lines that stay unseen."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.nlu.encoder import line_hash
from bot.nlu.finetune._problem import FinetuneError
from bot.nlu.judge import JudgeError
from bot.nlu.judge._corpus_lines import read_corpus
from bot.nlu.linear import neighbour_parts

_BLOCKS = 4  # of unseen lines in an intent: several, because many hands wrote one file


@dataclass(frozen=True)
class Lines:
    """n labelled lines.

    Attributes:
        texts: n texts.
        intents, emotions: (n,) columns of `intent_names` and `emotion_names`.
        held_out: (n,) whether tuning must not see the line.
    """

    texts: list[str]
    intents: np.ndarray
    emotions: np.ndarray
    intent_names: list[str]
    emotion_names: list[str]
    held_out: np.ndarray

    @property
    def fingerprint(self) -> str:
        """Another one whenever a text, a label or the order changes."""
        rows = [self.texts, self.intents.tolist(), self.emotions.tolist(), self.intent_names, self.emotion_names]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    @property
    def unseen(self) -> frozenset[str]:
        """The hashes of the held-out lines."""
        return frozenset(line_hash(self.texts[row]) for row in np.flatnonzero(self.held_out))


def read_lines(folder: Path, share: float) -> Lines:
    """The corpus in `folder`, a `share` of it held out.

    Raises:
        FinetuneError: it cannot be read or has fewer than two intents.
    """
    try:
        lines = read_corpus(folder)
    except JudgeError as error:
        raise FinetuneError(str(error)) from error
    names, intents = np.unique([line.intent for line in lines], return_inverse=True)
    moods, emotions = np.unique([line.emotion for line in lines], return_inverse=True)
    if len(names) < 2:
        raise FinetuneError(f"{folder} 里至少要有两个意图的例句才能微调，请检查路径和文件")
    texts = [line.text for line in lines]
    held_out = hold_out(texts, intents, share)
    return Lines(texts, intents, emotions, [str(n) for n in names], [str(m) for m in moods], held_out)


def hold_out(texts: list[str], intents: np.ndarray, share: float) -> np.ndarray:
    """(n,) whether a line stays unseen: blocks of neighbours in each intent, about `share` of all.

    A line that also stands elsewhere in the corpus, but for punctuation, is seen with it.
    """
    if share <= 0:
        return np.zeros(len(texts), bool)
    every = max(round(1 / share), 2)
    held = neighbour_parts(intents, every * _BLOCKS) % every == every // 2
    for intent in np.unique(intents):  # too few lines for several blocks
        rows = np.flatnonzero(intents == intent)
        if len(rows) < every * _BLOCKS:
            held[rows] = neighbour_parts(intents[rows], every) == every // 2
    hashes = np.array([line_hash(text) for text in texts])
    return held & ~np.isin(hashes, hashes[~held])
