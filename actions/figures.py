"""Figures as customers read them: ¥ with two digits, 11月25日, 今日18:00, the Chinese names of codes."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from string import Formatter
from typing import Any

from actions.phrases import domain, moment, phrase
from bot.clock import local, now
from bot.settings import get_settings
from bot.shop import (
    INVOICE_KINDS,
    INVOICE_STATUSES,
    ORDER_STATUSES,
    PAY_METHODS,
    REASONS,
    REFUND_KINDS,
    REFUND_STAGES,
    TICKET_KINDS,
    TICKET_STATUSES,
    current_catalogue,
    format_fen,
)

CODES: Mapping[str, Mapping[str, str]] = {
    "status": {**TICKET_STATUSES, **INVOICE_STATUSES, **ORDER_STATUSES},
    "stage": REFUND_STAGES,
    "channel": PAY_METHODS,
    "reason": REASONS,
    "invoice_kind": INVOICE_KINDS,
    "refund_kind": REFUND_KINDS,
    "ticket_kind": TICKET_KINDS,
}


def day(when: date) -> str:
    """11月25日, with the year when it is another one; never 今日, which a history would not be read by."""
    name = "utter_part_day" if when.year == local(now()).year else "utter_part_day_of_year"
    return phrase(name, year=when.year, month=when.month, day=when.day, time="")


def day_of(when: datetime) -> str:
    """The day of a moment in the shop's time zone."""
    return day(local(when).date())


def said(name: str, value: Any) -> Any:
    """`value` of the figure `name` in words, by its unit (…_fen, …_at, …_on) or its code."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    if name.endswith("_fen"):
        return format_fen(abs(int(value)))
    if name.endswith("_bytes"):
        return int(value) // 2**20
    return CODES.get(name, {}).get(value, value) if isinstance(value, str) else value


def in_words(result: Any) -> dict[str, Any]:
    """The figures of what a service answered (a dataclass) or of a refusal (a mapping), as variables of a response."""
    if is_dataclass(result):
        result = {field.name: getattr(result, field.name) for field in fields(result)}
    words = {name: said(name, value) for name, value in result.items() if not is_dataclass(value)}
    for name in ("difference_fen", "fee_difference_fen"):
        if name in result:
            words["difference"] = difference(int(result[name]))
    return {name: value for name, value in words.items() if not isinstance(value, (tuple, list, dict))}


def difference(fen: int) -> str:
    """What is to be paid in addition, or comes back; nothing for 0."""
    if not fen:
        return ""
    return phrase("utter_part_to_pay" if fen > 0 else "utter_part_comes_back", amount=format_fen(abs(fen)))


def terms(result: Any) -> dict[str, Any]:
    """What a customer agreed to: the figures without moments, which move on while the customer thinks."""
    if not is_dataclass(result):
        return {}
    found = {field.name: getattr(result, field.name) for field in fields(result)}
    kept = {name: terms(value) if is_dataclass(value) else value for name, value in found.items()}
    plain = {name: value for name, value in kept.items() if not isinstance(value, (datetime, tuple))}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in plain.items()}


def title_of(sku: str | None) -> str:
    """The full name of a variant; the sku itself when the catalogue has it no more."""
    variant = current_catalogue(get_settings().shop_url).variants.get(str(sku))
    return variant.title if variant else str(sku or "")


def variables_of(response: str) -> frozenset[str]:
    """The variables in the texts of a response."""
    texts = " ".join(str(variant.get("text")) for variant in domain()["responses"].get(response, []))
    return frozenset(name for _, name, _, _ in Formatter().parse(texts) if name)
