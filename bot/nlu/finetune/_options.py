"""The figures of a fine-tuning."""

from dataclasses import asdict, dataclass
from typing import Any

from bot.nlu.finetune._problem import FinetuneError


@dataclass(frozen=True)
class Options:
    """How to fine-tune.

    Attributes:
        epochs: how often each line is seen.
        batch: lines a step.
        rate: learning rate of the last layer at its highest.
        decay: each layer learns this much slower than the one above it.
        head_rate: learning rate of the two heads.
        weight_decay: of kernels, not of biases and norms (AdamW).
        warm_up: share of the steps in which the rates rise; then they fall to zero.
        smoothing: label smoothing of the business intent.
        emotion_weight: weight of the emotion's loss beside the intent's.
        dropout: in every layer and before the heads.
        longest: pieces of a line that are looked at.
        held_out: share of the lines that stays unseen, for calibration.
        seed: of order, dropout and heads.
        prefix: put before each line, as later before each message; None takes what the encoder was trained with.
        pooling: where a sentence vector comes from, as later: "mean" of the pieces, or "cls", the first piece.
    """

    epochs: int = 3
    batch: int = 32
    rate: float = 2e-4
    decay: float = 0.95
    head_rate: float = 3e-3
    weight_decay: float = 0.01
    warm_up: float = 0.1
    smoothing: float = 0.1
    emotion_weight: float = 0.3
    dropout: float = 0.1
    longest: int = 64
    held_out: float = 0.1
    seed: int = 0
    prefix: str | None = None
    pooling: str = "mean"

    def __post_init__(self) -> None:
        """Raise FinetuneError for figures from outside that make no sense."""
        if self.pooling not in ("mean", "cls"):
            raise FinetuneError(f"pooling 应为 mean 或 cls，不能是 {self.pooling}")
        if not 1 <= self.epochs <= 100:
            raise FinetuneError(f"--epochs（练几轮）应为 1 到 100 的整数，不能是 {self.epochs}")

    def scale(self, step: int, steps: int) -> float:
        """The share of the highest rates in step number `step` (from 0) of `steps`."""
        rising = (step + 1) / max(self.warm_up * steps, 1)
        falling = (steps - step) / max((1 - self.warm_up) * steps, 1)
        return min(1.0, rising, falling)

    def as_dict(self) -> dict[str, Any]:
        """All figures, ready for JSON."""
        return asdict(self)
