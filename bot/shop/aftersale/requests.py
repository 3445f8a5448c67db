"""One request, carried out once: rules checked, changes made and the answer kept in a single transaction."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import parse_obj_as
from pydantic.json import pydantic_encoder
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.clock import now
from bot.db import reading, repeated, writing
from bot.shop.access import Access
from bot.shop.errors import Refused, ShopError
from bot.shop.identity_tables import DoneRow

_TRIES = 5
T = TypeVar("T")


class Changed(Exception):
    """A conditional update met another state than the one that was checked: check again."""


@dataclass(frozen=True)
class Request:
    """Who asks for what; the same `key` of an account with the same `arguments` is the same request."""

    access: Access
    operation: str
    key: str
    arguments: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        """Tells this request from others that use the same key."""
        content = json.dumps([self.operation, self.arguments], default=pydantic_encoder, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


@repeated
def carry_out(
    url: str, request: Request, answer: type[T], check: Callable[[Session], T], act: Callable[[Session, T], T],
    preview: bool = False,
) -> T:  # fmt: skip
    """Check the rules, then act; a request sent again gets the first answer. With `preview` only check.

    `check` gives the answer as it would be, `act` makes it so. Both run in one transaction, so that what was checked is
    what is changed: `check` locks the rows it judges by.

    Raises:
        Refused, NotFound: by `check`, nothing changed.
    """
    if preview:
        with reading(url) as session:
            return check(session)
    access = request.access
    for _ in range(_TRIES):
        with suppress(IntegrityError, Changed), writing(url) as session:
            done = session.get(DoneRow, (access.channel, access.account, request.key))
            if done is not None:
                if done.request != request.fingerprint:
                    raise Refused("key_reused")
                return parse_obj_as(answer, done.answer)
            row = DoneRow(
                channel=access.channel,
                account=access.account,
                idempotency_key=request.key,
                request=request.fingerprint,
                done_at=now(),
            )
            session.add(row)
            session.flush()  # the same request at the same moment waits here, and finds the answer afterwards
            given = act(session, check(session))
            row.answer = json.loads(json.dumps(given, default=pydantic_encoder))
            return given
    raise ShopError("没有保存成功，请稍后再试")
