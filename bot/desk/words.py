"""What the desk says to customers, by the responses of domain.yml."""

from typing import Any

from bot import clock
from bot.desk_settings import Desk
from bot.phrases import duration, phrase


def joined(name: str) -> dict[str, Any]:
    """An agent has come."""
    return {"text": phrase("utter_desk_joined", name=name)}


def returned() -> dict[str, Any]:
    """Another agent will come."""
    return {"text": phrase("utter_desk_returned")}


def transferred() -> dict[str, Any]:
    """A colleague will come."""
    return {"text": phrase("utter_desk_transferred")}


def given_back() -> dict[str, Any]:
    """The bot goes on."""
    return {"text": phrase("utter_desk_given_back")}


def closed() -> dict[str, Any]:
    """It is done."""
    return {"text": phrase("utter_desk_closed")}


def cancelled() -> dict[str, Any]:
    """The customer does not wait any more."""
    return {"text": phrase("utter_desk_cancelled")}


def position(place: int, seconds: float) -> dict[str, Any]:
    """Where in the queue (from 1), and for how long."""
    return {"text": phrase("utter_desk_position", ahead=place - 1, wait=duration(seconds))}


def nobody(desk: Desk) -> dict[str, Any]:
    """Nobody is there; when somebody will be, if that is known and not now."""
    return {"text": phrase("utter_desk_nobody", opening=opening(desk))}


def opening(desk: Desk) -> str:
    """ "，{time}上班后…" outside working hours, else ""."""
    here = clock.local(clock.now())
    next_opening = None if desk.is_open(here) else desk.next_opening(here)
    if next_opening is None:
        return ""
    days = (next_opening.date() - here.date()).days
    name = {0: "utter_part_today", 1: "utter_part_tomorrow"}.get(days, "utter_part_day")
    time = phrase(name, month=next_opening.month, day=next_opening.day, time=f"{next_opening:%H:%M}")
    return phrase("utter_part_opening", time=time)
