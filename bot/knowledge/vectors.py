"""Vectors of texts, kept in the store by the hash of the text, so that only what changed is embedded again."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from bot.db import reading, writing
from bot.knowledge.tables import VectorRow
from bot.nlu.encoder import Encoder

_BATCH = 256
_ASK = 500  # SQLite's limit of variables is near
_FEW = 4  # texts of one question

Progress = Callable[[str], object]


class SentenceEncoder(Protocol):
    """What an index needs of an encoder; `name` tells vectors of different encoders apart."""

    name: str
    dimension: int

    def sentences(self, texts: Sequence[str]) -> np.ndarray:
        """(len(texts), d) float32."""


class SharedEncoder:
    """The encoder that the house shares, on one thread: the other cores belong to Rasa."""

    def __init__(self) -> None:
        """Load it, built at first use.

        Raises:
            EncoderError: it cannot be had.
        """
        self._encoder = Encoder.load(threads=1)
        self.name = self._encoder.folder.name
        self.dimension = self._encoder.dimension

    def sentences(self, texts: Sequence[str]) -> np.ndarray:
        """(len(texts), d) float32; those of a question from memory, where this process has met them before."""
        if 0 < len(texts) <= _FEW:  # many customers ask the same, and more of them the same of another product
            return np.stack([one.sentence for one in self._encoder.encode(texts)])
        return self._encoder.sentences(texts)


@lru_cache(maxsize=1)
def shared_encoder() -> SharedEncoder:
    """One for the process."""
    return SharedEncoder()


def vectors_of(
    url: str, texts: Sequence[str], encoder: SentenceEncoder, progress: Progress = lambda line: None
) -> np.ndarray:
    """Unit vectors (len(texts), d) float32, in order; those not in the store yet are computed and kept."""
    hashes = {text: hashlib.sha256(text.encode("utf8", "replace")).hexdigest() for text in dict.fromkeys(texts)}
    found = _kept(url, encoder.name, list(hashes.values()))
    missing = [text for text, hash_ in hashes.items() if hash_ not in found]
    for start in range(0, len(missing), _BATCH):
        part = missing[start : start + _BATCH]
        new = {hashes[text]: row for text, row in zip(part, unit(encoder.sentences(part)), strict=True)}
        found |= new
        _keep(url, encoder.name, new)
        if len(missing) > _BATCH:
            progress(f"  知识库向量：{min(start + _BATCH, len(missing))}/{len(missing)}")
    if not texts:
        return np.zeros((0, encoder.dimension), np.float32)
    return unit(np.stack([found[hashes[text]] for text in texts]).astype(np.float32))


def tidy_vectors(url: str, texts: Sequence[str], encoder: SentenceEncoder) -> int:
    """Drop the vectors of texts that no entry has any more and of other encoders; how many."""
    wanted = {hashlib.sha256(text.encode("utf8", "replace")).hexdigest() for text in texts}
    with writing(url) as session:
        rows = session.execute(select(VectorRow.encoder, VectorRow.text_hash)).all()
        stale = [(name, hash_) for name, hash_ in rows if name != encoder.name or hash_ not in wanted]
        for name, hash_ in stale:
            session.execute(delete(VectorRow).where(VectorRow.encoder == name, VectorRow.text_hash == hash_))
    return len(stale)


def unit(rows: np.ndarray) -> np.ndarray:
    """Each row with length 1; rows of zeros stay."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def _kept(url: str, name: str, hashes: list[str]) -> dict[str, np.ndarray]:
    found = {}
    with reading(url) as session:
        for part in _parts(hashes):
            rows = select(VectorRow.text_hash, VectorRow.vector)
            for hash_, vector in session.execute(rows.where(VectorRow.encoder == name, VectorRow.text_hash.in_(part))):
                found[hash_] = np.frombuffer(vector, np.float16)
    return found


def _keep(url: str, name: str, new: dict[str, np.ndarray]) -> None:
    rows = [
        {"encoder": name, "text_hash": hash_, "vector": vector.astype(np.float16).tobytes()}
        for hash_, vector in new.items()
    ]
    try:
        with writing(url) as session:
            session.bulk_insert_mappings(VectorRow, rows)
    except IntegrityError:
        # Another process embedded the same texts at this moment; what it wrote is the same.
        present = set(_kept(url, name, list(new)))
        with writing(url) as session:
            session.bulk_insert_mappings(VectorRow, [row for row in rows if row["text_hash"] not in present])


def _parts(hashes: list[str]) -> Iterator[list[str]]:
    return (hashes[start : start + _ASK] for start in range(0, len(hashes), _ASK))
