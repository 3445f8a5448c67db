"""WeCom's API for an app: access token, app messages, template cards, media.

After 企业微信开发者中心 "获取access_token", "发送应用消息", "更新模版卡片消息", "素材管理", "全局错误码".
"""

from typing import Any

from bot.channels.api import ApiError, Client, TokenRefused, with_token
from bot.channels.tencent import TencentMedia
from bot.channels.tokens import AccessToken

_TOKEN_REFUSED = {40014, 41001, 42001}
_AGAIN = {-1: 1.0, 45009: 60.0, 45033: 5.0, 50003: 60.0}


def check(answer: dict[str, Any], what: str) -> dict[str, Any]:
    """`answer` when the call worked.

    Raises:
        TokenRefused, ApiError: by its errcode.
    """
    code = answer.get("errcode", 0)
    if code == 0:
        return answer
    message = f"{what}: errcode {code}"
    if code in _TOKEN_REFUSED:
        raise TokenRefused(message, code=code, again=True)
    raise ApiError(message, code=code, again=code in _AGAIN, wait=_AGAIN.get(code, 0.0))


class WeComApi:
    """Calls for one secret of a corp (an app, or 微信客服); `store` is the database that its processes share."""

    def __init__(self, base: str, corp_id: str, secret: str, store: str, name: str) -> None:
        self._http = Client(base)
        self._corp_id = corp_id
        self._secret = secret
        self._token = AccessToken(store, f"wecom:{corp_id}:{name}", self._fetch_token)
        self.media = TencentMedia(self._http, self._token, check)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.close()

    async def _fetch_token(self, _refused: bool) -> tuple[str, float]:
        params = {"corpid": self._corp_id, "corpsecret": self._secret}
        _, _, answer = await self._http.json("GET", "/cgi-bin/gettoken", params=params)
        check(answer, "gettoken")
        return str(answer["access_token"]), float(answer.get("expires_in", 7200))

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        """Call the method at `path`; its answer.

        Raises:
            ApiError: it did not work.
        """

        async def call(token: str) -> dict[str, Any]:
            _, _, answer = await self._http.json("POST", path, params={"access_token": token}, body=body)
            return check(answer, path)

        return await with_token(self._token, call)

    async def send(self, user: str, agent: int, message: dict[str, Any]) -> None:
        """Send an app message; the platform drops an equal one to the same person within `duplicate_check_interval`.

        Raises:
            ApiError: not sent.
        """
        body = {"touser": user, "agentid": agent, **message}
        answer = await self.post("/cgi-bin/message/send", body)
        if user in str(answer.get("invaliduser", "")).split("|"):
            raise ApiError("message/send: the app may not write to this person", code="invaliduser")

    async def close_card(self, user: str, agent: int, response_code: str, words: str) -> None:
        """Show on a template card which button was pressed; it can be pressed no more."""
        body = {
            "userids": [user],
            "agentid": agent,
            "response_code": response_code,
            "button": {"replace_name": words},
        }
        await self.post("/cgi-bin/message/update_template_card", body)
