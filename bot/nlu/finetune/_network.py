"""A BERT-like encoder in TensorFlow with the weights of a bundle, whose layers can be trained."""

from typing import Any

import numpy as np
import tensorflow as tf

from bot.nlu.encoder._model import Bundle, EncoderError

_ACTIVATIONS = {
    "gelu": tf.nn.gelu,
    "gelu_new": lambda x: tf.nn.gelu(x, approximate=True),
    "gelu_fast": lambda x: tf.nn.gelu(x, approximate=True),
    "relu": tf.nn.relu,
}


class Network:
    """Pieces to sentence vectors. `layers` are the variables of all layers by their names in `Bundle`.

    Embeddings are constants: most pieces occur in few lines and would only drift apart from the others.
    """

    def __init__(self, bundle: Bundle, dropout: float, pooling: str = "mean") -> None:
        """Take over the weights.

        Raises:
            EncoderError: the activation function is unknown.
        """
        if bundle.shape.activation not in _ACTIVATIONS:
            raise EncoderError(f"不支持激活函数 {bundle.shape.activation}，请换用 gelu 或 relu 的 BERT 模型")
        self._activate = _ACTIVATIONS[bundle.shape.activation]
        self._shape, self._first = bundle.shape, bundle.first_position
        self._dropout, self._pooling = dropout, pooling
        self.dimension = bundle.dimension
        kept = {name: value.astype(np.float32) for name, value in bundle.weights.items()}
        used = {name for name in kept if name.split(".")[0].isdigit() and int(name.split(".")[0]) < self._shape.layers}
        self.layers = {name: tf.Variable(kept[name], name=name.replace(".", "_")) for name in sorted(used)}
        self._frozen = {name: tf.Variable(v, trainable=False) for name, v in kept.items() if name not in used}
        self._sites = 0

    def __call__(self, ids: tf.Tensor, mask: tf.Tensor, seed: tf.Tensor | None = None) -> tf.Tensor:
        """(lines, d) sentence vectors; with a `seed` (scalar int32) dropout is on and follows it.

        Args:
            ids: (lines, n) int32 pieces.
            mask: (lines, n) int32, 1 for a piece and 0 for padding.
        """
        self._sites = 0
        lines, n = tf.unstack(tf.shape(ids))
        places = tf.range(n) + self._first
        x = tf.gather(self._frozen["word"], ids) + tf.gather(self._frozen["position"], places) + self._frozen["type"]
        # One row a piece: plain products of matrices are what the processor is best at.
        x = tf.reshape(x, (lines * n, self.dimension))
        x = self.drop(self._norm(x, "embedding.norm"), seed)
        present = tf.cast(mask, tf.float32)
        bias = (1.0 - present)[:, None, None, :] * -1e9
        for i in range(self._shape.layers):
            x = self._layer(i, x, lines, n, bias, seed)
        x = tf.reshape(x, (lines, n, self.dimension))
        if self._pooling == "cls":
            return x[:, 0]
        return tf.reduce_sum(x * present[..., None], 1) / tf.reduce_sum(present, 1, keepdims=True)

    def drop(self, x: tf.Tensor, seed: tf.Tensor | None) -> tf.Tensor:
        """Dropout that a resumed training repeats: another mask at each place and seed, always the same there."""
        if seed is None or not self._dropout:
            return x
        self._sites += 1
        place = tf.stack([seed, self._sites])
        return tf.nn.experimental.stateless_dropout(x, self._dropout, seed=place, rng_alg="philox")

    def _layer(self, i: int, x: tf.Tensor, lines: Any, n: Any, bias: tf.Tensor, seed: tf.Tensor | None) -> tf.Tensor:
        heads = self._shape.heads
        width = self.dimension // heads

        def split(part: str) -> tf.Tensor:
            rows = tf.reshape(self._linear(x, f"{i}.{part}"), (lines, n, heads, width))
            return tf.transpose(rows, (0, 2, 1, 3))

        scores = tf.matmul(split("query"), split("key"), transpose_b=True) / np.sqrt(width).astype(np.float32)
        share = self.drop(tf.nn.softmax(scores + bias), seed)
        attended = tf.transpose(tf.matmul(share, split("value")), (0, 2, 1, 3))
        attended = self._linear(tf.reshape(attended, (lines * n, self.dimension)), f"{i}.attention")
        x = self._norm(x + self.drop(attended, seed), f"{i}.attention.norm")
        down = self._linear(self._activate(self._linear(x, f"{i}.up")), f"{i}.down")
        return self._norm(x + self.drop(down, seed), f"{i}.output.norm")

    def _weight(self, name: str) -> tf.Variable:
        return self.layers[name] if name in self.layers else self._frozen[name]

    def _linear(self, x: tf.Tensor, name: str) -> tf.Tensor:
        return tf.nn.bias_add(tf.matmul(x, self._weight(f"{name}.weight")), self._weight(f"{name}.bias"))

    def _norm(self, x: tf.Tensor, name: str) -> tf.Tensor:
        centred = x - tf.reduce_mean(x, -1, keepdims=True)
        spread = tf.reduce_mean(tf.square(centred), -1, keepdims=True)
        scaled = centred * tf.math.rsqrt(spread + self._shape.epsilon)
        return scaled * self._weight(f"{name}.weight") + self._weight(f"{name}.bias")
