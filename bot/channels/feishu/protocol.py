"""Feishu (飞书) event callbacks, version 2.0: challenge, signature, encryption, messages and cards' buttons.

After 飞书开放平台 "将事件发送至开发者服务器", "配置 Encrypt Key 与 Verification Token", "接收消息",
"卡片回传交互".
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from bot.channels.aes import cbc_decrypt, decode_base64, unpad
from bot.channels.checks import Refused, require_fresh, same, seconds_of
from bot.channels.incoming import Incoming, Media
from bot.channels.json_body import object_at, parse, text_at

REMEMBER = 24 * 3600.0  # seconds that an event_id is remembered; Feishu repeats for about eight hours
_MEDIA = {"image": "image_key", "audio": "file_key", "media": "file_key", "file": "file_key", "sticker": "file_key"}
_KINDS = {"image": "image", "audio": "voice", "sticker": "file", "media": "file", "file": "file"}
_MENTION = re.compile(r"@_user_\d+\s?|@_all\s?")


def signature(encrypt_key: str, timestamp: str, nonce: str, body: bytes) -> str:
    """What X-Lark-Signature must be: SHA-256 over time, nonce, key and the raw body, as hexadecimal."""
    return hashlib.sha256(f"{timestamp}{nonce}{encrypt_key}".encode("utf8", "replace") + body).hexdigest()


def decrypt(encrypt_key: str, encrypted: str) -> bytes:
    """The text of an `encrypt` field: AES-256-CBC, key SHA-256 of the Encrypt Key, vector in front, PKCS#7.

    Raises:
        Refused: damaged.
    """
    raw = decode_base64(encrypted)
    if len(raw) < 32:
        raise Refused("encrypted message is truncated", 400)
    return unpad(cbc_decrypt(hashlib.sha256(encrypt_key.encode()).digest(), raw[:16], raw[16:]), 16)


def open_body(
    encrypt_key: str, verification_token: str, headers: Mapping[str, str], body: bytes, window: float
) -> dict[str, Any]:
    """The event in a request, or the challenge ({"type": "url_verification", "challenge": …}).

    Raises:
        Refused: forged, damaged, too old, or plain where encryption is set up.
    """
    outer = parse(body)
    encrypted = outer.get("encrypt")
    if not isinstance(encrypted, str):
        raise Refused("event is not encrypted: set up an Encrypt Key in Feishu's console")
    event = parse(decrypt(encrypt_key, encrypted))
    if event.get("type") == "url_verification":
        # The challenge is sent without signature headers; it proves itself by the token, and nothing is done on it.
        if not same(verification_token, event.get("token")):
            raise Refused("verification token does not match")
        return event
    timestamp = headers.get("X-Lark-Request-Timestamp", "")
    expected = signature(encrypt_key, timestamp, headers.get("X-Lark-Request-Nonce", ""), body)
    if not same(expected, headers.get("X-Lark-Signature")):
        raise Refused("signature does not match")
    require_fresh(seconds_of(timestamp), window)
    if not same(verification_token, text_at(event, "header", "token")):
        raise Refused("verification token does not match")
    return event


def read(app_id: str, event: dict[str, Any]) -> Incoming | None:
    """The message or pressed button; None for what this channel does not care about.

    Raises:
        Refused: for another app, or without an id.
    """
    header, content = object_at(event, "header"), object_at(event, "event")
    identity, kind = text_at(header, "event_id"), text_at(header, "event_type")
    if not identity:
        raise Refused("event without event_id", 400)
    if not same(app_id, text_at(header, "app_id")):
        raise Refused("event for another app")
    sent_at = _milliseconds(header.get("create_time"))
    if kind == "im.message.receive_v1":
        return _message(identity, content, sent_at)
    if kind == "card.action.trigger":
        return _button(identity, content, sent_at)
    if kind == "im.chat.access_event.bot_p2p_chat_entered_v1":
        customer = text_at(content, "operator_id", "open_id")
        address = {"customer": customer, "receive_id": customer, "receive_id_type": "open_id"}
        return Incoming(identity, customer, "event", event="enter", address=address) if customer else None
    return None


def _message(identity: str, content: dict[str, Any], sent_at: float) -> Incoming | None:
    message = object_at(content, "message")
    customer = text_at(content, "sender", "sender_id", "open_id")
    if text_at(content, "sender", "sender_type") != "user" or not customer:
        return None
    message_id, kind = text_at(message, "message_id"), text_at(message, "message_type")
    chat, in_group = text_at(message, "chat_id"), text_at(message, "chat_type") == "group"
    address = {
        "customer": customer,
        "message_id": message_id,
        "receive_id": chat if in_group else customer,
        "receive_id_type": "chat_id" if in_group else "open_id",
    }
    inner = parse(text_at(message, "content") or "{}")
    common: dict[str, Any] = {"sent_at": sent_at, "address": address}
    who = f"{chat}:{customer}" if in_group else customer
    if kind in ("text", "post"):
        text = _MENTION.sub("", text_at(inner, "text") if kind == "text" else _post_text(inner)).strip()
        picture = _post_picture(inner) if kind == "post" else ""
        if picture:
            return Incoming(identity, who, "image", text, media=Media(f"{message_id}/{picture}"), **common)
        return Incoming(identity, who, "text", text, **common)
    if kind == "location":
        place = {name: text_at(inner, name) for name in ("latitude", "longitude")}
        return Incoming(identity, who, "location", text_at(inner, "name"), metadata=place, **common)
    media = Media(f"{message_id}/{text_at(inner, _MEDIA.get(kind, 'file_key'))}")
    return Incoming(identity, who, _KINDS.get(kind, "file"), media=media, **common)  # type: ignore[arg-type]


def _post_text(inner: dict[str, Any]) -> str:
    """The words of a rich text message: title and paragraphs."""
    lines = [text_at(inner, "title")]
    for parts in _paragraphs(inner):
        lines.append("".join(text_at(part, "text") for part in parts if text_at(part, "tag") in ("text", "a")))
    return "\n".join(line for line in lines if line)


def _post_picture(inner: dict[str, Any]) -> str:
    """The key of the first picture in a rich text message."""
    pictures = (part for parts in _paragraphs(inner) for part in parts if text_at(part, "tag") == "img")
    return next((key for picture in pictures if (key := text_at(picture, "image_key"))), "")


def _paragraphs(inner: dict[str, Any]) -> list[list[Any]]:
    paragraphs = inner.get("content")
    found = paragraphs if isinstance(paragraphs, list) else []
    return [paragraph for paragraph in found if isinstance(paragraph, list)]


def _button(identity: str, content: dict[str, Any], sent_at: float) -> Incoming | None:
    customer = text_at(content, "operator", "open_id")
    value = object_at(content, "action", "value")
    payload = text_at(value, "payload")
    if not customer or not payload:
        return None
    chat = text_at(value, "chat")
    address = {
        "customer": customer,
        "receive_id": chat or customer,
        "receive_id_type": "chat_id" if chat else "open_id",
        "message_id": text_at(content, "context", "open_message_id"),
    }
    who = f"{chat}:{customer}" if chat else customer
    return Incoming(identity, who, "event", payload=payload, event="button", sent_at=sent_at, address=address)


def _milliseconds(value: Any) -> float:
    text = value if isinstance(value, str) else ""
    return int(text) / 1000 if text.isascii() and text.isdigit() and len(text) <= 16 else 0.0


def answer_to_button(title: str) -> bytes:
    """The answer to a pressed button: a short note on the customer's screen."""
    return json.dumps({"toast": {"type": "info", "content": title}}, ensure_ascii=False).encode()
