"""Chatwoot's webhooks: whether one is genuine, and which conversation it is about.

Signed deliveries carry `X-Chatwoot-Timestamp` and `X-Chatwoot-Signature`, "sha256=" and the HMAC-SHA256 of
"{timestamp}.{body}" under the webhook's secret. Account webhooks and agent bots send the same payloads.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

from bot.chatwoot_settings import DeskEndpoint

_FRESH_SECONDS = 300
_EVENTS = {"message_created", "message_updated"}
_STATUS = {"conversation_status_changed", "conversation_resolved", "conversation_opened", "conversation_updated"}


def genuine(endpoint: DeskEndpoint, headers: Mapping[str, str], body: bytes, token: str) -> bool:
    """Whether the delivery comes from Chatwoot and is not an old one again."""
    if not endpoint.webhook_secret:
        return hmac.compare_digest(token.encode(), endpoint.webhook_token.encode())
    moment = headers.get("X-Chatwoot-Timestamp", "")
    if not (moment.isascii() and moment.isdigit()) or abs(time.time() - int(moment)) > _FRESH_SECONDS:
        return False
    signed = hmac.new(endpoint.webhook_secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(headers.get("X-Chatwoot-Signature", "").encode(), f"sha256={signed}".encode())


def conversation_in(body: bytes, account_id: int, inbox_id: int) -> int | None:
    """The number of the conversation that it is about; None for what does not concern us.

    Raises:
        ValueError: it is no webhook.
    """
    said = json.loads(body)
    if not isinstance(said, dict):
        raise ValueError("no object")
    event = said.get("event")
    about: Any = said.get("conversation") if event in _EVENTS else said if event in _STATUS else None
    if not isinstance(about, dict) or _id(said.get("account"), account_id) != account_id:
        return None
    inbox = about.get("inbox_id", _id(said.get("inbox"), inbox_id))
    number = about.get("id", about.get("display_id"))
    return int(str(number)) if inbox == inbox_id and str(number).isdigit() else None


def _id(of: Any, otherwise: int) -> Any:
    return of.get("id", otherwise) if isinstance(of, dict) else otherwise
