"""One step of fine-tuning: encoder, two heads, loss and optimizer."""

import dataclasses
from pathlib import Path

import numpy as np
import tensorflow as tf

from bot.nlu.encoder._model import Bundle, Weights
from bot.nlu.finetune._batches import Batch
from bot.nlu.finetune._lines import Lines
from bot.nlu.finetune._network import Network
from bot.nlu.finetune._optimizer import AdamW
from bot.nlu.finetune._options import Options

_MOST_GRADIENT = 1.0  # norm over all variables
_PIECES = tf.TensorSpec((None, None), tf.int32)
_LABELS = tf.TensorSpec((None,), tf.int32)
_FLOAT, _INT = tf.TensorSpec((), tf.float32), tf.TensorSpec((), tf.int32)


def use_bfloat16() -> bool:
    """Let products run in bfloat16 in this process where the processor has instructions for it, and say whether.

    Elsewhere TensorFlow would emulate them, many times slower.
    """
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return False
    able = bool(flags & {"amx_bf16", "avx512_bf16"})
    if able:
        tf.config.optimizer.set_experimental_options({"auto_mixed_precision_onednn_bfloat16": True})
    return able


class Trainer:
    """The encoder of a bundle with heads for the business intent and the emotion."""

    def __init__(self, bundle: Bundle, lines: Lines, steps: int, options: Options) -> None:
        """Prepare `steps` steps over `lines`.

        Raises:
            EncoderError: the encoder has an activation function that is not known.
        """
        self._bundle, self._lines, self._steps, self._options = bundle, lines, steps, options
        self.network = Network(bundle, options.dropout, options.pooling)
        random = np.random.default_rng(options.seed)
        self._variables = dict(self.network.layers)
        for head, names in (("intent", lines.intent_names), ("emotion", lines.emotion_names)):
            kernel = random.normal(0, 0.02, (bundle.dimension, len(names))).astype(np.float32)
            self._variables[f"{head}.weight"] = tf.Variable(kernel)
            self._variables[f"{head}.bias"] = tf.Variable(tf.zeros(len(names)))
        rates = {name: self._rate(name) for name in self._variables}
        self._optimizer = AdamW(self._variables, rates, options.weight_decay)

    def step(self, batch: Batch, number: int) -> float:
        """Learn from a batch in step `number` (from 0); the loss before it."""
        intents, emotions = (
            labels[batch.rows].astype(np.int32) for labels in (self._lines.intents, self._lines.emotions)
        )
        scale = np.float32(self._options.scale(number, self._steps))
        return float(self._step(batch.ids, batch.mask, intents, emotions, np.int32(number), scale))

    def predict(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """The likeliest intents and emotions of a batch, (lines,) columns each."""
        intents, emotions = self._predict(batch.ids, batch.mask)
        return intents.numpy(), emotions.numpy()

    def state(self) -> Weights:
        """Everything that the next step depends on, beside its number."""
        groups = {"value": self._variables, "first": self._optimizer.first, "second": self._optimizer.second}
        return {f"{group}/{name}": v.numpy() for group, all_ in groups.items() for name, v in all_.items()}

    def restore(self, state: Weights) -> None:
        """Go on from what `state` gave."""
        groups = {"value": self._variables, "first": self._optimizer.first, "second": self._optimizer.second}
        for group, variables in groups.items():
            for name, variable in variables.items():
                variable.assign(state[f"{group}/{name}"])

    def tuned(self) -> Bundle:
        """The encoder as it is now, without heads."""
        weights = {**self._bundle.weights, **{name: v.numpy() for name, v in self.network.layers.items()}}
        return dataclasses.replace(self._bundle, weights=weights, unseen=self._lines.unseen)

    def _rate(self, name: str) -> float:
        layer = name.split(".")[0]
        if not layer.isdigit():
            return self._options.head_rate
        below_top = self._bundle.shape.layers - 1 - int(layer)
        return float(self._options.rate * self._options.decay**below_top)

    def _logits(self, vectors: tf.Tensor, head: str) -> tf.Tensor:
        return tf.matmul(vectors, self._variables[f"{head}.weight"]) + self._variables[f"{head}.bias"]

    @tf.function(autograph=False, input_signature=[_PIECES, _PIECES, _LABELS, _LABELS, _INT, _FLOAT])
    def _step(
        self,
        ids: tf.Tensor,
        mask: tf.Tensor,
        intents: tf.Tensor,
        emotions: tf.Tensor,
        number: tf.Tensor,
        scale: tf.Tensor,
    ) -> tf.Tensor:
        names, smoothing = len(self._lines.intent_names), self._options.smoothing
        with tf.GradientTape() as tape:
            vectors = self.network.drop(self.network(ids, mask, seed=number), number)
            wanted = tf.one_hot(intents, names) * (1 - smoothing) + smoothing / names
            losses = tf.nn.softmax_cross_entropy_with_logits(wanted, self._logits(vectors, "intent"))
            moods = tf.nn.sparse_softmax_cross_entropy_with_logits(emotions, self._logits(vectors, "emotion"))
            loss = tf.reduce_mean(losses) + self._options.emotion_weight * tf.reduce_mean(moods)
        gradients = tape.gradient(loss, list(self._variables.values()))
        gradients, _ = tf.clip_by_global_norm(gradients, _MOST_GRADIENT)
        named = dict(zip(self._variables, gradients, strict=True))
        self._optimizer.apply(named, tf.cast(number + 1, tf.float32), scale)
        return loss

    @tf.function(autograph=False, input_signature=[_PIECES, _PIECES])
    def _predict(self, ids: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        vectors = self.network(ids, mask)
        return tuple(tf.argmax(self._logits(vectors, head), axis=1) for head in ("intent", "emotion"))
