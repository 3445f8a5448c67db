"""微信客服: a callback that only says "there is something", and the messages that `sync_msg` then gives.

After 企业微信开发者中心 "微信客服 · 接收消息和事件", "发送消息", "分配客服会话", "事件响应消息".
"""

from dataclasses import dataclass
from typing import Any

from bot.channels import xml
from bot.channels.checks import Refused, seconds_of
from bot.channels.incoming import Incoming, Media
from bot.channels.json_body import object_at, text_at

FROM_CUSTOMER, FROM_SYSTEM, FROM_SERVICER = 3, 4, 5
NEW, BOT, QUEUE, SERVICER, ENDED = range(5)  # a session's states; only in the first two may the API send
TOKEN_SECONDS = 600
_MEDIA = {"image": "image", "voice": "voice", "video": "file", "file": "file"}


@dataclass(frozen=True)
class Knock:
    """A callback: fetch the messages of this account; the token serves for ten minutes from `at`."""

    token: str
    account: str
    at: float


@dataclass(frozen=True)
class SessionChange:
    """Who talks to the customer changed on WeCom's side; `kind` 1 taken, 2 transferred, 3 ended, 4 taken again."""

    external_id: str
    customer: str
    account: str
    kind: int
    servicer: str
    code: str


@dataclass(frozen=True)
class Failure:
    """WeCom could not deliver our message `delivery`; `reason` as in the documentation's list of fail_type."""

    external_id: str
    customer: str
    account: str
    delivery: str
    reason: int


def read_knock(fields: dict[str, Any]) -> Knock | None:
    """The callback, or None when it is about something else.

    Raises:
        Refused: the token is missing.
    """
    if xml.text_of(fields, "Event") != "kf_msg_or_event":
        return None
    token = xml.text_of(fields, "Token")
    if not token:
        raise Refused("callback without token", 400)
    return Knock(token, xml.text_of(fields, "OpenKfId"), seconds_of(xml.text_of(fields, "CreateTime")))


def read_message(item: Any) -> Incoming | SessionChange | Failure | None:
    """One entry of `msg_list`; None for what concerns nobody here (a servicer's own words, unknown events)."""
    kind, identity = text_at(item, "msgtype"), text_at(item, "msgid")
    if not identity or not kind:
        return None
    if kind == "event":
        return _event(identity, object_at(item, "event"), _seconds(item))
    customer, account = text_at(item, "external_userid"), text_at(item, "open_kfid")
    if item.get("origin") != FROM_CUSTOMER or not customer:
        return None
    content = object_at(item, kind)
    common: dict[str, Any] = {
        "sent_at": _seconds(item),
        "address": {"customer": customer, "account": account},
    }
    if kind == "text":
        return Incoming(
            identity, customer, "text", text_at(content, "content"), payload=text_at(content, "menu_id"), **common
        )
    if kind == "location":
        place = {name: _number(content.get(name)) for name in ("latitude", "longitude")}
        text = text_at(content, "name") or text_at(content, "address")
        return Incoming(identity, customer, "location", text, metadata=place, **common)
    if kind in _MEDIA:
        media = Media(text_at(content, "media_id"), format=text_at(content, "filename").rpartition(".")[2][:16])
        return Incoming(identity, customer, _MEDIA[kind], media=media, **common)  # type: ignore[arg-type]
    if kind == "link":
        return Incoming(
            identity, customer, "text", f"{text_at(content, 'title')} {text_at(content, 'url')}".strip(), **common
        )
    return Incoming(identity, customer, "file", media=Media(""), **common)


def _event(identity: str, event: dict[str, Any], sent_at: float) -> Incoming | SessionChange | Failure | None:
    name, customer = text_at(event, "event_type"), text_at(event, "external_userid")
    account = text_at(event, "open_kfid")
    if not customer:
        return None
    if name == "enter_session":
        address = {"customer": customer, "account": account, "welcome_code": text_at(event, "welcome_code")}
        facts = {key: text_at(event, key)[:200] for key in ("scene", "scene_param") if text_at(event, key)}
        return Incoming(identity, customer, "event", event="enter", sent_at=sent_at, address=address, metadata=facts)
    if name == "session_status_change":
        changed = event.get("change_type")
        return SessionChange(
            identity,
            customer,
            account,
            changed if isinstance(changed, int) else 0,
            text_at(event, "new_servicer_userid") or text_at(event, "old_servicer_userid"),
            text_at(event, "msg_code"),
        )
    if name == "msg_send_fail":
        reason = event.get("fail_type")
        reason = reason if isinstance(reason, int) else 0
        return Failure(identity, customer, account, text_at(event, "fail_msgid"), reason)
    return None


def _seconds(item: Any) -> float:
    sent = item.get("send_time")
    return float(sent) if isinstance(sent, int) and 0 <= sent < 10**11 else 0.0


def _number(value: Any) -> str:
    return str(value) if isinstance(value, (int, float)) and abs(value) <= 180 else ""
