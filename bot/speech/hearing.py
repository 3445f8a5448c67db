"""A recording as what was said, when, and on which channel."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np

from bot.settings import Settings
from bot.speech.model import load
from bot.speech.problems import SpeechError

Channel = Literal["left", "right", "mono"]
RATE = 16_000
_SAME = 0.02  # of the loudness: two channels that differ by less are one, recorded twice
# Whisper's sureness below which a stretch of noise is taken for words that nobody said.
_NO_SPEECH, _UNSURE = 0.6, -1.0
_SILENCE = 0.6  # seconds between two words of which the second begins another utterance
_MARKS = str.maketrans(",?!", "，？！")


@dataclass(frozen=True)
class Heard:
    """Words between two moments (seconds from the beginning)."""

    start: float
    end: float
    channel: Channel
    text: str


def hear(settings: Settings, recording: Path | bytes) -> list[Heard]:
    """What is said in a recording (wav, mp3, amr, ogg, …), in the order of time, in simplified characters.

    Raises:
        SpeechError: it is no recording, or the model is missing.
    """
    parts = channels_of(recording)
    model = load(settings)
    heard = [
        one for channel, samples in parts for one in _transcribe(settings, model, channel, samples, len(parts) > 1)
    ]
    return sorted(heard, key=lambda one: (one.start, one.channel))


def channels_of(recording: Path | bytes) -> list[tuple[Channel, np.ndarray]]:
    """The samples (n,) float32 at 16 kHz of each channel that differs from the other.

    Raises:
        SpeechError: it is no recording.
    """
    try:
        from av.error import FFmpegError
        from faster_whisper.audio import decode_audio
    except ImportError:
        raise SpeechError("没有安装 faster-whisper，请运行 make setup") from None
    source: str | BinaryIO = io.BytesIO(recording) if isinstance(recording, bytes) else str(recording)
    try:
        left, right = decode_audio(source, sampling_rate=RATE, split_stereo=True)
    except (FFmpegError, OSError, ValueError, IndexError) as error:
        name = "这段语音" if isinstance(recording, bytes) else f"录音 {recording.name}"
        raise SpeechError(f"{name}打不开：{error}") from None
    loud = float(np.abs(left).mean() + np.abs(right).mean())
    if float(np.abs(left - right).mean()) <= _SAME * loud:
        return [("mono", (left + right) / 2)]
    return [("left", left), ("right", right)]


def _transcribe(settings: Settings, model: Any, channel: Channel, samples: np.ndarray, turns: bool) -> list[Heard]:
    """The utterances of a channel; with `turns` cut wherever the speaker is silent, for the other to speak."""
    speech = settings.operations.speech
    segments, _info = model.transcribe(
        samples,
        language=speech.language,
        beam_size=speech.beam,
        initial_prompt=speech.hints or None,
        vad_filter=True,
        condition_on_previous_text=False,
        word_timestamps=turns,
    )
    found = []
    for one in segments:
        if one.no_speech_prob > _NO_SPEECH and one.avg_logprob < _UNSURE:
            continue
        for start, end, text in _utterances(one.words) if turns and one.words else [(one.start, one.end, one.text)]:
            told = _clean(text, speech.language)
            if told:
                found.append(Heard(round(start, 2), round(end, 2), channel, told))
    return found


def _utterances(words: Sequence[Any]) -> Iterator[tuple[float, float, str]]:
    """Start, end, text of the words between two silences."""
    part: list[Any] = []
    for word in words:
        # A single character before a pause belongs to what follows: Whisper is often early with a first character.
        if len(part) > 1 and word.start - part[-1].end > _SILENCE:
            yield _start(part), part[-1].end, "".join(one.word for one in part)
            part = []
        part.append(word)
    if part:
        yield _start(part), part[-1].end, "".join(one.word for one in part)


def _start(words: Sequence[Any]) -> float:
    late = len(words) > 1 and words[1].start - words[0].end > _SILENCE
    return float(words[1 if late else 0].start)


def _clean(text: str, language: str) -> str:
    # Half a character is what is left where Whisper was cut off.
    text = text.replace("\ufffd", "").strip()
    return simplified(text).translate(_MARKS).lstrip("，。！？") if language == "zh" else text


def simplified(text: str) -> str:
    """Traditional characters as simplified ones: Whisper writes both."""
    return str(_converter().convert(text))


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


def as_text(heard: Sequence[Heard], agent_channel: str) -> str:
    """A line an utterance: time, speaker, words."""
    names = {"mono": "", agent_channel: "客服　"}
    return "\n".join(f"[{_clock(one.start)}] {names.get(one.channel, '顾客　')}{one.text}" for one in heard)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes):02}:{rest:05.2f}"
