"""A customer's message as every channel hands it to the common path."""

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["text", "image", "voice", "location", "file", "event"]


@dataclass(frozen=True)
class Media:
    """A file of the customer that is still on the platform; `reference` is what the channel fetches it with.

    A `picture` must be one by its first bytes.
    """

    reference: str
    url: str = ""
    format: str = ""
    picture: bool = False


@dataclass(frozen=True)
class Incoming:
    """One message.

    `external_id` is the platform's own id of it, the same in each delivery; `customer` the platform's id of who wrote.
    `text` is what they wrote (or the platform recognised, or the button they pressed says), `payload` what a button
    of ours carries. `address` is what an answer needs besides (a webhook that expires, the account spoken to).
    A payload counts only where the bot offered it, unless it is `trusted` (an entry of the shop's own menu).
    `metadata` goes to Rasa.
    """

    external_id: str
    customer: str
    kind: Kind
    text: str = ""
    payload: str = ""
    trusted: bool = False
    media: Media | None = None
    event: str = ""
    sent_at: float = 0.0
    address: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
