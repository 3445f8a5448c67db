"""The open channel's protocol: signed JSON in both directions, for shop platforms whose own APIs are closed.

Each request carries X-Dianxiaoer-Source, -Timestamp (seconds), -Nonce and -Signature, the last one being the
hexadecimal HMAC-SHA256 of "timestamp\\nnonce\\n" and the raw body. docs/channels/open.md describes it for adapters.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from bot import clock
from bot.channels.checks import Refused, require_fresh, same, seconds_of
from bot.channels.incoming import Incoming, Kind, Media
from bot.channels.json_body import object_at, parse, text_at
from bot.channels.outgoing import Outgoing

SOURCE, TIMESTAMP = "X-Dianxiaoer-Source", "X-Dianxiaoer-Timestamp"
NONCE, SIGNATURE = "X-Dianxiaoer-Nonce", "X-Dianxiaoer-Signature"
WINDOW = 300.0  # seconds that a request may be old, or ahead of our clock

_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_ID = re.compile(r"[\x21-\x7e]{1,128}")
_KINDS: dict[str, Kind] = {kind: kind for kind in ("text", "image", "voice", "location", "event")}
_FACTS = ("page_sku", "page_product", "order_id", "shop")


def signature(secret: str, timestamp: str, nonce: str, body: bytes) -> str:
    """What the request must be signed with."""
    return hmac.new(secret.encode(), f"{timestamp}\n{nonce}\n".encode() + body, hashlib.sha256).hexdigest()


def signed_headers(secret: str, source: str, body: bytes) -> dict[str, str]:
    """The headers of a request of ours, signed now."""
    timestamp, nonce = str(int(clock.now().timestamp())), secrets.token_urlsafe(16)
    return {
        SOURCE: source,
        TIMESTAMP: timestamp,
        NONCE: nonce,
        SIGNATURE: signature(secret, timestamp, nonce, body),
        "Content-Type": "application/json; charset=utf-8",
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """Check time and signature; the nonce, for the caller to remember for twice `WINDOW`.

    Raises:
        Refused: not signed by who knows the secret, or not now.
    """
    timestamp, nonce = headers.get(TIMESTAMP, ""), headers.get(NONCE, "")
    if not _NONCE.fullmatch(nonce):
        raise Refused("nonce is missing or malformed", 400)
    require_fresh(seconds_of(timestamp), WINDOW)
    if not same(signature(secret, timestamp, nonce, body), headers.get(SIGNATURE)):
        raise Refused("signature does not match")
    return nonce


def read(source: str, body: bytes, file_hosts: Sequence[str] = ()) -> Incoming:
    """The message in a verified body; files may lie on `file_hosts` ("https://img.example.com") only.

    Raises:
        Refused: it is not as the protocol says.
    """
    data = parse(body)
    identity, customer = text_at(data, "id"), text_at(data, "customer", "id")
    kind = _KINDS.get(text_at(data, "type"))
    if not _ID.fullmatch(identity) or not _ID.fullmatch(customer):
        raise Refused("id and customer.id must have 1 to 128 visible ASCII characters", 400)
    if kind is None:
        raise Refused(f"type must be one of {', '.join(_KINDS)}", 400)
    text, media, event = text_at(data, "text"), None, text_at(data, "event")[:64]
    if kind in ("image", "voice"):
        address = text_at(data, kind, "url")
        # We fetch it, so it must not name a server inside our own network.
        if len(address) > 2000 or _origin(address) not in file_hosts:
            raise Refused(f"{kind}.url must lie on one of the source's file_hosts", 400)
        media = Media(address, address, text_at(data, kind, "format")[:16])
    elif kind == "location":
        text = text or text_at(data, "location", "label")
    elif kind == "text" and not text.strip():
        raise Refused("text is empty", 400)
    elif kind == "event" and not event:
        raise Refused("event is missing", 400)
    facts = object_at(data, "metadata")
    return Incoming(
        external_id=f"{source}:{identity}",
        customer=customer,
        kind=kind,
        text=text,
        payload=text_at(data, "payload")[:2000],
        media=media,
        event=event,
        address={"source": source, "customer": customer},
        metadata={
            "source": source,
            **{key: text_at(facts, key)[:500] for key in _FACTS if text_at(facts, key)},
        },
    )


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
        return "" if "@" in parts.netloc else f"{parts.scheme}://{parts.netloc}"
    except ValueError:
        return ""


def push(delivery: str, customer: str, author: str, outgoing: Outgoing) -> dict[str, Any]:
    """The body of a push: `text` says everything in words, the other keys say it for those who can show more."""
    body: dict[str, Any] = {
        "id": delivery,
        "customer": {"id": customer},
        "author": author,
        "text": outgoing.as_text(),
        "content": {"text": outgoing.text},
    }
    content = body["content"]
    if outgoing.choices:
        content["buttons"] = [
            {"number": number, "title": b.title, "payload": b.payload} for number, b in enumerate(outgoing.choices, 1)
        ]
    links = [{"title": b.title, "url": b.url} for b in outgoing.buttons if b.url]
    if links:
        content["links"] = links
    if outgoing.image:
        content["image"] = outgoing.image
    if outgoing.cards:
        content["cards"] = [
            {"title": c.title, "description": c.description, "image": c.image, "url": c.url} for c in outgoing.cards
        ]
    if outgoing.table:
        content["table"] = [list(row) for row in outgoing.table]
    return body
