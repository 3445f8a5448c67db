"""Who the customer of an embedded chat is: a short-lived token that the shop's own server signs (JWT, HS256).

Claims: `sub` is the shop's customer id, `iat` and `exp` lie at most an hour apart (RFC 7519).
"""

import re
from dataclasses import dataclass
from typing import Any

import jwt

LONGEST = 3600  # seconds that a token may live
SHORTEST_KEY = 32
_LEEWAY = 30
_SUBJECT = re.compile(r"[\x21-\x7e]{1,64}")


@dataclass(frozen=True)
class Identity:
    """A customer of the shop; an expired one may still reopen the chat that it was tied to while it was fresh."""

    customer: str
    fresh: bool


def read_identity(key: str, token: Any) -> Identity | None:
    """The identity in `token`, None when it is not signed with `key` or not as it should be."""
    if not key or not isinstance(token, str) or not 0 < len(token) <= 2000:
        return None
    try:
        claims = _decode(key, token, True)
        fresh = True
    except jwt.ExpiredSignatureError:
        try:
            claims, fresh = _decode(key, token, False), False
        except jwt.InvalidTokenError:
            return None
    except jwt.InvalidTokenError:
        return None
    customer, issued, expires = claims["sub"], claims["iat"], claims["exp"]
    if not isinstance(customer, str) or not _SUBJECT.fullmatch(customer):
        return None
    if not 0 < int(expires) - int(issued) <= LONGEST:
        return None
    return Identity(customer, fresh)


def _decode(key: str, token: str, verify_exp: bool) -> dict[str, Any]:
    options: Any = {"require": ["exp", "iat", "sub"], "verify_exp": verify_exp, "verify_aud": False}
    return dict(jwt.decode(token, key, algorithms=["HS256"], options=options, leeway=_LEEWAY))
