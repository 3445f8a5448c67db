"""The ONNX graph of a BERT-like encoder, written node by node from a dict of weights.

Inputs (int64): `ids` (batch, n), `positions` (batch, n), `mask` (batch, n; int32, 1 for a piece and 0 for padding).
Outputs (float32): `pieces` (batch, n, d) of the last layer, and for every layer 0…L (0 is the embedding)
`means` (batch, L + 1, d) over the pieces and `firsts` (batch, L + 1, d), the first piece's vector.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from bot.nlu.encoder._model import Bundle, EncoderError, Quantize

_MICROSOFT = "com.microsoft"  # fused operators of ONNX Runtime, the only runtime that this graph is for
_ACTIVATIONS = {
    "gelu": ("Gelu", _MICROSOFT),
    "gelu_new": ("FastGelu", _MICROSOFT),
    "gelu_fast": ("FastGelu", _MICROSOFT),
    "relu": ("Relu", ""),
}


class _Graph:
    """Nodes and weights in the making; every method returns the name of a tensor."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}

    def weight(self, name: str, value: np.ndarray) -> str:
        self.weights[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def add(self, kind: str, *inputs: str, name: str, domain: str = "", outputs: int = 1, **attributes: Any) -> str:
        names = [name] + [""] * (outputs - 1)
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=name, domain=domain, **attributes))
        return name


def build_graph(bundle: Bundle, quantize: Quantize = "int8") -> onnx.ModelProto:
    """The model of `bundle`, with int8 kernels and embeddings unless `quantize` says float32."""
    kind = bundle.shape.activation
    if kind not in _ACTIVATIONS:
        raise EncoderError(f"不支持激活函数 {kind}，请换用 gelu 或 relu 的 BERT 模型")
    graph = _Graph()
    states = [_embedding(graph, bundle, quantize)]
    for layer in range(bundle.shape.layers):
        states.append(_layer(graph, bundle, layer, states[-1]))
    _pooling(graph, states)
    graph.add("Identity", states[-1], name="pieces")
    model = _model(graph, bundle)
    if quantize == "int8":
        model = _quantised(model)
    return model


def _embedding(graph: _Graph, bundle: Bundle, quantize: Quantize) -> str:
    weights = bundle.weights
    word = weights["word"].astype(np.float32)
    if quantize == "int8":  # one scale a row: far closer than the quantiser's one scale for the whole table
        scale = np.maximum(np.abs(word).max(axis=1, keepdims=True), 1e-9) / 127
        graph.weight("word", np.rint(word / scale).astype(np.int8))
        graph.weight("word.scale", scale.astype(np.float32))
        graph.add("Gather", "word", "ids", name="word.rows")
        graph.add("Cast", "word.rows", name="word.float", to=TensorProto.FLOAT)
        graph.add("Gather", "word.scale", "ids", name="word.scales")
        rows = graph.add("Mul", "word.float", "word.scales", name="word.vectors")
    else:
        rows = graph.add("Gather", graph.weight("word", word), "ids", name="word.vectors")
    # One message is one segment: its type vector is the same at every position.
    graph.weight("position", (weights["position"] + weights["type"]).astype(np.float32))
    graph.add("Gather", "position", "positions", name="position.vectors")
    graph.add("Add", rows, "position.vectors", name="embedding.sum")
    return _norm(graph, bundle, "embedding.norm", "embedding.sum")


def _norm(graph: _Graph, bundle: Bundle, name: str, states: str, residual: str = "") -> str:
    scale = graph.weight(f"{name}.weight", bundle.weights[f"{name}.weight"].astype(np.float32))
    bias = graph.weight(f"{name}.bias", bundle.weights[f"{name}.bias"].astype(np.float32))
    epsilon = bundle.shape.epsilon
    if residual:
        return graph.add(
            "SkipLayerNormalization",
            states,
            residual,
            scale,
            bias,
            name=name,
            domain=_MICROSOFT,
            epsilon=epsilon,
        )
    return graph.add("LayerNormalization", states, scale, bias, name=name, axis=-1, epsilon=epsilon)


