"""Feishu's API for a self-built app: tenant access token, messages under our own ids, files.

After 飞书开放平台 "自建应用获取 tenant_access_token", "发送消息", "获取消息中的资源文件", "上传图片", "通用错误码".
"""

import json
from typing import Any
from urllib.parse import quote

import aiohttp

from bot.channels.api import ApiError, Client, TokenRefused, retry_after, with_token
from bot.channels.tokens import AccessToken

_TOKEN_REFUSED = {99991661, 99991663, 99991664, 99991668}
_AGAIN = {99991400: 1.0, 11232: 1.0, 11233: 1.0, 230020: 1.0, 230049: 5.0, 1000004: 1.0, 1000005: 5.0}


class FeishuApi:
    """Calls for one app; `store` is the database that its processes share."""

    def __init__(self, base: str, app_id: str, secret: str, store: str) -> None:
        self._http = Client(base)
        self._app_id = app_id
        self._secret = secret
        self._token = AccessToken(store, f"feishu:{app_id}", self._fetch_token)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.close()

    async def _fetch_token(self, _refused: bool) -> tuple[str, float]:
        body = {"app_id": self._app_id, "app_secret": self._secret}
        path = "/open-apis/auth/v3/tenant_access_token/internal"
        status, headers, answer = await self._http.json("POST", path, body=body)
        _check(status, headers, answer, "tenant_access_token")
        return str(answer["tenant_access_token"]), float(answer.get("expire", 7200))

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        async def call(token: str) -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {token}"}
            status, answered, answer = await self._http.json(method, path, headers=headers, **options)
            return _check(status, answered, answer, path)

        return await with_token(self._token, call)

    async def send(self, receive_id_type: str, receive_id: str, kind: str, content: dict[str, Any], key: str) -> str:
        """Send a message; its id. `key` (at most 50 characters) makes the platform take it once within an hour.

        Raises:
            ApiError: not sent.
        """
        body = {
            "receive_id": receive_id,
            "msg_type": kind,
            "content": json.dumps(content, ensure_ascii=False),
            "uuid": key,
        }
        params = {"receive_id_type": receive_id_type}
        answer = await self._call("POST", "/open-apis/im/v1/messages", params=params, body=body)
        data = answer.get("data")
        return str(data.get("message_id", "")) if isinstance(data, dict) else ""

    async def resource(self, message_id: str, key: str, kind: str, largest: int) -> tuple[bytes, str]:
        """The file of a customer's message and its content type; `kind` is "image" or "file".

        Raises:
            TooLarge: more than `largest` bytes.
            ApiError: it cannot be had.
        """
        path = f"/open-apis/im/v1/messages/{quote(message_id, safe='')}/resources/{quote(key, safe='')}"

        async def call(token: str) -> tuple[bytes, str]:
            headers = {"Authorization": f"Bearer {token}"}
            status, answered, content = await self._http.send(
                "GET", path, params={"type": kind}, headers=headers, largest=largest
            )
            content_type = answered.get("Content-Type", "").partition(";")[0].strip()
            if status != 200 or content_type == "application/json":
                try:
                    answer = json.loads(content)
                except ValueError:
                    answer = {}
                _check(status, answered, answer if isinstance(answer, dict) else {}, "resources")
                raise ApiError(f"resources: HTTP {status}", code=status, again=status >= 500)
            return content, content_type

        return await with_token(self._token, call)

    async def upload_image(self, content: bytes, kind: str) -> str:
        """Upload a picture to send; its image key."""
        form = aiohttp.FormData()
        form.add_field("image_type", "message")
        form.add_field("image", content, filename="image", content_type=kind)
        answer = await self._call("POST", "/open-apis/im/v1/images", data=form)
        return str(answer["data"]["image_key"])


def _check(status: int, headers: Any, answer: dict[str, Any], what: str) -> dict[str, Any]:
    code = answer.get("code", 0 if status < 400 else status)
    if code == 0:
        return answer
    message = f"{what}: code {code}"
    if code in _TOKEN_REFUSED:
        raise TokenRefused(message, code=code, again=True)
    again = code in _AGAIN or status == 429 or status >= 500
    reset = headers.get("x-ogw-ratelimit-reset", "")
    wait = float(reset) if reset.isascii() and reset.isdigit() else retry_after(headers) or _AGAIN.get(code, 0.0)
    raise ApiError(message, code=code, again=again, wait=min(wait, 3600.0))
