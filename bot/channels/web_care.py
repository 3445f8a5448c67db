"""What a customer does on her page besides talking: wait no more, leave a message, rate the service."""

import asyncio
import hashlib
import re
from datetime import timedelta
from typing import Any

from bot import conversations
from bot.channels import shared
from bot.channels.web_places import rated_key, to_rate
from bot.conversations import Store
from bot.events import Event, record
from bot.phrases import phrase

CLIENT_ID = re.compile(r"[\w-]{8,64}")
_CONTACT = re.compile(r"[\w.+@ -]{5,64}")  # a phone number, a WeChat name, an address of mail
_A_DAY = 24 * 3600


class Care:
    """Each answers as the page gets it: {"ok": True} or {"ok": False, "error"}."""

    def __init__(self, store: Store, longest: int) -> None:
        self._store = store
        self._longest = longest

    async def cancel_waiting(self, conversation: str, _: dict[str, Any]) -> dict[str, Any]:
        """Back to the bot; not when somebody has come."""
        words = {"text": phrase("utter_desk_cancelled")}
        done = await asyncio.to_thread(conversations.cancel, self._store, conversation, words=words)
        return {"ok": True} if done else refusal("not_waiting")

    async def leave_message(self, conversation: str, data: dict[str, Any]) -> dict[str, Any]:
        """`text`, `contact` and a `client_id`: on the ticket for who comes later."""
        text, contact, client_id = (data.get(key) for key in ("text", "contact", "client_id"))
        if not isinstance(text, str) or not 0 < len(text.strip()) <= self._longest:
            return refusal("bad_text", max_length=self._longest)
        if not isinstance(contact, str) or not _CONTACT.fullmatch(contact.strip()):
            return refusal("bad_contact")
        if not isinstance(client_id, str) or not CLIENT_ID.fullmatch(client_id):
            return refusal("bad_client_id")
        left = await asyncio.to_thread(
            conversations.leave_message,
            self._store,
            conversation,
            text.strip(),
            contact.strip(),
            client_id=client_id,
            words={"text": phrase("utter_desk_message_left")},
        )
        return {"ok": True} if left else refusal("not_needed")

    async def rate(self, conversation: str, data: dict[str, Any]) -> dict[str, Any]:
        """`of` (the closing, as the event `owner` names it), `stars` 1 to 5 and `solved`; either may be None."""
        stars, solved = data.get("stars"), data.get("solved")
        right = stars is None or (isinstance(stars, int) and not isinstance(stars, bool) and 1 <= stars <= 5)
        if not right or not (solved is None or isinstance(solved, bool)) or (stars is None and solved is None):
            return refusal("bad_rating")
        return await asyncio.to_thread(self._rate, conversation, data.get("of"), stars, solved)

    def _rate(self, conversation: str, of: Any, stars: int | None, solved: bool | None) -> dict[str, Any]:
        closing = conversations.last_closing(self._store, conversation)
        if closing is None or closing.number != of or to_rate(self._store, conversation) != of:
            return refusal("not_to_rate")
        identity = hashlib.sha256(f"rating:{conversation}:{of}".encode()).hexdigest()[:32]
        # It counts for the visit that ended, also when the customer has begun the next one.
        at = closing.at + timedelta(milliseconds=1)
        told = {"stars": stars, "solved": solved}
        record(Event("rating", conversation, at, identity, "webchat", "customer", told))
        shared.set_value(self._store.url, rated_key(conversation, closing.number), "1", _A_DAY)
        conversations.add_note(self._store, conversation, "customer", {"rating": told}, client_id=identity)
        return {"ok": True}


def refusal(error: str, **details: Any) -> dict[str, Any]:
    """What a page gets when something cannot be done."""
    return {"ok": False, "error": error, **details}
