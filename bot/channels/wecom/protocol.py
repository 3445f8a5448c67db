"""Callbacks of a WeCom (企业微信) app: always encrypted; messages, menu clicks and template cards' buttons.

After 企业微信开发者中心 "回调配置", "加解密方案说明", "消息格式", "事件格式".
"""

from collections.abc import Mapping
from typing import Any

from bot.channels import xml
from bot.channels.aes import Envelope
from bot.channels.checks import Refused, require_fresh, same, seconds_of, sha1_of_sorted
from bot.channels.incoming import Incoming
from bot.channels.wechat.protocol import open_encrypted
from bot.channels.wechat.protocol import read as read_wechat


def echo(token: str, envelope: Envelope, query: Mapping[str, str], window: float) -> str:
    """What the verification of our address (GET) must be answered with: the text inside `echostr`, bare.

    Raises:
        Refused: forged or damaged.
    """
    encrypted = query.get("echostr", "")
    expected = sha1_of_sorted(token, query.get("timestamp", ""), query.get("nonce", ""), encrypted)
    if not same(expected, query.get("msg_signature")):
        raise Refused("msg_signature does not match")
    if window:
        require_fresh(seconds_of(query.get("timestamp", "")), window)
    return envelope.decrypt(encrypted).decode("utf8", "replace")


def open_body(token: str, envelope: Envelope, query: Mapping[str, str], body: bytes, window: float) -> dict[str, Any]:
    """The fields of a callback.

    Raises:
        Refused: forged, damaged or too old.
    """
    if window:
        require_fresh(seconds_of(query.get("timestamp", "")), window)
    return open_encrypted(token, envelope, query, xml.text_of(xml.parse(body), "Encrypt"))


def read(fields: dict[str, Any]) -> Incoming:
    """The message or event; a template card's button carries our payload as its key.

    Raises:
        Refused: who wrote it, or its id, is missing.
    """
    message = read_wechat(fields)
    agent = xml.text_of(fields, "AgentID")
    address: dict[str, Any] = {"customer": message.customer, "agent": agent}
    if message.event != "template_card_event":
        return Incoming(**{**vars(message), "address": address})
    task = xml.text_of(fields, "TaskId")
    address["response_code"] = xml.text_of(fields, "ResponseCode")
    return Incoming(
        f"{message.external_id}:{task}",
        message.customer,
        "event",
        payload=xml.text_of(fields, "EventKey"),
        event="button",
        sent_at=message.sent_at,
        address=address,
    )
