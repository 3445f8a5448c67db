"""Speech to text by faster-whisper, on the machine itself: calls with two speakers, customers' voice messages."""

from bot.speech.problems import SpeechError

__all__ = ["SpeechError"]
