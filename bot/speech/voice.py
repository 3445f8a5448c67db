"""Customers' voice messages: what channels call unless credentials.yml names another function (`speech`)."""

from bot.settings import get_settings
from bot.speech.hearing import hear


def recognise(audio: bytes) -> str:
    """The words of a voice message; "" when nothing is said.

    Raises:
        SpeechError: it is no recording, or the model is missing.
    """
    return "，".join(one.text.rstrip("。，") for one in hear(get_settings(), audio))
