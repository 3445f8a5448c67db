"""The management pages' API: `add_routes`; answers are JSON, mistakes 400 in Chinese.

Days are the shop's, ISO (`from`, `to`, both included; by default the last 30 days). A cut is a field of a contact:
channel, base, intent, segment, handled_by, agent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

from aiohttp import web

from bot import clock, experiments
from bot.insight import improvements as improvement_list
from bot.insight.alerts import recent_alerts
from bot.insight.drilldown import PAGE, conversation, handoff_reasons, list_contacts
from bot.insight.experiment_report import conclusion
from bot.insight.export import to_csv, to_xlsx
from bot.insight.faq import faq_improvements
from bot.insight.interviews import NUMBER, draw, worksheet
from bot.insight.kept import Kept
from bot.insight.kpis import FIGURES, Cut, Measured, measure, sums
from bot.insight.months import compare_with_peers, own_months
from bot.insight.peers import PeerError
from bot.insight.peers import history as peers_history
from bot.insight.projection import refresh
from bot.insight.repurchase import DEFINITION, repurchase_percent
from bot.insight.requests import CUTS, XLSX, as_file, as_json, body_of, cut_of, period_of, where_of
from bot.insight.titles import CHANNELS, segment_titles, titles_of
from bot.insight.verdict import arms_of, judge
from bot.knowledge import HeatMap, heat_map, shared_encoder
from bot.nlu.taxonomy import load_taxonomy
from bot.pages import whole
from bot.settings import Settings, SettingsError

Role = Literal["read", "change"]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Allow = Callable[[str, str, Role, Handler], Handler]  # method, path, role, handler
FRESH_SECONDS, FAQ_SECONDS = 20.0, 300.0
PATIENCE = 0.2  # seconds that an answer waits for newer figures


def add_routes(
    app: web.Application,
    settings: Settings,
    allow: Allow,
    *,
    experiments_file: Path = experiments.PATH,
    patience: float = PATIENCE,
) -> None:
    """Add the routes; `allow` wraps each handler so that only who may read or change gets in."""
    for method, path, role, handler in _Site(settings, experiments_file, patience).routes():
        address = f"/api/insight{path}"
        app.router.add_route(method, address, allow(method, address, role, _checked(handler)))


def _checked(handler: Handler) -> Handler:
    async def checked(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except (ValueError, SettingsError, PeerError) as error:
            return web.json_response({"error": "bad_request", "message": str(error)}, status=400)
        except LookupError as error:
            return web.json_response({"error": "not_found", "message": str(error.args[0])}, status=404)

    return checked


class _Site:
    def __init__(self, settings: Settings, experiments_file: Path, patience: float) -> None:
        self._settings, self._url, self._kpi = settings, settings.events_url, settings.operations.kpi
        self._experiments_file = experiments_file
        self._fresh: Kept[int] = Kept(FRESH_SECONDS, patience)
        self._maps: Kept[HeatMap] = Kept(FAQ_SECONDS, patience)

    def routes(self) -> list[tuple[str, str, Role, Handler]]:
        return [
            ("GET", "/definitions", "read", self.definitions),
            ("GET", "/overview", "read", self.overview),
            ("GET", "/breakdown", "read", self.breakdown),
            ("GET", "/reasons", "read", self.reasons),
            ("GET", "/alerts", "read", self.alerts),
            ("GET", "/faq", "read", self.faq),
            ("GET", "/contacts", "read", self.contacts),
            ("GET", "/contacts/{id}", "read", self.contact),
            ("GET", "/export", "read", self.export),
            ("GET", "/experiments", "read", self.experiments),
            ("POST", "/experiments/{name}/{what:start|stop|promote}", "change", self.decide),
            ("GET", "/peers", "read", self.peers),
            ("GET", "/improvements", "read", self.improvements),
            ("POST", "/improvements", "change", self.save_improvement),
            ("POST", "/improvements/propose/{source:peers|faq}", "change", self.propose),
            ("GET", "/interviews", "read", self.interviews),
        ]

    async def _current(self) -> None:
        """Bring the figures up to date, not more often than every few seconds; a long refresh goes on behind."""
        await self._fresh.get("figures", lambda: refresh(self._settings))

    async def definitions(self, _request: web.Request) -> web.Response:
        figures = [{**asdict(f), "target": getattr(self._kpi, f.target) if f.target else None} for f in FIGURES]
        titles = {"titles": load_taxonomy().titles, "segments": segment_titles(), "channels": CHANNELS}
        return as_json({"figures": figures, "cuts": CUTS, "repurchase": DEFINITION, **titles})

    async def overview(self, request: web.Request) -> web.Response:
        await self._current()
        period, where = period_of(request), where_of(request)
        shop = self._settings.shop_url
        now, before, days, back, back_before = await asyncio.gather(
            asyncio.to_thread(sums, self._url, period.first, period.last, where=where),
            asyncio.to_thread(sums, self._url, period.before.first, period.before.last, where=where),
            asyncio.to_thread(sums, self._url, period.first, period.last, by=["day"], where=where),
            asyncio.to_thread(repurchase_percent, shop, period.end),
            asyncio.to_thread(repurchase_percent, shop, period.before.end),
        )
        answer = {
            "from": period.first.isoformat(),
            "to": period.last.isoformat(),
            "contacts": now[0]["contacts"],
            "contacts_before": before[0]["contacts"],
            "figures": self._figures(now[0]),
            "before": self._figures(before[0]),
            "repurchase": {"value": back, "before": back_before},
            "days": [
                {"day": row["day"].isoformat(), "contacts": row["contacts"], "values": self._values(row)}
                for row in days
            ],
        }
        return as_json(answer)

    async def breakdown(self, request: web.Request) -> web.Response:
        await self._current()
        cut = cut_of(request.query.get("by", ""))
        period = period_of(request)
        rows = await asyncio.to_thread(sums, self._url, period.first, period.last, by=[cut], where=where_of(request))
        lines = [{"value": row[cut], "contacts": row["contacts"], "values": self._values(row)} for row in rows]
        return as_json({"by": cut, "rows": sorted(lines, key=lambda line: -line["contacts"])})

    async def reasons(self, request: web.Request) -> web.Response:
        await self._current()
        found = await asyncio.to_thread(handoff_reasons, self._url, period_of(request), where_of(request))
        return as_json({"reasons": found})

    async def alerts(self, _request: web.Request) -> web.Response:
        found = await asyncio.to_thread(recent_alerts, self._url)
        return as_json({"alerts": [{**asdict(a), "figure": a.figure.key} for a in found]})

    async def faq(self, request: web.Request) -> web.Response:
        days = whole("天数", request.query.get("days", "30"), 1, 366)
        found = await self._maps.get(str(days), lambda: self._heat_map(days))
        if found is None:
            return as_json({"ready": False})
        return as_json({"ready": True, **found.as_json()})

    def _heat_map(self, days: int) -> HeatMap:
        return heat_map(self._settings.knowledge_url, shared_encoder(), days)

    async def contacts(self, request: web.Request) -> web.Response:
        await self._current()
        page = whole("页码", request.query.get("page", "1"), 1, 100_000)
        look, slow = request.query.get("look", "all"), round(self._kpi.first_response_seconds * 1000)
        count, lines = await asyncio.to_thread(
            list_contacts, self._url, period_of(request), look, where_of(request), page, slow
        )
        return as_json({"count": count, "page": page, "page_size": PAGE, "contacts": [asdict(line) for line in lines]})

    async def contact(self, request: web.Request) -> web.Response:
        events = await asyncio.to_thread(conversation, self._url, request.match_info["id"])
        if not events:
            raise LookupError("没有这个会话")
        return as_json({"events": events})

    async def export(self, request: web.Request) -> web.Response:
        await self._current()
        cut = request.query.get("by", "day")
        by = [cast(Cut, "day")] if cut == "day" else [cut_of(cut)]
        period = period_of(request)
        rows = await asyncio.to_thread(sums, self._url, period.first, period.last, by=by, where=where_of(request))
        titles = titles_of(cut)
        columns = ["", "来访", *(f"{f.title}（{f.unit}）" for f in FIGURES)]
        table = [
            [titles.get(str(row[by[0]]), str(row[by[0]])), row["contacts"], *self._values(row).values()] for row in rows
        ]
        name = f"kpi-{period.first}-{period.last}"
        if request.query.get("format", "csv") == "xlsx":
            return as_file(to_xlsx("报表", columns, table), XLSX, f"{name}.xlsx")
        return as_file(to_csv(columns, table), "text/csv; charset=utf-8", f"{name}.csv")

    async def experiments(self, _request: web.Request) -> web.Response:
        await self._current()
        return as_json(await asyncio.to_thread(self._experiments))

    def _experiments(self) -> list[dict[str, Any]]:
        told = []
        for name, experiment in experiments.load_experiments(self._experiments_file).items():
            arms, mixed = arms_of(self._url, name, experiment)
            verdict = judge(experiment, arms, mixed)
            definition = experiment.dict(exclude={"variants"})
            variants = {variant: content.dict() for variant, content in experiment.variants.items()}
            told.append(
                {
                    "name": name,
                    **definition,
                    "variants": variants,
                    "arms": [{**asdict(arm), "rate": arm.rate} for arm in arms.values()],
                    "verdict": asdict(verdict),
                    "conclusion": conclusion(verdict),
                }
            )
        return told

    async def decide(self, request: web.Request) -> web.Response:
        name, what = request.match_info["name"], request.match_info["what"]
        if what == "promote":
            body = await body_of(request)
            await asyncio.to_thread(experiments.promote, name, str(body.get("variant", "")), self._experiments_file)
        else:
            change = {"start": experiments.start, "stop": experiments.stop}[what]
            await asyncio.to_thread(change, name, self._experiments_file)
        return as_json({"ok": True})

    async def peers(self, _request: web.Request) -> web.Response:
        await self._current()
        found, gaps = await asyncio.to_thread(compare_with_peers, self._settings)
        months = await asyncio.to_thread(own_months, self._settings)
        proposals = [{"title": t, "note": n, "priority": p} for t, n, p in gaps]
        theirs = await asyncio.to_thread(peers_history, self._url)
        return as_json({"standings": [asdict(s) for s in found], "gaps": proposals, "own": months, "peers": theirs})

    async def improvements(self, _request: web.Request) -> web.Response:
        found = await asyncio.to_thread(improvement_list.improvements, self._url)
        return as_json({"improvements": [asdict(i) for i in found], "statuses": improvement_list.STATUSES})

    async def save_improvement(self, request: web.Request) -> web.Response:
        body = await body_of(request)
        unknown = sorted(set(body) - {"id", "title", "note", "priority", "owner", "due", "status"})
        if unknown:
            raise ValueError(f"不认识的字段：{'、'.join(unknown)}")
        if not isinstance(body.get("id", 1), int) or not isinstance(body.get("priority", 2), int):
            raise ValueError("id 和 priority 应为整数")
        if body.get("due"):
            try:
                body["due"] = date.fromisoformat(str(body["due"]))
            except ValueError:
                raise ValueError("到期日请写成 2026-11-25 这样") from None
        texts = {name: str(body[name] or "") for name in ("title", "note", "owner", "status") if name in body}
        saved = await asyncio.to_thread(
            improvement_list.save,
            self._url,
            id=body.get("id"),
            due=body.get("due") or None,
            priority=body.get("priority", 2),
            **{"title": "", **texts},
        )
        return as_json(asdict(saved))

    async def propose(self, request: web.Request) -> web.Response:
        source = request.match_info["source"]
        if source == "peers":
            _found, new = await asyncio.to_thread(compare_with_peers, self._settings)
        else:
            days = whole("天数", request.query.get("days", "30"), 1, 366)
            found = await self._maps.get(str(days), lambda: self._heat_map(days))
            new = faq_improvements(found) if found else []
        entered = await asyncio.to_thread(improvement_list.propose, self._url, source, new)
        return as_json({"entered": entered})

    async def interviews(self, request: web.Request) -> web.Response:
        await self._current()
        month = request.query.get("month") or f"{clock.local(clock.now()):%Y-%m}"
        try:
            first = date.fromisoformat(f"{month}-01")
        except ValueError:
            raise ValueError("月份请写成 2026-11 这样") from None
        drawn = await asyncio.to_thread(draw, self._url, first, NUMBER)
        if request.query.get("format") == "xlsx":
            content = await asyncio.to_thread(worksheet, drawn)
            return as_file(content, XLSX, f"interviews-{month}.xlsx")
        return as_json({"month": month, "drawn": [asdict(d) for d in drawn]})

    def _figures(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        return [_told(m) for m in measure(row, self._kpi)]

    def _values(self, row: dict[str, Any]) -> dict[str, float | None]:
        return {m.figure.key: m.value for m in measure(row, self._kpi)}


def _told(measured: Measured) -> dict[str, Any]:
    return {
        "key": measured.figure.key,
        "value": measured.value,
        "count": measured.count,
        "target": measured.target,
        "met": measured.met,
    }
