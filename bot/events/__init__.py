"""What happened, told once and in order: every figure is computed from here. Personal data is masked at entry."""

from bot.events.masking import mask_text, masked
from bot.events.model import KINDS, Event
from bot.events.recorder import close_recorder, record, recorder
from bot.events.store import Stored, add, last_seq, of_conversation, since
from bot.service_settings import EventSettings

__all__ = [
    "KINDS",
    "Event",
    "EventSettings",
    "Stored",
    "add",
    "close_recorder",
    "last_seq",
    "mask_text",
    "masked",
    "of_conversation",
    "record",
    "recorder",
    "since",
]
