"""Answers to requests that cannot be met: {"error": code, "message": Chinese}, never a traceback."""

from typing import Any

from aiohttp import web

MESSAGES = {
    "bad_request": (400, "请求的内容不对"),
    "signed_out": (401, "请先登录"),
    "wrong_password": (401, "登录名或密码不对"),
    "forbidden": (403, "您的账号没有这个权限"),
    "bad_csrf": (403, "页面已过期，请刷新后再试"),
    "bad_origin": (403, "请求不是从客服台的页面发出的"),
    "must_change_password": (403, "请先修改一次性密码"),
    "not_found": (404, "没有找到，可能已被删除"),
    "not_yours": (409, "这个会话不在您名下了，可能已转走或退回"),
    "moved": (409, "会话的状态刚刚变了，请刷新后再看"),
    "full": (409, "会话没有接入：接待数已满，或正被同事接入"),
    "refused": (409, "现在做不了这件事"),
    "too_large": (413, "内容太大"),
    "bad_image": (415, "只能发 JPG、PNG、WebP 图片"),
    "too_many": (429, "操作太频繁，请稍后再试"),
    "broken": (500, "服务出错了，请稍后再试"),
    "busy": (503, "数据库暂时连不上，请稍后再试"),
}


class Problem(Exception):
    """An answer with an error code of `MESSAGES`; `message` and `details` say more."""

    def __init__(self, code: str, message: str = "", **details: Any) -> None:
        super().__init__(code)
        self.code, self.message, self.details = code, message, details

    def response(self) -> web.Response:
        """The HTTP answer."""
        status, message = MESSAGES[self.code]
        headers = {"Retry-After": str(int(self.details["retry_after"]))} if "retry_after" in self.details else {}
        body = {"error": self.code, "message": self.message or message, **self.details}
        return web.json_response(body, status=status, headers=headers)
