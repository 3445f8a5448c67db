"""The shop's values as JSON: models that refuse nonsense, made from the dataclasses themselves."""

import dataclasses
import json
import types
from collections.abc import Mapping
from datetime import date, datetime, timezone
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseConfig, BaseModel, Extra, Field, StrictBool, conint, constr, create_model
from pydantic.json import pydantic_encoder

from bot.shop.service_views import (
    INVOICE_KINDS,
    INVOICE_STATUSES,
    PAY_METHODS,
    REASONS,
    REFUND_KINDS,
    REFUND_STAGES,
    TICKET_KINDS,
    TICKET_STATUSES,
)
from bot.shop.trade_views import ORDER_STATUSES

LONGEST_TEXT = 4000
MOST = 2**31 - 1
# What a code may be, by (class, field).
CODES: dict[tuple[str, str], Mapping[str, str]] = {
    ("Order", "status"): ORDER_STATUSES,
    ("Parcel", "status"): dict.fromkeys(("waiting", "in_transit", "delivering", "delivered", "exception"), ""),
    ("Refund", "kind"): REFUND_KINDS,
    ("Refund", "channel"): PAY_METHODS,
    ("Refund", "stage"): REFUND_STAGES,
    ("Ticket", "kind"): TICKET_KINDS,
    ("Ticket", "status"): TICKET_STATUSES,
    ("Ticket", "reason"): REASONS,
    ("Invoice", "kind"): INVOICE_KINDS,
    ("Invoice", "status"): INVOICE_STATUSES,
    ("Cancellation", "stage"): {"cancelled": "已取消", "intercepting": "拦截中"},
}


class Moment(datetime):
    """An ISO time with its zone."""

    @classmethod
    def __get_validators__(cls) -> Any:
        yield cls.validate

    @classmethod
    def __modify_schema__(cls, schema: dict[str, Any]) -> None:
        schema.update(type="string", format="date-time")

    @classmethod
    def validate(cls, value: Any) -> datetime:
        """Only texts, only with a zone: nobody can tell what a bare time means."""
        if not isinstance(value, str):
            raise ValueError("a time must be a text")
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        if moment.tzinfo is None:
            raise ValueError("a time needs its zone")
        return moment.astimezone(timezone.utc)


class Day(date):
    """An ISO day."""

    @classmethod
    def __get_validators__(cls) -> Any:
        yield cls.validate

    @classmethod
    def __modify_schema__(cls, schema: dict[str, Any]) -> None:
        schema.update(type="string", format="date")

    @classmethod
    def validate(cls, value: Any) -> date:
        """Only texts."""
        if not isinstance(value, str):
            raise ValueError("a day must be a text")
        return date.fromisoformat(value)


class _Config(BaseConfig):
    extra = Extra.ignore  # a system may tell more than is asked


@cache
def model_of(kind: type) -> type[BaseModel]:
    """The model that checks JSON for the dataclass `kind`."""
    hints = get_type_hints(kind)
    fields: dict[str, Any] = {}
    for item in dataclasses.fields(kind):
        annotation = _annotation(hints[item.name], kind.__name__, item.name)
        if item.default is not dataclasses.MISSING:  # missing or null, it is the default
            fields[item.name] = (annotation | None, None)
        else:
            fields[item.name] = (annotation, None if _optional(hints[item.name]) else Field(...))
    return create_model(kind.__name__, __config__=_Config, **fields)


def read_value(kind: type, content: Any) -> Any:
    """`content` (JSON) as an instance of the dataclass `kind`.

    Raises:
        pydantic.ValidationError: it is nonsense.
    """
    return _build(kind, model_of(kind).parse_obj(content))


def to_json(value: Any) -> Any:
    """A value, or a list of values, as plain JSON content."""
    return json.loads(json.dumps(value, default=pydantic_encoder))


def _optional(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)


def _inner(hint: Any) -> Any:
    return next(arg for arg in get_args(hint) if arg is not type(None))


def _annotation(hint: Any, owner: str, name: str) -> Any:
    if _optional(hint):
        return _annotation(_inner(hint), owner, name) | None
    if dataclasses.is_dataclass(hint):
        return model_of(hint)  # type: ignore[arg-type]
    if get_origin(hint) in (tuple, list):
        return list[_annotation(get_args(hint)[0], owner, name)]  # type: ignore[misc]
    if (owner, name) in CODES:
        return constr(strict=True, regex=f"^({'|'.join(CODES[owner, name])})$")
    if hint is int:
        return conint(strict=True, ge=-MOST if "difference" in name else 0, le=MOST)
    known = {str: constr(strict=True, max_length=LONGEST_TEXT), bool: StrictBool, datetime: Moment, date: Day}
    return known[hint]


def _build(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if _optional(hint):
        return _build(_inner(hint), value)
    if dataclasses.is_dataclass(hint):
        hints, values = get_type_hints(hint), {}
        for item in dataclasses.fields(hint):
            given = getattr(value, item.name)
            if given is not None or item.default is dataclasses.MISSING:
                values[item.name] = _build(hints[item.name], given)
        return hint(**values)  # type: ignore[operator]
    if get_origin(hint) in (tuple, list):
        return get_origin(hint)(_build(get_args(hint)[0], part) for part in value)
    return value
