"""pytorch_model.bin is read without torch, and nothing but tensors is let in."""

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.nlu.encoder import Encoder, EncoderError
from bot.nlu.encoder._torch_zip import read
from tests.unit.nlu.conftest import TEXTS, Tiny


class _Global:
    """Stands for a name of a module that is not installed."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class _Tensor:
    def __init__(self, key: str, value: np.ndarray, storage: str, stride: tuple[int, ...] | None = None) -> None:
        self.key, self.value, self.storage = key, value, storage
        steps = np.ascontiguousarray(value).strides
        self.stride = stride or tuple(step // value.itemsize for step in steps)


class _Storage:
    def __init__(self, tensor: _Tensor) -> None:
        self.tensor = tensor


class _Pickler(pickle._Pickler):  # the one in Python lets us write names of modules that are not there
    def persistent_id(self, item: Any) -> Any:
        if isinstance(item, _Storage):
            kind = _Global("torch", item.tensor.storage)
            return ("storage", kind, item.tensor.key, "cpu", item.tensor.value.size)
        return None

    def save(self, item: Any, save_persistent_id: bool = True) -> None:
        if isinstance(item, _Global):
            self.write(pickle.GLOBAL + f"{item.module}\n{item.name}\n".encode())
        elif isinstance(item, _Tensor):
            self.save(_Global("torch._utils", "_rebuild_tensor_v2"))
            self.save((_Storage(item), 0, item.value.shape, item.stride, False, OrderedDict()))
            self.write(pickle.REDUCE)
        else:
            super().save(item, save_persistent_id)


def write_zip(path: Path, content: Any, tensors: list[_Tensor]) -> None:
    buffer = io.BytesIO()
    _Pickler(buffer, 2).dump(content)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", buffer.getvalue())
        for tensor in tensors:
            archive.writestr(f"archive/data/{tensor.key}", np.ascontiguousarray(tensor.value).tobytes())


def test_a_model_in_torch_format_gives_the_same_vectors(tiny_bert: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "torch"
    folder.mkdir()
    for name in ("config.json", "vocab.txt"):
        (folder / name).write_bytes((tiny_bert.folder / name).read_bytes())
    tensors = {
        name: _Tensor(str(i), value, "FloatStorage")
        for i, (name, value) in enumerate(tiny_bert.torch_weights().items())
    }
    write_zip(folder / "pytorch_model.bin", OrderedDict(tensors), list(tensors.values()))
    options = {"quantize": "float32", "folder": tmp_path / "built"}
    expected = Encoder.load(str(tiny_bert.folder), **options).sentences(TEXTS)
    np.testing.assert_allclose(Encoder.load(str(folder), **options).sentences(TEXTS), expected, atol=1e-6)


def test_half_and_bfloat16_and_transposed_tensors(tmp_path: Path) -> None:
    value = np.array([[1.0, -2.5, 3.0], [0.5, 4.0, -8.0]], np.float32)
    half = _Tensor("0", value.astype(np.float16), "HalfStorage")
    brain = _Tensor("1", (value.view(np.uint32) >> 16).astype(np.uint16), "BFloat16Storage")
    turned = _Tensor("2", value, "FloatStorage", stride=(1, 2))
    write_zip(tmp_path / "w.bin", {"half": half, "brain": brain, "turned": turned}, [half, brain, turned])
    weights = read(tmp_path / "w.bin")
    np.testing.assert_array_equal(weights["half"], value)
    np.testing.assert_array_equal(weights["brain"], value)
    np.testing.assert_array_equal(weights["turned"], np.array([[1.0, 3.0, 4.0], [-2.5, 0.5, -8.0]]))


@pytest.mark.parametrize(
    "name", [("os", "system"), ("builtins", "eval"), ("torch.serialization", "load"), ("torch", "load")]
)
def test_anything_but_tensors_is_refused(name: tuple[str, str], tmp_path: Path) -> None:
    write_zip(tmp_path / "w.bin", {"weight": _Global(*name)}, [])
    with pytest.raises(EncoderError, match="张量以外的内容"):
        read(tmp_path / "w.bin")


def test_a_pickle_that_runs_a_command_does_not_run_it(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    with zipfile.ZipFile(tmp_path / "w.bin", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weight": Evil()}))
    with pytest.raises(EncoderError, match="已拒绝读取"):
        read(tmp_path / "w.bin")
    assert not (tmp_path / "ran").exists()


def test_a_tensor_reaching_outside_its_storage_is_refused(tmp_path: Path) -> None:
    far = _Tensor("0", np.zeros((4, 4), np.float32), "FloatStorage", stride=(1000, 1))
    write_zip(tmp_path / "w.bin", {"far": far}, [far])
    with pytest.raises(EncoderError, match="tensor bounds"):
        read(tmp_path / "w.bin")


def test_no_zip_at_all_is_told(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(EncoderError, match="不是 PyTorch"):
        read(tmp_path / "w.bin")