def _linear(graph: _Graph, name: str, states: str, kernel: np.ndarray, bias: np.ndarray) -> str:
    graph.weight(f"{name}.weight", kernel.astype(np.float32))
    graph.weight(f"{name}.bias", bias.astype(np.float32))
    graph.add("MatMul", states, f"{name}.weight", name=f"{name}.product")
    return graph.add("Add", f"{name}.product", f"{name}.bias", name=name)


def _layer(graph: _Graph, bundle: Bundle, i: int, states: str) -> str:
    weights, heads = bundle.weights, bundle.shape.heads
    parts = ("query", "key", "value")
    merged = _linear(
        graph,
        f"{i}.qkv",
        states,
        np.concatenate([weights[f"{i}.{part}.weight"] for part in parts], axis=1),
        np.concatenate([weights[f"{i}.{part}.bias"] for part in parts]),
    )
    names = [f"{i}.{part}" for part in parts]
    graph.nodes.append(helper.make_node("Split", [merged], names, name=f"{i}.split", axis=2, num_outputs=3))
    attended = graph.add(
        "MultiHeadAttention", *names, "", "mask", name=f"{i}.attended", domain=_MICROSOFT, num_heads=heads
    )
    name = f"{i}.attention"
    out = _linear(graph, name, attended, weights[f"{name}.weight"], weights[f"{name}.bias"])
    states = _norm(graph, bundle, f"{i}.attention.norm", out, states)
    up = _linear(graph, f"{i}.up", states, weights[f"{i}.up.weight"], weights[f"{i}.up.bias"])
    kind, domain = _ACTIVATIONS[bundle.shape.activation]
    active = graph.add(kind, up, name=f"{i}.active", domain=domain)
    down = _linear(graph, f"{i}.down", active, weights[f"{i}.down.weight"], weights[f"{i}.down.bias"])
    return _norm(graph, bundle, f"{i}.output.norm", down, states)


def _pooling(graph: _Graph, states: list[str]) -> None:
    graph.add("Cast", "mask", name="mask.float", to=TensorProto.FLOAT)
    graph.weight("one", np.array([1], np.int64))
    graph.weight("zero", np.array([0], np.int64))
    # (batch, 1, n) weights that sum to one, so that a mean is one small product
    graph.add("ReduceSum", "mask.float", "one", name="mask.count", keepdims=1)
    graph.add("Div", "mask.float", "mask.count", name="mask.share")
    graph.add("Unsqueeze", "mask.share", "one", name="mask.row")
    means, firsts = [], []
    for i, state in enumerate(states):
        means.append(graph.add("MatMul", "mask.row", state, name=f"mean.{i}"))
        firsts.append(graph.add("Gather", state, "zero", name=f"first.{i}", axis=1))
    graph.add("Concat", *means, name="means", axis=1)
    graph.add("Concat", *firsts, name="firsts", axis=1)


def _model(graph: _Graph, bundle: Bundle) -> onnx.ModelProto:
    def tensor(name: str, kind: int, *shape: Any) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, list(shape))

    width, states = bundle.dimension, bundle.shape.layers + 1
    proto = helper.make_graph(
        graph.nodes,
        "encoder",
        [
            tensor("ids", TensorProto.INT64, "batch", "n"),
            tensor("positions", TensorProto.INT64, "batch", "n"),
            tensor("mask", TensorProto.INT32, "batch", "n"),
        ],
        [
            tensor("pieces", TensorProto.FLOAT, "batch", "n", width),
            tensor("means", TensorProto.FLOAT, "batch", states, width),
            tensor("firsts", TensorProto.FLOAT, "batch", states, width),
        ],
        list(graph.weights.values()),
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid(_MICROSOFT, 1)]
    return helper.make_model(proto, opset_imports=opsets, ir_version=9)


def _quantised(model: onnx.ModelProto) -> onnx.ModelProto:
    # One scale a column and seven bits: without VNNI instructions eight-bit products overflow in 16 bits.
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "int8.onnx"
        quantize_dynamic(
            model,
            path,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": TensorProto.FLOAT},
        )
        return onnx.load(path)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the quantiser's advice to pre-process, which is for graphs exported by others."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
