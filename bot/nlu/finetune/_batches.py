"""Lines as batches of pieces, in an order that depends on seed and epoch alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.nlu.encoder._model import Bundle

_POOL = 20  # batches that are cut from lines sorted by length together


@dataclass(frozen=True)
class Batch:
    """`ids` and `mask` (lines, n) int32 (mask: 1 for a piece, 0 for padding), `rows` (lines,) of the corpus."""

    ids: np.ndarray
    mask: np.ndarray
    rows: np.ndarray


class Batches:
    """The batches of some rows of a corpus."""

    def __init__(self, bundle: Bundle, texts: Sequence[str], rows: np.ndarray, size: int, longest: int) -> None:
        """Cut the texts of `rows` into at most `longest` pieces each."""
        tokenizer = bundle.tokenizer
        tokenizer.enable_truncation(min(longest, bundle.max_pieces))
        # Half an emoji cannot be tokenized.
        clean = [(bundle.prefix + texts[row]).encode("utf8", "replace").decode("utf8") for row in rows]
        self._pieces = [encoding.ids for encoding in tokenizer.encode_batch(clean)]
        tokenizer.no_truncation()
        self._lengths = np.array([len(ids) for ids in self._pieces], int)
        self._rows, self._size, self._pad_id = rows, size, bundle.pad_id

    def __len__(self) -> int:
        """How many batches one epoch has."""
        return len(self.order(0, 0))

    def order(self, seed: int, epoch: int) -> list[np.ndarray]:
        """The batches of an epoch as places for `batch`, each of lines about equally long."""
        random = np.random.default_rng([seed, epoch])
        shuffled = random.permutation(len(self._rows))
        batches: list[np.ndarray] = []
        for start in range(0, len(shuffled), self._size * _POOL):
            pool = shuffled[start : start + self._size * _POOL]
            pool = pool[np.argsort(self._lengths[pool], kind="stable")]
            batches += [pool[k : k + self._size] for k in range(0, len(pool), self._size)]
        return [batches[k] for k in random.permutation(len(batches))]

    def batch(self, places: np.ndarray) -> Batch:
        """The padded batch of these places."""
        width = int(self._lengths[places].max())
        ids = np.full((len(places), width), self._pad_id, np.int32)
        mask = np.zeros((len(places), width), np.int32)
        for line, place in enumerate(places):
            pieces = self._pieces[place]
            ids[line, : len(pieces)] = pieces
            mask[line, : len(pieces)] = 1
        return Batch(ids, mask, self._rows[places])
