"""What an outside system's refusals mean: its status codes and bodies as the shop's errors, and back."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from bot.shop.adapters.wire import Day, Moment, to_json
from bot.shop.errors import BadQuantity, NotFound, OutOfStock, Refused, ShopError, UnknownSku
from bot.shop.rules import RULES

_WHAT = re.compile(r"[a-z_]{1,20}")


class Transient(Exception):
    """A failure that may be over at the next try."""


def raise_for(status: int, answer: Any, body: Mapping[str, Any]) -> None:
    """Raise what a status other than 200 says.

    Raises:
        NotFound, Refused, OutOfStock, UnknownSku, BadQuantity: a clear no.
        Transient: anything else.
    """
    if status == 404 and isinstance(answer, dict) and _WHAT.fullmatch(str(answer.get("what", ""))):
        raise NotFound(answer["what"])
    if status == 409 and isinstance(answer, dict) and isinstance(answer.get("figures", {}), dict):
        rule, figures = answer.get("rule"), answer.get("figures", {})
        try:
            read = {str(name): read_figure(str(name), value) for name, value in figures.items()}
        except ValueError as error:
            raise Transient("拒绝的说明不合格式") from error
        if rule == "out_of_stock":
            raise OutOfStock(str(read.get("sku", body.get("sku", ""))), int(read.get("available") or 0))
        if rule == "unknown_sku":
            raise UnknownSku(str(read.get("sku", "")))
        if rule == "bad_quantity":
            raise BadQuantity(read.get("quantity"), int(read.get("limit") or 1))
        if rule in RULES:
            raise Refused(rule, **read)
    raise Transient(f"HTTP {status}")


def read_figure(name: str, value: Any) -> Any:
    """A figure by its name: `…_at` is a time, `…_on` a day, `…_fen` a whole number.

    Raises:
        ValueError: it is something else.
    """
    if value is None or isinstance(value, dict | list):
        if value is None:
            return None
        raise ValueError(f"{name} should be a plain value")
    if name.endswith("_at"):
        return Moment.validate(value)
    if name.endswith("_on"):
        return Day.validate(value)
    if name.endswith("_fen") and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"{name} should be a whole number")
    return value


def refusal_of(error: ShopError) -> tuple[int, dict[str, Any]]:
    """The status and body by which a system tells an error; for those who serve this interface.

    Raises:
        ShopError: one that has no such form.
    """
    if isinstance(error, NotFound):
        return 404, {"what": error.what}
    if isinstance(error, Refused):
        return 409, {"rule": error.rule, "figures": {name: _plain(value) for name, value in error.figures.items()}}
    if isinstance(error, OutOfStock):
        return 409, {"rule": "out_of_stock", "figures": {"sku": error.sku, "available": error.available}}
    if isinstance(error, UnknownSku):
        return 409, {"rule": "unknown_sku", "figures": {"sku": error.sku}}
    if isinstance(error, BadQuantity):
        return 409, {"rule": "bad_quantity", "figures": {"quantity": str(error.quantity), "limit": error.limit}}
    raise error


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else to_json(value)
