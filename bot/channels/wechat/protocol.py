"""Callbacks of a WeChat official account: signatures, messages and events in, the passive reply out.

After 微信官方文档·公众号 "接入指南", "接收普通消息", "接收事件推送", "被动回复用户消息", "消息加解密说明".
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.channels import xml
from bot.channels.aes import Envelope
from bot.channels.checks import Refused, require_fresh, same, seconds_of, sha1_of_sorted
from bot.channels.incoming import Incoming, Media

SUCCESS = "success"
_KINDS = {"image": "image", "voice": "voice", "video": "file", "shortvideo": "file", "file": "file"}


def verify(token: str, query: Mapping[str, str], window: float) -> None:
    """Check the signature that each request carries; it covers time and nonce, not the body.

    Raises:
        Refused: not from WeChat, or too old (`window` in seconds; 0 takes any age).
    """
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not same(sha1_of_sorted(token, timestamp, nonce), query.get("signature")):
        raise Refused("signature does not match")
    if window:
        require_fresh(seconds_of(timestamp), window)


def open_body(token: str, envelope: Envelope | None, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The message's fields; with an `envelope` only encrypted ones count, whose signature covers them.

    Raises:
        Refused: forged, damaged, or plain where encryption is set up.
    """
    fields = xml.parse(body)
    if envelope is None:
        return fields
    encrypted = xml.text_of(fields, "Encrypt")
    if not encrypted:
        raise Refused("message is not encrypted though an EncodingAESKey is set up")
    return open_encrypted(token, envelope, query, encrypted)


def open_encrypted(token: str, envelope: Envelope, query: Mapping[str, str], encrypted: str) -> dict[str, Any]:
    """The fields inside an `Encrypt` element.

    Raises:
        Refused: forged or damaged.
    """
    expected = sha1_of_sorted(token, query.get("timestamp", ""), query.get("nonce", ""), encrypted)
    if not same(expected, query.get("msg_signature")):
        raise Refused("msg_signature does not match")
    return xml.parse(envelope.decrypt(encrypted))


def fingerprint(query: Mapping[str, str]) -> str:
    """Identifies the signature of a request."""
    signed = "\n".join(query.get(name, "") for name in ("timestamp", "nonce", "signature"))
    return hashlib.sha256(signed.encode("utf8", "replace")).hexdigest()


def read(fields: dict[str, Any]) -> Incoming:
    """The message or event.

    Raises:
        Refused: who wrote it, or its id, is missing.
    """
    customer, kind = xml.text_of(fields, "FromUserName"), xml.text_of(fields, "MsgType").lower()
    created = seconds_of(xml.text_of(fields, "CreateTime"))
    if not customer or len(customer) > 64 or not kind:
        raise Refused("message without sender or type", 400)
    address = {"customer": customer, "account": xml.text_of(fields, "ToUserName")}
    if kind == "event":
        return _event(fields, customer, created, address)
    identity = xml.text_of(fields, "MsgId") or f"{customer}:{int(created)}"
    common: dict[str, Any] = {"customer": customer, "sent_at": created, "address": address}
    if kind == "text":
        return Incoming(identity, kind="text", text=xml.text_of(fields, "Content"), **common)
    if kind == "location":
        metadata = {"latitude": xml.text_of(fields, "Location_X"), "longitude": xml.text_of(fields, "Location_Y")}
        return Incoming(identity, kind="location", text=xml.text_of(fields, "Label"), metadata=metadata, **common)
    if kind == "link":
        text = f"{xml.text_of(fields, 'Title')} {xml.text_of(fields, 'Url')}".strip()
        return Incoming(identity, kind="text", text=text, **common)
    media = Media(xml.text_of(fields, "MediaId"), xml.text_of(fields, "PicUrl"), xml.text_of(fields, "Format"))
    spoken = xml.text_of(fields, "Recognition")
    found = _KINDS.get(kind, "file")
    return Incoming(identity, kind=found, text=spoken, media=media, **common)  # type: ignore[arg-type]


def _event(fields: dict[str, Any], customer: str, created: float, address: dict[str, Any]) -> Incoming:
    name, key = xml.text_of(fields, "Event").lower(), xml.text_of(fields, "EventKey")
    # Events have no MsgId; the documentation says to tell them apart by sender and time.
    identity = f"{customer}:{int(created)}:{name}:{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    clicked = key if name == "click" else ""
    return Incoming(
        identity,
        customer,
        "event",
        text="" if clicked.startswith("/") else clicked,
        payload=clicked if clicked.startswith("/") else "",
        trusted=True,
        event=name,
        sent_at=created,
        address=address,
        metadata={"event_key": key[:200]} if key and not clicked else {},
    )


@dataclass(frozen=True)
class Passive:
    """Makes passive replies to one request."""

    customer: str
    account: str
    token: str = ""
    envelope: Envelope | None = None

    def text(self, content: str) -> str:
        """A reply of words."""
        return self._reply("text", {"Content": content})

    def image(self, media_id: str) -> str:
        """A reply of one picture that was uploaded before."""
        return self._reply("image", {"Image": {"MediaId": media_id}})

    def news(self, title: str, description: str, picture: str, url: str) -> str:
        """A reply of one card; more than one is not allowed in a passive reply."""
        article = {"Title": title, "Description": description, "PicUrl": picture, "Url": url}
        return self._reply("news", {"ArticleCount": 1, "Articles": {"item": article}})

    def _reply(self, kind: str, content: dict[str, Any]) -> str:
        now = int(time.time())
        fields = {"ToUserName": self.customer, "FromUserName": self.account, "CreateTime": now, "MsgType": kind}
        plain = xml.render("xml", {**fields, **content})
        if self.envelope is None:
            return plain
        return encrypted_reply(self.token, self.envelope, plain, now)


def encrypted_reply(token: str, envelope: Envelope, plain: str, now: int) -> str:
    """The signed and encrypted form of a passive reply; `now` in seconds since 1970."""
    encrypted, nonce = envelope.encrypt(plain.encode()), hashlib.sha256(plain.encode()).hexdigest()[:16]
    fields = {
        "Encrypt": encrypted,
        "MsgSignature": sha1_of_sorted(token, str(now), nonce, encrypted),
        "TimeStamp": now,
        "Nonce": nonce,
    }
    return xml.render("xml", fields)
