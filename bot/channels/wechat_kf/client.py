"""微信客服's API: messages by cursor, sending with our own ids, and the session's state."""

from typing import Any

from bot.channels.api import ApiError
from bot.channels.wecom.client import WeComApi

PAGE = 1000
_WINDOW_CLOSED = {95001, 95002}
_NOT_OURS = {95013, 95018}


class WindowClosed(ApiError):
    """48 hours since the customer's message, or five messages, are over."""


class NotOurs(ApiError):
    """The session is with a servicer or ended: the API may not send."""


class KfApi(WeComApi):
    """Calls with the secret of 微信客服."""

    async def sync(self, cursor: str, token: str, account: str) -> dict[str, Any]:
        """One page of messages: {next_cursor, has_more, msg_list}; `token` may be empty, then calls are rationed.

        Raises:
            ApiError: 95007 when the token is too old.
        """
        body: dict[str, Any] = {"limit": PAGE, "voice_format": 0, "open_kfid": account}
        if cursor:
            body["cursor"] = cursor
        if token:
            body["token"] = token
        return await self.post("/cgi-bin/kf/sync_msg", body)

    async def send_kf(self, customer: str, account: str, delivery: str, message: dict[str, Any]) -> None:
        """Send a message under our own id (at most 32 bytes), which the platform takes once.

        Raises:
            WindowClosed, NotOurs, ApiError: not sent.
        """
        body = {"touser": customer, "open_kfid": account, "msgid": delivery, **message}
        await self._send("/cgi-bin/kf/send_msg", body)

    async def welcome(self, code: str, delivery: str, message: dict[str, Any]) -> None:
        """Greet a customer who opened the chat; the code serves once, within 20 seconds.

        Raises:
            ApiError: not sent.
        """
        await self._send("/cgi-bin/kf/send_msg_on_event", {"code": code, "msgid": delivery, **message})

    async def _send(self, path: str, body: dict[str, Any]) -> None:
        try:
            await self.post(path, body)
        except ApiError as error:
            if error.code in _WINDOW_CLOSED:
                raise WindowClosed(str(error), code=error.code) from None
            if error.code in _NOT_OURS:
                raise NotOurs(str(error), code=error.code) from None
            raise

    async def state(self, customer: str, account: str) -> int:
        """The session's state, 0 to 4."""
        body = {"open_kfid": account, "external_userid": customer}
        return int((await self.post("/cgi-bin/kf/service_state/get", body)).get("service_state", 0))

    async def transfer(self, customer: str, account: str, state: int, servicer: str = "") -> None:
        """Move the session: 1 to the bot, 2 to the queue, 3 to a servicer, 4 to its end.

        Raises:
            ApiError: 95016 when the session cannot move there.
        """
        body = {"open_kfid": account, "external_userid": customer, "service_state": state}
        if servicer:
            body["servicer_userid"] = servicer
        await self.post("/cgi-bin/kf/service_state/trans", body)
