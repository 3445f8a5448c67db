"""Reading the management pages' requests and writing their answers."""

from typing import Any, cast, get_args

from aiohttp import web

from bot.insight.kpis import Cut
from bot.insight.period import Period, read_period
from bot.pages import plain

CUTS = tuple(cut for cut in get_args(Cut) if cut != "day")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def period_of(request: web.Request) -> Period:
    """The days that a page asks for.

    Raises:
        ValueError: in Chinese, what is wrong.
    """
    return read_period(request.query.get("from"), request.query.get("to"))


def where_of(request: web.Request) -> dict[Cut, str]:
    """The filters of a page."""
    return {cast(Cut, cut): request.query[cut] for cut in CUTS if cut in request.query}


def cut_of(name: str) -> Cut:
    """A cut by its name.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in CUTS:
        raise ValueError(f"by 应为 {'、'.join(CUTS)} 之一")
    return cast(Cut, name)


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object that a request brings.

    Raises:
        ValueError: it brings something else.
    """
    try:
        body = await request.json()
    except ValueError:
        raise ValueError("请求应为 JSON") from None
    if not isinstance(body, dict):
        raise ValueError("请求应为 JSON 对象")
    return body


def as_json(content: Any) -> web.Response:
    """An answer; dates become ISO text."""
    return web.json_response(plain(content))


def as_file(content: bytes, kind: str, name: str) -> web.Response:
    """An answer that the browser saves."""
    headers = {"Content-Type": kind, "Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=content, headers=headers)
