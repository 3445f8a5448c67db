"""What tests of the knowledge base share: an encoder of hashed character pairs, quick and blind to meaning; entries."""

import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot.knowledge.vectors import unit
from bot.knowledge.words import fold

Entries = Callable[..., Path]


class PairEncoder:
    """Texts alike in characters and pairs of them have alike vectors; remembers what it was asked to embed."""

    name = "pairs"
    dimension = 256

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def sentences(self, texts: Sequence[str]) -> np.ndarray:
        self.embedded += texts
        rows = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(rows, map(fold, texts), strict=True):
            for part in [*text, *(text[i : i + 2] for i in range(len(text) - 1))]:
                row[zlib.crc32(part.encode()) % self.dimension] += 1
        return unit(rows + 1e-3)


def entry(question: str, answer: str = "好的。", **more: Any) -> dict[str, Any]:
    """An entry as its file holds it."""
    return {"question": question, "answer": answer, "tags": ["测试"], "update_time": "2026-06-01", **more}
