"""DingTalk's API: the session webhook while it lives, then the robot's own messages; files of customers.

After 钉钉开放平台 "获取企业内部应用的 accessToken", "批量发送人与机器人会话中机器人消息", "机器人发送群聊消息",
"下载机器人接收消息的文件内容", "使用 sessionWebhook".
"""

import json
from typing import Any

from bot import clock
from bot.channels.api import ApiError, Client, TokenRefused, retry_after, with_token
from bot.channels.dingtalk.render import Message
from bot.channels.tokens import AccessToken

_SESSION_MARGIN = 60.0  # seconds before its end at which a session webhook is not used any more
_TOKEN_REFUSED = {"InvalidAuthentication", "Forbidden.AccessDenied.AccessTokenInvalid"}
_SESSION_AGAIN = {-1: 1.0, 130101: 60.0, 410100: 60.0}
_SESSION_OVER = {300001, 300005, 310000, 400101}


class SessionOver(ApiError):
    """The session webhook does not serve any more."""


class DingTalkApi:
    """Calls for one robot; `store` is the database that its processes share."""

    def __init__(self, base: str, app_key: str, secret: str, robot: str, store: str) -> None:
        self._http = Client(base)
        self._base = f"{base.rstrip('/')}/"
        self._app_key = app_key
        self._secret = secret
        self._robot = robot
        self._token = AccessToken(store, f"dingtalk:{app_key}", self._fetch_token)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.close()

    async def _fetch_token(self, _refused: bool) -> tuple[str, float]:
        body = {"appKey": self._app_key, "appSecret": self._secret}
        status, headers, answer = await self._http.json("POST", "/v1.0/oauth2/accessToken", body=body)
        _check(status, headers, answer, "accessToken")
        return str(answer["accessToken"]), float(answer.get("expireIn", 7200))

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async def call(token: str) -> dict[str, Any]:
            given = {"x-acs-dingtalk-access-token": token}
            status, headers, answer = await self._http.json("POST", path, body=body, headers=given)
            return _check(status, headers, answer, path)

        return await with_token(self._token, call)

    async def send(self, address: dict[str, Any], message: Message) -> None:
        """Send to where `address` (of the customer's last message) says: its webhook, else the robot's API.

        Raises:
            ApiError: not sent.
        """
        if address.get("webhook") and address.get("webhook_until", 0) - _SESSION_MARGIN > clock.now().timestamp():
            try:
                return await self._send_by_session(str(address["webhook"]), message)
            except SessionOver:
                pass  # it ended earlier than said
        await self._send_by_robot(address, message)

    async def _send_by_session(self, webhook: str, message: Message) -> None:
        _, _, answer = await self._http.json("POST", webhook, body=message.session)
        code = answer.get("errcode", 0)
        if code in _SESSION_OVER:
            raise SessionOver(f"session webhook: errcode {code}", code=code)
        if code != 0:
            again = code in _SESSION_AGAIN
            raise ApiError(f"session webhook: errcode {code}", code=code, again=again, wait=_SESSION_AGAIN.get(code, 0))

    async def _send_by_robot(self, address: dict[str, Any], message: Message) -> None:
        parameters = json.dumps(message.parameters, ensure_ascii=False)
        body: dict[str, Any] = {"robotCode": self._robot, "msgKey": message.key, "msgParam": parameters}
        if address.get("group"):
            await self._post("/v1.0/robot/groupMessages/send", {**body, "openConversationId": address["group"]})
            return
        staff = address.get("staff")
        if not staff:
            raise ApiError("robot API: the customer has no staff id, and the session webhook is over", code="no_staff")
        answer = await self._post("/v1.0/robot/oToMessages/batchSend", {**body, "userIds": [staff]})
        if staff in (answer.get("invalidStaffIdList") or []):
            raise ApiError("robot API: no such person", code="invalidStaffId")
        if staff in (answer.get("flowControlledStaffIdList") or []):
            raise ApiError("robot API: too many messages to this person", code="flowControlled", again=True, wait=60)

    async def file(self, download_code: str, largest: int) -> tuple[bytes, str]:
        """A customer's file and its content type.

        Raises:
            TooLarge: more than `largest` bytes.
            ApiError: it cannot be had.
        """
        body = {"downloadCode": download_code, "robotCode": self._robot}
        answer = await self._post("/v1.0/robot/messageFiles/download", body)
        url = str(answer.get("downloadUrl") or "")
        if not url.startswith(("https://", self._base)):
            raise ApiError("messageFiles: the address is not secure")
        status, headers, content = await self._http.send("GET", url, largest=largest)
        if status != 200:
            raise ApiError(f"messageFiles: HTTP {status}", code=status, again=status >= 500)
        return content, headers.get("Content-Type", "").partition(";")[0].strip()


def _check(status: int, headers: Any, answer: dict[str, Any], what: str) -> dict[str, Any]:
    if status < 400:
        return answer
    code = str(answer.get("code") or status)
    message = f"{what}: HTTP {status} {code}"
    if code in _TOKEN_REFUSED or status == 401:
        raise TokenRefused(message, code=code, again=True)
    again = status >= 500 or status == 429 or "QpsLimit" in code or "Throttling" in code
    raise ApiError(message, code=code, again=again, wait=retry_after(headers) or (1.0 if again else 0.0))
