"""Files of WeChat and WeCom, whose media calls are alike.

After 微信官方文档·公众号 "素材管理" and 企业微信开发者中心 "素材管理".
"""

import json
from collections.abc import Callable
from typing import Any

import aiohttp

from bot.channels.api import ApiError, Client, with_token
from bot.channels.tokens import AccessToken

Check = Callable[[dict[str, Any], str], dict[str, Any]]


class TencentMedia:
    """Temporary media; `check` raises for an answer's errcode."""

    def __init__(self, http: Client, token: AccessToken, check: Check) -> None:
        self._http = http
        self._token = token
        self._check = check

    async def fetch(self, media_id: str, largest: int) -> tuple[bytes, str]:
        """A customer's file and its content type.

        Raises:
            TooLarge: more than `largest` bytes.
            ApiError: it is not there any more (media are kept for three days).
        """

        async def call(token: str) -> tuple[bytes, str]:
            params = {"access_token": token, "media_id": media_id}
            _, headers, content = await self._http.send("GET", "/cgi-bin/media/get", params=params, largest=largest)
            kind = headers.get("Content-Type", "").partition(";")[0].strip()
            if kind in ("application/json", "text/plain"):
                self._refuse(content)
            return content, kind

        found: tuple[bytes, str] = await with_token(self._token, call)
        return found

    def _refuse(self, content: bytes) -> None:
        # An error comes as JSON, with status 200.
        try:
            answer = json.loads(content)
        except ValueError:
            raise ApiError("media/get answers with text that is no JSON") from None
        self._check(answer if isinstance(answer, dict) else {"errcode": None}, "media/get")
        raise ApiError("media/get answers without a file")

    async def upload_image(self, content: bytes, kind: str) -> str:
        """Upload a picture to send; its media id, good for three days."""

        async def call(token: str) -> str:
            form = aiohttp.FormData()
            form.add_field("media", content, filename=f"image.{kind.rpartition('/')[2]}", content_type=kind)
            params = {"access_token": token, "type": "image"}
            _, _, answer = await self._http.json("POST", "/cgi-bin/media/upload", params=params, data=form)
            return str(self._check(answer, "media/upload")["media_id"])

        return str(await with_token(self._token, call))
