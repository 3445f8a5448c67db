"""Weights out of `pytorch_model.bin` without torch and without trusting the file.

The file is a zip with a pickle that describes tensors and one raw file for each storage. The unpickler here knows
tensors and ordered dicts; anything else in the pickle is refused before it can run.
"""

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bot.nlu.encoder._model import EncoderError, Weights

_STORAGES = {
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "BFloat16Storage": "bf16",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}
_ADVICE = "请改用 safetensors 格式的模型，或换一个可信的来源"


def read(path: Path) -> Weights:
    """All tensors of the file by name, bfloat16 widened to float32.

    Raises:
        EncoderError: the file is no torch zip, or its pickle holds anything but tensors.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (description,) = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            folder = description.removesuffix("data.pkl")
            with archive.open(description) as stream:
                content = _TensorUnpickler(stream, lambda key: archive.read(f"{folder}data/{key}")).load()
    except (
        zipfile.BadZipFile,
        ValueError,
        KeyError,
        IndexError,
        AttributeError,
        TypeError,
        EOFError,
    ) as error:
        raise EncoderError(f"{path.name} 不是 PyTorch 1.6 以后的权重文件（{error}），{_ADVICE}") from None
    except pickle.UnpicklingError as error:
        raise EncoderError(f"{path.name} 里有张量以外的内容（{error}），可能不安全，已拒绝读取，{_ADVICE}") from None
    return {name: value for name, value in dict(content).items() if isinstance(value, np.ndarray)}


class _TensorUnpickler(pickle.Unpickler):
    def __init__(self, stream: Any, storage: Callable[[str], bytes]) -> None:
        super().__init__(stream)
        self._storage = storage

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _parameter
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise pickle.UnpicklingError(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> np.ndarray:
        kind, dtype, key, _device, _size = pid
        if kind != "storage" or not isinstance(dtype, str) or not isinstance(key, str):
            raise pickle.UnpicklingError("storage")
        content = self._storage(key)
        if dtype == "bf16":
            return (np.frombuffer(content, "<u2").astype(np.uint32) << 16).view(np.float32)
        return np.frombuffer(content, dtype)


def _tensor(
    storage: np.ndarray, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_rest: Any
) -> np.ndarray:
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if offset < 0 or min(stride, default=0) < 0 or min(size, default=1) < 0 or last >= max(len(storage), 1):
        raise pickle.UnpicklingError("tensor bounds")  # strides from the file must not read outside its storage
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps).copy()


def _parameter(data: np.ndarray, *_rest: Any) -> np.ndarray:
    return data
