"""The official account's API: access token, customer-service messages, media, menu.

After 微信官方文档·公众号 "获取稳定版接口调用凭据", "客服消息", "素材管理", "自定义菜单", "全局返回码说明".
"""

from typing import Any

from bot.channels.api import ApiError, Client, TokenRefused, with_token
from bot.channels.tencent import TencentMedia
from bot.channels.tokens import AccessToken

_TOKEN_REFUSED = {40001, 40014, 42001, 42007}
_AGAIN = {-1: 1.0, 45009: 3600.0, 45011: 60.0, 45033: 5.0}
WINDOW_CLOSED = {45015, 45047}


class WindowClosed(ApiError):
    """The customer wrote too long ago, or got as many messages as are allowed since."""


def check(answer: dict[str, Any], what: str) -> dict[str, Any]:
    """`answer` when the call worked.

    Raises:
        TokenRefused, WindowClosed, ApiError: by its errcode.
    """
    code = answer.get("errcode", 0)
    if code == 0:
        return answer
    message = f"{what}: errcode {code}"
    if code in _TOKEN_REFUSED:
        raise TokenRefused(message, code=code, again=True)
    if code in WINDOW_CLOSED:
        raise WindowClosed(message, code=code)
    raise ApiError(message, code=code, again=code in _AGAIN, wait=_AGAIN.get(code, 0.0))


class WeChatApi:
    """Calls for one account; `store` is the database that its processes share."""

    def __init__(self, base: str, app_id: str, secret: str, store: str) -> None:
        self._http = Client(base)
        self._app_id = app_id
        self._secret = secret
        self._token = AccessToken(store, f"wechat:{app_id}", self._fetch_token)
        self.media = TencentMedia(self._http, self._token, check)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.close()

    async def _fetch_token(self, refused: bool) -> tuple[str, float]:
        body = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
            "force_refresh": refused,
        }
        _, _, answer = await self._http.json("POST", "/cgi-bin/stable_token", body=body)
        try:
            check(answer, "stable_token")
        except TokenRefused as error:  # 40001 here: the secret is wrong, and another try changes nothing
            raise ApiError(str(error), code=error.code) from None
        return str(answer["access_token"]), float(answer.get("expires_in", 7200))

    async def _post(self, path: str, body: Any) -> dict[str, Any]:
        async def call(token: str) -> dict[str, Any]:
            _, _, answer = await self._http.json("POST", path, params={"access_token": token}, body=body)
            return check(answer, path)

        return await with_token(self._token, call)

    async def send(self, customer: str, message: dict[str, Any]) -> None:
        """Send one customer-service message ({"msgtype": …}).

        Raises:
            WindowClosed: 48 hours or five messages are over.
            ApiError: not sent.
        """
        await self._post("/cgi-bin/message/custom/send", {"touser": customer, **message})

    async def typing(self, customer: str) -> None:
        """Show that an answer is being written."""
        await self._post("/cgi-bin/message/custom/typing", {"touser": customer, "command": "Typing"})

    async def create_menu(self, buttons: list[dict[str, Any]]) -> None:
        """Replace the account's menu."""
        await self._post("/cgi-bin/menu/create", {"button": buttons})
