"""Channels, utterances and the model's files; whether words are right is measured by `make bench-speech`."""

import json
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bot.settings import Settings
from bot.speech import SpeechError, model
from bot.speech.bench import distance, plain
from bot.speech.hearing import RATE, Heard, _utterances, as_text, channels_of, simplified
from bot.speech_settings import Speech


def recorded(path: Path, *channels: np.ndarray) -> Path:
    samples = np.stack(channels, axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 20_000).astype("<i2").tobytes())
    return path


def tone(hertz: float, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(int(RATE * seconds)) / RATE)


def test_two_speakers_have_a_channel_each(tmp_path: Path) -> None:
    parts = channels_of(recorded(tmp_path / "two.wav", tone(300), tone(700)))
    assert [channel for channel, _ in parts] == ["left", "right"]
    assert all(len(samples) == pytest.approx(RATE / 2, abs=200) for _, samples in parts)


def test_the_same_on_both_channels_is_one_recording(tmp_path: Path) -> None:
    assert [channel for channel, _ in channels_of(recorded(tmp_path / "same.wav", tone(300), tone(300)))] == ["mono"]
    assert [channel for channel, _ in channels_of(recorded(tmp_path / "mono.wav", tone(300)))] == ["mono"]


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_bytes("不是录音".encode())
    for recording in (tmp_path / "text.wav", "不是录音".encode(), b""):
        with pytest.raises(SpeechError, match="打不开"):
            channels_of(recording)


@dataclass
class Word:
    start: float
    end: float
    word: str


def test_utterances_end_where_the_speaker_is_silent() -> None:
    words = [Word(0, 0.5, "您好"), Word(0.6, 1, "请问"), Word(3, 3.2, "我"), Word(4.5, 5, "再看看")]
    assert list(_utterances(words)) == [(0, 1, "您好请问"), (4.5, 5, "我再看看")]


def test_a_transcript_names_the_speakers() -> None:
    heard = [Heard(0, 1, "left", "您好"), Heard(61.5, 63, "right", "有货吗")]
    assert as_text(heard, "left") == "[00:00.00] 客服　您好\n[01:01.50] 顾客　有货吗"
    assert as_text([Heard(0, 1, "mono", "您好")], "left") == "[00:00.00] 您好"


def test_traditional_characters_become_simplified() -> None:
    assert simplified("請問這個什麼時候發貨") == "请问这个什么时候发货"


def packages(folder: Path, content: bytes) -> dict[str, Path]:
    """Two packages that hold `content` in halves."""
    places = dict(zip(model.PACKAGES, (folder / "one", folder / "two"), strict=True))
    for number, place in enumerate(places.values(), 1):
        place.mkdir()
        half = content[: len(content) // 2] if number == 1 else content[len(content) // 2 :]
        (place / f"model.bin.part{number}").write_bytes(half)
    for name in ("config.json", "vocabulary.json"):
        (folder / "two" / name).write_text("{}")
    merges = {"model": {"merges": [["a", "b"], ["ab", "c"]]}}
    (folder / "two" / "tokenizer.json").write_text(json.dumps(merges))
    return places


def test_the_halves_are_put_together_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import hashlib

    content = b"weights" * 1000
    places = packages(tmp_path, content)
    monkeypatch.setattr(model, "_data_of", places.__getitem__)
    settings = Settings(var=tmp_path / "var")
    with pytest.raises(SpeechError, match="校验值不对"):
        model.build(settings, lambda _line: None)
    assert not list((tmp_path / "var" / "speech").iterdir()), "nothing half-made stays"

    monkeypatch.setattr(model, "SHA256", hashlib.sha256(content).hexdigest())
    built = model.build(settings, lambda _line: None)
    assert (built / "model.bin").read_bytes() == content
    assert json.loads((built / "tokenizer.json").read_text())["model"]["merges"] == ["a b", "ab c"]


def test_a_missing_package_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "PACKAGES", ("no-such-package-1", "no-such-package-2"))
    with pytest.raises(SpeechError, match="pip install"):
        model.build(Settings(var=tmp_path), lambda _line: None)


def test_a_wrong_model_is_told(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    settings.operations.speech = Speech(model=str(tmp_path / "nothing-here"))
    with pytest.raises(SpeechError, match=r"speech\.model"):
        model.load(settings)


def test_the_error_rate_counts_letters() -> None:
    assert distance("今天发货", "今天发货") == 0
    assert distance("今天发货", "今天货") == 1
    assert distance("", "abc") == 3
    assert plain("您好，VIP！") == "您好vip"
