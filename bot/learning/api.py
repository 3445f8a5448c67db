"""The learning loop's API for the management site: `add_routes`; mistakes are 400 in Chinese."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from aiohttp import web
from sqlalchemy import select

from bot.clock import local, now
from bot.conversations.tables import Agent
from bot.db import reading
from bot.learning import labels
from bot.learning.candidate import models
from bot.learning.cycle import where
from bot.learning.labels import LabelError
from bot.learning.notes import release_notes
from bot.learning.project import Project
from bot.nlu.taxonomy import load_taxonomy

Role = Literal["read", "change"]
Handler = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
Allow = Callable[[str, str, Role, Handler], Callable[[web.Request], Awaitable[web.StreamResponse]]]
STATUSES = ("waiting", "labelled", "skipped", "approved", "kept", "taken", "clash")


def add_routes(app: web.Application, project: Project, allow: Allow) -> None:
    """Add the routes; `allow` lets only those in who may, and tells the handler the id of their account."""
    for method, path, role, handler in _Loop(project).routes():
        address = f"/api/learning{path}"
        app.router.add_route(method, address, allow(method, address, role, _checked(handler)))


def _checked(handler: Handler) -> Handler:
    async def checked(request: web.Request, who: str) -> web.StreamResponse:
        try:
            return await handler(request, who)
        except (ValueError, KeyError, TypeError) as error:
            message = str(error) if isinstance(error, LabelError) else "请求的内容不对，请刷新页面再试"
            return web.json_response({"error": "bad_request", "message": message}, status=400)
        except LookupError as error:
            return web.json_response({"error": "not_found", "message": str(error.args[0])}, status=404)

    checked.__name__ = getattr(handler, "__name__", "loop")
    return checked


class _Loop:
    def __init__(self, project: Project) -> None:
        self._project, self._url = project, project.url

    def routes(self) -> list[tuple[str, str, Role, Handler]]:
        return [
            ("GET", "/standing", "read", self.standing),
            ("GET", "/drawn", "read", self.drawn),
            ("POST", "/drawn/{id}/label", "change", self.label),
            ("POST", "/drawn/{id}/skip", "change", self.skip),
            ("POST", "/drawn/{id}/take-back", "change", self.take_back),
            ("POST", "/review", "change", self.review),
            ("GET", "/notes", "read", self.notes),
        ]

    async def standing(self, _request: web.Request, who: str) -> web.Response:
        standing = await asyncio.to_thread(where, self._project)
        rows = await asyncio.to_thread(models, self._url)
        names = await asyncio.to_thread(self._names)
        taxonomy = load_taxonomy()
        shown = [
            {
                "name": row.name,
                "status": row.status,
                "lines": row.lines,
                "trained_at": row.trained_at.isoformat(),
                "decided_at": row.decided_at.isoformat() if row.decided_at else None,
                "figures": row.figures,
            }
            for row in rows[:30]
        ]
        groups = [
            {"base": base, "intents": [intent for intent, own in taxonomy.base_of.items() if own == base]}
            for base in taxonomy.bases
        ]
        return web.json_response(
            {
                **asdict(standing),
                "me": who,
                "names": names,
                "models": shown,
                "titles": taxonomy.titles,
                "groups": groups,
                "scores": {emotion: list(scores) for emotion, scores in labels.SCORES.items()},
            }
        )

    def _names(self) -> dict[str, str]:
        with reading(self._project.settings.chat_url) as session:
            return {row.id: row.name for row in session.execute(select(Agent.id, Agent.name))}

    async def drawn(self, request: web.Request, _who: str) -> web.Response:
        status = request.query.get("status", "waiting")
        page = int(request.query.get("page", "1"))
        if status not in STATUSES or not 1 <= page <= 100_000:
            raise ValueError("status, page")
        rows = await asyncio.to_thread(labels.list_drawn, self._url, status, page)
        found: list[dict[str, Any]] = [{**asdict(row), "at": row.at.isoformat()} for row in rows]
        return web.json_response({"drawn": found, "page": page, "page_size": labels.PAGE})

    async def label(self, request: web.Request, who: str) -> web.Response:
        body, number = await request.json(), int(request.match_info["id"])
        score = None if body.get("score") is None else int(body["score"])
        await asyncio.to_thread(
            labels.label, self._url, number, who, str(body["intent"]), str(body.get("emotion") or "calm"), score
        )
        return web.json_response({"ok": True})

    async def skip(self, request: web.Request, who: str) -> web.Response:
        await asyncio.to_thread(labels.skip, self._url, int(request.match_info["id"]), who)
        return web.json_response({"ok": True})

    async def take_back(self, request: web.Request, who: str) -> web.Response:
        await asyncio.to_thread(labels.take_back, self._url, int(request.match_info["id"]), who)
        return web.json_response({"ok": True})

    async def review(self, request: web.Request, who: str) -> web.Response:
        body = await request.json()
        kept = self._project.settings.operations.learning.kept_back_percent
        numbers = [int(number) for number in body["ids"]]
        count = await asyncio.to_thread(labels.review, self._url, numbers, who, bool(body["approve"]), kept)
        return web.json_response({"ok": True, "count": count})

    async def notes(self, request: web.Request, _who: str) -> web.Response:
        month = request.query.get("month")
        day = date.fromisoformat(f"{month}-01") if month else local(now()).date()
        return web.json_response({"text": await asyncio.to_thread(release_notes, self._url, day)})
