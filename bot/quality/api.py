"""The inspection's API: `add_routes`; answers are JSON, mistakes 400 in Chinese.

Days are the shop's, ISO (`from`, `to`, both included; by default the last 30 days). What an agent may see is her own:
`/mine`, her appeals, and conversations with findings of hers.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from aiohttp import web
from sqlalchemy import select

from bot import clock
from bot.conversations.tables import Agent
from bot.db import reading
from bot.pages import plain, whole
from bot.quality import appeals, figures
from bot.quality.background import Current
from bot.quality.inspector import Inspector
from bot.quality.outside import list_calls
from bot.quality.pdf import write_pdf
from bot.quality.reader import describe
from bot.quality.report import as_markdown, report_of
from bot.quality.transcript import transcript
from bot.settings import Settings, SettingsError

Role = Literal["agent", "supervisor"]
_DAYS, _LONGEST = 30, 366


@dataclass(frozen=True)
class Asked:
    """A request and who makes it; `supervises`: she may see all."""

    request: web.Request
    by: str
    supervises: bool


Handler = Callable[[Asked], Awaitable[web.StreamResponse]]
Allow = Callable[[str, str, Role, Handler], Callable[[web.Request], Awaitable[web.StreamResponse]]]


def add_routes(app: web.Application, settings: Settings, allow: Allow) -> None:
    """Add the routes; `allow` wraps each handler so that only who has the role gets in."""
    for method, path, role, handler in _Site(settings).routes():
        address = f"/api/quality{path}"
        app.router.add_route(method, address, allow(method, address, role, _checked(handler)))


def _checked(handler: Handler) -> Handler:
    async def checked(asked: Asked) -> web.StreamResponse:
        try:
            return await handler(asked)
        except (ValueError, SettingsError) as error:
            return web.json_response({"error": "bad_request", "message": str(error)}, status=400)
        except LookupError as error:
            return web.json_response({"error": "not_found", "message": str(error.args[0])}, status=404)

    return checked


class _Site:
    def __init__(self, settings: Settings) -> None:
        self._settings, self._url = settings, settings.events_url
        self._current = Current(settings)

    def routes(self) -> list[tuple[str, str, Role, Handler]]:
        return [
            ("GET", "/definitions", "agent", self.definitions),
            ("GET", "/overview", "supervisor", self.overview),
            ("GET", "/findings", "supervisor", self.findings),
            ("GET", "/worst", "supervisor", self.worst),
            ("GET", "/agents", "supervisor", self.agents),
            ("GET", "/calls", "supervisor", self.calls),
            ("GET", "/report", "supervisor", self.report),
            ("GET", "/appeals", "supervisor", self.appeals),
            ("POST", "/appeals/{id}/{what:accept|reject}", "supervisor", self.decide),
            ("GET", "/mine", "agent", self.mine),
            ("POST", "/appeals", "agent", self.appeal),
            ("GET", "/talks/{id}", "agent", self.talk),
        ]

    async def _inspector(self) -> Inspector:
        return await asyncio.to_thread(self._current.inspector)

    async def definitions(self, asked: Asked) -> web.StreamResponse:
        rules = (await self._inspector()).rules
        names = await asyncio.to_thread(self._names)
        told = {"names": names, "supervises": asked.supervises, "top": rules.numbers.top}
        return _json({"criteria": describe(rules), **told})

    def _names(self) -> dict[str, str]:
        with reading(self._settings.chat_url) as session:
            return {row.id: row.name for row in session.execute(select(Agent.id, Agent.name))}

    async def overview(self, asked: Asked) -> web.StreamResponse:
        first, last = _period(asked.request)
        agent = asked.request.query.get("agent")
        days = (last - first).days + 1
        await self._current.refresh()
        now, before, trend, criteria = await asyncio.gather(
            asyncio.to_thread(figures.overview, self._url, first, last, agent),
            asyncio.to_thread(
                figures.overview, self._url, first - timedelta(days=days), first - timedelta(days=1), agent
            ),
            asyncio.to_thread(figures.trend, self._url, first, last, agent),
            asyncio.to_thread(figures.criteria, self._url, first, last, agent),
        )
        return _json(
            {
                "from": first, "to": last, "talks": now[0], "score": now[1], "score_before": before[1], "days": trend,
                "criteria": [{**asdict(one), "rate": one.rate} for one in criteria],
            }
        )  # fmt: skip

    async def findings(self, asked: Asked) -> web.StreamResponse:
        query, (first, last) = asked.request.query, _period(asked.request)
        page = whole("页码", query.get("page", "1"), 1, 100_000)
        await self._current.refresh()
        count, found = await asyncio.to_thread(
            figures.findings, self._url, first, last,
            criterion=query.get("criterion", ""), agent=query.get("agent"), talk_id=query.get("talk", ""), page=page,
        )  # fmt: skip
        return _json({"count": count, "page": page, "page_size": figures.PAGE, "findings": [asdict(f) for f in found]})

    async def worst(self, asked: Asked) -> web.StreamResponse:
        first, last = _period(asked.request)
        await self._current.refresh()
        number = (await self._inspector()).rules.numbers.top
        found = await asyncio.to_thread(figures.worst, self._url, first, last, number, asked.request.query.get("agent"))
        return _json({"cases": [asdict(case) for case in found]})

    async def agents(self, asked: Asked) -> web.StreamResponse:
        first, last = _period(asked.request)
        await self._current.refresh()
        found = await asyncio.to_thread(figures.agents, self._url, first, last)
        return _json({"agents": [asdict(one) for one in found]})

    async def calls(self, asked: Asked) -> web.StreamResponse:
        first, last = _period(asked.request)
        await self._current.refresh()
        agent = asked.request.query.get("agent", "")
        rows = await asyncio.to_thread(list_calls, self._url, first, last, agent)
        scores = await asyncio.to_thread(figures.scores_of, self._url, [f"{row.id}:1" for row in rows])
        names = ("id", "agent", "customer", "started_at", "seconds", "source")
        return _json(
            {
                "calls": [
                    {
                        **{name: getattr(row, name) for name in names},
                        "told_apart": bool(row.agent),
                        "talk_id": f"{row.id}:1",
                        **scores[f"{row.id}:1"],
                    }
                    for row in rows
                ]
            }
        )

    async def report(self, asked: Asked) -> web.StreamResponse:
        day = _day(asked.request.query.get("day"), clock.local(clock.now()).date() - timedelta(days=1))
        await self._current.refresh()
        rules = (await self._inspector()).rules
        report = await asyncio.to_thread(report_of, self._settings, rules, day)
        if asked.request.query.get("format", "pdf") == "md":
            content, kind, ending = as_markdown(report).encode(), "text/markdown; charset=utf-8", "md"
        else:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "report.pdf"
                await asyncio.to_thread(write_pdf, report, path)
                content, kind, ending = path.read_bytes(), "application/pdf", "pdf"
        headers = {"Content-Type": kind, "Content-Disposition": f'attachment; filename="quality-{day}.{ending}"'}
        return web.Response(body=content, headers=headers)

    async def appeals(self, asked: Asked) -> web.StreamResponse:
        found, agreement = await asyncio.gather(
            asyncio.to_thread(appeals.list_appeals, self._url, asked.request.query.get("status", "")),
            asyncio.to_thread(appeals.agreement_with_decisions, self._url),
        )
        told = [{**asdict(one), "rate": one.rate} for one in agreement]
        return _json({"appeals": [asdict(one) for one in found], "agreement": told})

    async def decide(self, asked: Asked) -> web.StreamResponse:
        body, number = await _body(asked.request, {"answer"}), asked.request.match_info["id"]
        if not number.isascii() or not number.isdigit() or len(number) > 9:
            raise LookupError("没有这条申诉")
        accepted, answer = asked.request.match_info["what"] == "accept", str(body.get("answer") or "")
        rules = (await self._inspector()).rules
        await asyncio.to_thread(appeals.decide, self._url, rules, int(number), accepted, asked.by, answer)
        return _json({"ok": True})

    async def mine(self, asked: Asked) -> web.StreamResponse:
        first, last = _period(asked.request)
        await self._current.refresh()
        page = whole("页码", asked.request.query.get("page", "1"), 1, 100_000)
        now, trend, criteria, (count, found), own = await asyncio.gather(
            asyncio.to_thread(figures.overview, self._url, first, last, asked.by),
            asyncio.to_thread(figures.trend, self._url, first, last, asked.by),
            asyncio.to_thread(figures.criteria, self._url, first, last, asked.by),
            asyncio.to_thread(figures.findings, self._url, first, last, agent=asked.by, page=page),
            asyncio.to_thread(appeals.list_appeals, self._url, agent=asked.by),
        )
        return _json(
            {
                "talks": now[0], "score": now[1], "days": trend,
                "criteria": [{**asdict(one), "rate": one.rate} for one in criteria],
                "count": count, "page": page, "page_size": figures.PAGE, "findings": [asdict(f) for f in found],
                "appeals": [asdict(one) for one in own],
            }
        )  # fmt: skip

    async def appeal(self, asked: Asked) -> web.StreamResponse:
        body = await _body(asked.request, {"talk_id", "criterion", "reason"})
        told = [str(body.get(name) or "") for name in ("talk_id", "criterion", "reason")]
        number = await asyncio.to_thread(appeals.appeal, self._url, told[0], told[1], asked.by, told[2])
        return _json({"id": number})

    async def talk(self, asked: Asked) -> web.StreamResponse:
        own = None if asked.supervises else asked.by
        found = await asyncio.to_thread(transcript, self._settings, asked.request.match_info["id"], own)
        if found is None:
            raise LookupError("没有这个对话，或不是您的")
        return _json(asdict(found))


def _period(request: web.Request) -> tuple[date, date]:
    today = clock.local(clock.now()).date()
    last = _day(request.query.get("to"), today)
    first = _day(request.query.get("from"), last - timedelta(days=_DAYS - 1))
    if first > last:
        raise ValueError("开始日期不能晚于结束日期")
    if (last - first).days > _LONGEST:
        raise ValueError("一次最多看一年")
    return first, last


def _day(text: str | None, otherwise: date) -> date:
    try:
        return date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise ValueError("日期请写成 2026-11-25 这样") from None


async def _body(request: web.Request, known: set[str]) -> dict[str, Any]:
    try:
        body = await request.json() if request.can_read_body else {}
    except ValueError:
        raise ValueError("请求应为 JSON") from None
    if not isinstance(body, dict) or set(body) - known:
        raise ValueError(f"请求应为 JSON 对象，只有 {'、'.join(sorted(known))}")
    return body


def _json(content: Any) -> web.Response:
    return web.json_response(plain(content), headers={"Cache-Control": "no-store"})
