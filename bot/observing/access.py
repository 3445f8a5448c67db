"""Who may read /metrics: whoever has the token, and without one who sits on the same machine.

Numbers of a shop are nobody's business outside: a reverse proxy in front (which adds X-Forwarded-For or Forwarded)
makes the request a stranger's, though the proxy itself runs on this machine.
"""

import hmac
import ipaddress
import os
from collections.abc import Mapping

TOKEN = "DIANXIAOER_METRICS_TOKEN"
_SHORTEST = 16
_PROXIED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


def may_read(peer: str | None, headers: Mapping[str, str]) -> bool:
    """Whether a request from `peer` (an IP address) gets the numbers; `headers` finds names in lower case."""
    token = os.environ.get(TOKEN, "")
    kind, _, given = headers.get("authorization", "").partition(" ")
    if len(token) >= _SHORTEST and kind.lower() == "bearer" and hmac.compare_digest(token.encode(), given.encode()):
        return True
    return _is_loopback(peer) and not any(headers.get(name) for name in _PROXIED)


def _is_loopback(peer: str | None) -> bool:
    try:
        return ipaddress.ip_address(peer or "").is_loopback
    except ValueError:
        return False
