"""This shop's figures by month, as its peers' feed has them."""

from datetime import date, datetime, time, timedelta

from bot import clock
from bot.insight.kpis import measure, sums
from bot.insight.peers import Standing, gaps, standings
from bot.insight.repurchase import repurchase_percent
from bot.settings import Settings

MONTHS = 12


def own_months(settings: Settings, months: int = MONTHS) -> dict[str, dict[str, float | None]]:
    """Month ("2026-11") → figure of `peers.MEASURES` → value, for the last `months` months with this one."""
    today = clock.local(clock.now()).date()
    first = _first(today, months - 1)
    by_month: dict[str, dict[str, int]] = {f"{_first(today, back):%Y-%m}": {} for back in range(months)}
    for row in sums(settings.events_url, first, today, by=["day"]):
        total = by_month[f"{row.pop('day'):%Y-%m}"]
        for name, value in row.items():
            total[name] = total.get(name, 0) + value
    found: dict[str, dict[str, float | None]] = {}
    for month, total in by_month.items():
        values = {m.figure.key: m.value for m in measure(total, settings.operations.kpi)} if total else {}
        found[month] = {
            "conversion_percent": values.get("conversion"),
            "response_seconds": values.get("round_response"),
            "repurchase_percent": repurchase_percent(settings.shop_url, _after(month)),
        }
    return found


def _first(today: date, back: int) -> date:
    """The first day of the month `back` months ago."""
    number = today.year * 12 + today.month - 1 - back
    return date(number // 12, number % 12 + 1, 1)


def _after(month: str) -> datetime:
    """The moment at which a month ends."""
    last = date.fromisoformat(f"{month}-01")
    return datetime.combine((last + timedelta(days=32)).replace(day=1), time(), clock.shop_zone())


def compare_with_peers(settings: Settings) -> tuple[list[Standing], list[tuple[str, str, int]]]:
    """Where the shop stands, and what to improve (title, advice, priority)."""
    found = standings(settings.events_url, own_months(settings))
    return found, gaps(found)
