"""A corpus that a tiny BERT can learn in seconds, and a house of its own."""

from pathlib import Path

import pytest
import yaml

from bot.nlu.encoder import _cache, _sources
from bot.nlu.finetune import Options
from bot.settings import Settings

OPTIONS = Options(epochs=2, batch=8, rate=3e-3, head_rate=1e-2, held_out=0.1)
_KINDS = {"ask_stock": "这款手机有货吗", "greet": "你好"}


def write_corpus(folder: Path, lines: int = 40) -> Path:
    """`lines` numbered lines of each of two intents; every other greeting is impatient."""
    blocks = []
    for intent, text in _KINDS.items():
        for emotion, score, first in (("calm", 3, 0), ("impatient", 2, 1)):
            metadata = {"emotion": emotion, "score": score}
            marks = "！！" if emotion == "impatient" else ""
            examples = "".join(f"- {number}{text}{marks}\n" for number in range(first, lines, 2))
            blocks.append({"intent": intent, "metadata": metadata, "examples": examples})
    folder.mkdir(exist_ok=True)
    (folder / "nlu.yml").write_text(yaml.dump({"version": "3.1", "nlu": blocks}, allow_unicode=True), encoding="utf8")
    return folder


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `var` in place of the project's."""
    var = tmp_path / "var"
    var.mkdir()
    for module in (_cache, _sources):
        monkeypatch.setattr(module, "get_settings", lambda: Settings.construct(var=var))
    return var
