"""DingTalk (钉钉): a robot's messages over HTTP with a signed header, and encrypted event callbacks.

After 钉钉开放平台 "机器人接收消息", "HTTP 推送·回调事件加解密", "机器人回复/发送消息".
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from bot import clock
from bot.channels.aes import Envelope
from bot.channels.checks import Refused, require_fresh, same, seconds_of, sha1_of_sorted
from bot.channels.incoming import Incoming, Media
from bot.channels.json_body import object_at, parse, text_at

SKEW = 3600.0  # seconds that the platform's clock and ours may differ


def signature(secret: str, timestamp: str) -> str:
    """What the `sign` header must be: base64 of HMAC-SHA256(secret, timestamp + "\\n" + secret)."""
    mac = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode("utf8", "replace"), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def verify(secret: str, headers: Mapping[str, str]) -> None:
    """Check the headers of a robot's message. They do not cover the body: nothing in it may be trusted further.

    Raises:
        Refused: not from DingTalk, or more than an hour off.
    """
    timestamp = headers.get("timestamp", "")
    if not same(signature(secret, timestamp), headers.get("sign")):
        raise Refused("signature does not match")
    require_fresh(seconds_of(timestamp, 0.001), SKEW)


def read(robot: str, hosts: tuple[str, ...], body: bytes) -> Incoming:
    """The message in a robot's callback; `hosts` are those that a session webhook may lie on.

    Raises:
        Refused: malformed, for another robot, or with a webhook that is not DingTalk's.
    """
    data = parse(body)
    identity, sender = text_at(data, "msgId"), text_at(data, "senderStaffId") or text_at(data, "senderId")
    conversation = text_at(data, "conversationId")
    if not identity or not sender or not conversation or len(sender) > 128 or len(conversation) > 256:
        raise Refused("message without msgId, sender or conversationId", 400)
    claimed = text_at(data, "robotCode")
    if claimed and not same(robot, claimed):
        raise Refused("message for another robot")
    webhook = text_at(data, "sessionWebhook")
    if webhook and not _is_ours(webhook, hosts):
        raise Refused("session webhook is not DingTalk's")
    expires = data.get("sessionWebhookExpiredTime")
    in_group = text_at(data, "conversationType") == "2"
    address = {
        "customer": sender,
        "webhook": webhook,
        "webhook_until": expires / 1000 if isinstance(expires, int) and 0 < expires < 10**14 else 0,
        "group": conversation if in_group else "",
        "staff": text_at(data, "senderStaffId"),
    }
    sent = data.get("createAt")
    common: dict[str, Any] = {
        "sent_at": sent / 1000 if isinstance(sent, int) and 0 < sent < 10**14 else 0.0,
        "address": address,
    }
    who = f"{conversation}:{sender}" if in_group else sender
    return _content(identity, who, text_at(data, "msgtype"), data, common)


def _content(identity: str, who: str, kind: str, data: dict[str, Any], common: dict[str, Any]) -> Incoming:
    content = object_at(data, "content")
    if kind == "text":
        return Incoming(identity, who, "text", text_at(data, "text", "content").strip(), **common)
    if kind == "richText":
        parts = content.get("richText")
        parts = parts if isinstance(parts, list) else []
        text = "".join(text_at(part, "text") for part in parts).strip()
        picture = next((text_at(p, "downloadCode") for p in parts if text_at(p, "downloadCode")), "")
        if picture:
            return Incoming(identity, who, "image", text, media=Media(picture), **common)
        return Incoming(identity, who, "text", text, **common)
    media = Media(text_at(content, "downloadCode"), format=text_at(content, "fileType")[:16])
    if kind == "picture":
        return Incoming(identity, who, "image", media=media, **common)
    if kind == "audio":
        return Incoming(identity, who, "voice", text_at(content, "recognition"), media=media, **common)
    return Incoming(identity, who, "file", media=media, **common)


def _is_ours(webhook: str, hosts: tuple[str, ...]) -> bool:
    """Whether the address lies on one of `hosts` ("https://oapi.dingtalk.com"): the body that names it is unsigned."""
    try:
        parts = urlsplit(webhook)
        port = parts.port
    except ValueError:
        return False
    if parts.username or parts.password or not parts.hostname:
        return False
    return f"{parts.scheme}://{parts.hostname}{f':{port}' if port else ''}" in hosts


def open_event(token: str, envelope: Envelope, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """The event in an encrypted callback ({"EventType": …}).

    Raises:
        Refused: forged, damaged, or more than an hour off.
    """
    encrypted = text_at(parse(body), "encrypt")
    timestamp = query.get("timestamp") or query.get("timeStamp") or ""
    expected = sha1_of_sorted(token, timestamp, query.get("nonce", ""), encrypted)
    if not same(expected, query.get("msg_signature") or query.get("signature")):
        raise Refused("signature does not match")
    require_fresh(seconds_of(timestamp, 0.001), SKEW)
    return parse(envelope.decrypt(encrypted))


def event_received(token: str, envelope: Envelope) -> bytes:
    """The answer that an event callback expects: an encrypted and signed "success"."""
    timestamp, encrypted = str(int(clock.now().timestamp() * 1000)), envelope.encrypt(b"success")
    nonce = hashlib.sha256(encrypted.encode()).hexdigest()[:8]
    signed = sha1_of_sorted(token, timestamp, nonce, encrypted)
    answer = {"msg_signature": signed, "encrypt": encrypted, "timeStamp": timestamp, "nonce": nonce}
    return json.dumps(answer).encode()
