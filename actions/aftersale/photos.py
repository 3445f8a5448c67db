"""Pictures in messages: `metadata["photos"]`, put there by the channel.

Each is a path under /media/, where the channel has stored it in `var/media`, or (over REST) base64 or a data: URL.
They stay in the messages: slots travel with every call of an action and would carry them each time.
"""

import base64
import binascii
import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.aftersale.case import Case
from actions.aftersale.fields import Field, named
from actions.aftersale.words import meaning
from actions.answering import refuse
from actions.turn import Turn
from bot.settings import get_settings
from bot.shop import Refused, Ticket
from bot.shop.adapters import systems

PHOTOS = "photos"
_STORED = re.compile(r"/media/([\w-]{16,64})")


class PhotosField(Field):
    """How many pictures came; 0 when the customer has none."""

    name = PHOTOS

    def read(self, turn: Turn, case: Case, asked: bool) -> int | None:
        sent = len(photos_of(turn.metadata))
        if sent:
            return int(case.get(PHOTOS) or 0) + sent
        skips = named(turn, "skip") or turn.answer in ("no", "stop") or meaning("skip", turn.written)
        return 0 if asked and skips else None


def sent_since(tracker: Tracker, form: str) -> list[bytes]:
    """The pictures in messages since `form` began, the message that began it included; what cannot be read is left out.

    At most as many as a ticket takes, the first ones.
    """
    found: list[bytes] = []
    began = False
    for event in reversed(tracker.events):
        if event.get("event") == "active_loop" and event.get("name") == form:
            began = True
        if event.get("event") == "user":
            found[:0] = [content for photo in photos_of(event.get("metadata") or {}) if (content := _decoded(photo))]
            if began:
                break
    return found[: get_settings().operations.after_sale.photos_per_ticket]


async def store(dispatcher: CollectingDispatcher, case: Case, ticket: Ticket, photos: list[bytes]) -> int:
    """Add pictures to a ticket, saying which rule refused one; how many are stored."""
    stored = 0
    for content in photos:
        try:
            await systems().after_sale.add_photo(case.access, ticket.no, content)
            stored += 1
        except Refused as refused:
            refuse(dispatcher, refused)
            break
    return stored


def photos_of(metadata: dict[str, Any]) -> list[str]:
    """The pictures that a message's metadata holds."""
    photos = metadata.get(PHOTOS)
    return [photo for photo in photos if isinstance(photo, str) and photo] if isinstance(photos, list) else []


def _decoded(photo: str) -> bytes | None:
    stored = _STORED.fullmatch(photo)
    if stored is not None:
        file = get_settings().var / "media" / stored.group(1)
        return file.read_bytes() if file.is_file() else None
    text = photo.partition(",")[2] if photo.startswith("data:") else photo
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
