"""Parts of a request to an outside system, and its answer's body."""

from typing import Any
from urllib.parse import quote

import aiohttp

from bot.bodies import read_within
from bot.clock import now
from bot.shop.access import Access
from bot.shop.adapters.http_errors import Transient
from bot.shop.errors import NotFound

LARGEST_ANSWER = 2 * 2**20
LONGEST_NUMBER = 128


def path_part(text: str) -> str:
    """A number in a path.

    Raises:
        NotFound: it could lead elsewhere, so it names nothing.
    """
    if not 0 < len(text) <= LONGEST_NUMBER or not text.strip("."):
        raise NotFound("order", text)
    return quote(text, safe="")


async def read_body(response: aiohttp.ClientResponse) -> bytes:
    """The whole body.

    Raises:
        Transient: it is larger than any answer can be.
    """
    content = await read_within(response, LARGEST_ANSWER)
    if content is None:
        raise Transient("答复太长")
    return content


def as_list(answer: Any) -> list[Any]:
    """An answer that must be a list.

    Raises:
        Transient: it is none.
    """
    if not isinstance(answer, list):
        raise Transient("答复应为列表")
    return answer


def headers_for(access: Access | None, key: str | None) -> dict[str, str]:
    """Who asks, and the number of the request; percent-encoded, for headers hold no Chinese."""
    headers = {"Accept": "application/json"}
    if access is not None:
        headers |= {"X-Channel": quote(access.channel), "X-Account": quote(access.account)}
        if access.customer_id is not None:
            headers["X-Customer"] = quote(access.customer_id)
        verified = [quote(grant.order_no) for grant in access.grants if grant.expires_at > now()]
        if verified:
            headers["X-Verified-Orders"] = ",".join(verified)
    if key is not None:
        headers["Idempotency-Key"] = quote(key)
    return headers
