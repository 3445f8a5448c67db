"""What every source of weights hands over: the shape of a BERT-like encoder, its weights and its tokenizer."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from tokenizers import Tokenizer

Quantize = Literal["int8", "float32"]
Weights = dict[str, np.ndarray]


class EncoderError(RuntimeError):
    """The encoder cannot be had; the message is in Chinese and says what to do."""


@dataclass(frozen=True)
class Shape:
    """The figures of a BERT-like encoder that its graph depends on."""

    layers: int
    heads: int
    activation: str = "gelu"
    epsilon: float = 1e-12


@dataclass(frozen=True)
class Bundle:
    """A whole encoder in memory.

    `weights` (float32) have the names
    - `word` (vocabulary, d), `position` (positions, d), `type` (d,), `embedding.norm.weight|bias` (d,)
    - per layer i, kernels as (in, out): `i.query|key|value|attention|up|down.weight|bias`,
      `i.attention.norm.weight|bias`, `i.output.norm.weight|bias`.
    `unseen` are the hashes of lines that its fine-tuning left out; None when it was not fine-tuned.
    """

    shape: Shape
    weights: Weights
    tokenizer: Tokenizer
    pad_id: int
    first_position: int = 0
    prefix: str = ""
    unseen: frozenset[str] | None = None

    @property
    def dimension(self) -> int:
        """Width d of the vectors."""
        return int(self.weights["word"].shape[1])

    @property
    def max_pieces(self) -> int:
        """The longest input, special pieces included."""
        return int(self.weights["position"].shape[0]) - self.first_position

    def describe(self) -> dict[str, Any]:
        """What the runtime must know beside the graph, ready for JSON."""
        return {
            "layers": self.shape.layers,
            "dimension": self.dimension,
            "max_pieces": self.max_pieces,
            "pad_id": self.pad_id,
            "first_position": self.first_position,
            "prefix": self.prefix,
        }
