"""What a customer's page sends, checked: words, a button's payload or a picture."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.channels import payloads
from bot.channels.media import PHOTOS, PREFIX
from bot.channels.web_care import CLIENT_ID, refusal
from bot.conversations import Stored

_FACTS = ("page_sku", "page_product", "page_url")
_IMAGE = re.compile(r"[\w-]{16,64}")


@dataclass(frozen=True)
class Said:
    """`text` is empty for a picture, whose name under /media/ is `image`."""

    text: str
    image: str
    client_id: str
    metadata: dict[str, Any]

    def read(self, recent: Sequence[Stored], image_payload: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """What pages show and what Rasa gets of it after `recent` messages."""
        if self.image:
            source = PREFIX + self.image
            content = {"attachment": {"type": "image", "payload": {"src": source}}}
            return content, {"text": image_payload, "metadata": {**self.metadata, PHOTOS: [source]}}
        title = payloads.offered(recent).get(self.text) if self.is_payload else None
        shown = title or self.text
        text = self.text if title else payloads.as_plain_text(self.text)
        return {"text": shown}, {"text": text, "metadata": self.metadata}

    @property
    def is_payload(self) -> bool:
        """Whether it looks like a button's payload."""
        return self.text.startswith(payloads.PREFIX)


def checked(
    data: dict[str, Any], client_id: Any, metadata_key: str, longest: int, media: Path
) -> Said | dict[str, Any]:
    """What was said, or why it cannot be taken, as the page is told."""
    text, image = data.get("message"), data.get("image")
    if image is None and (not isinstance(text, str) or not text.strip()):
        return refusal("empty")
    if not isinstance(client_id, str) or not CLIENT_ID.fullmatch(client_id):
        return refusal("bad_client_id")
    metadata = facts(data.get(metadata_key))
    if image is not None:
        known = isinstance(image, str) and _IMAGE.fullmatch(image) and (media / image).is_file()
        return Said("", image, client_id, metadata) if known else refusal("no_image")
    assert isinstance(text, str)
    if len(text) > longest:
        return refusal("too_long", max_length=longest)
    return Said(text.strip(), "", client_id, metadata)


def facts(data: Any) -> dict[str, Any]:
    """The page's facts for Rasa: short strings under known names."""
    data = data if isinstance(data, dict) else {}
    return {key: data[key][:500] for key in _FACTS if isinstance(data.get(key), str) and data[key]}
