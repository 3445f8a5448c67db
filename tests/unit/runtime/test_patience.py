"""Calling an action server that is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig

from bot.runtime.executor import is_database_away
from bot.runtime.patience import noticing_lost_actions, patiently

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
FOUND = {"events": [], "responses": [{"text": "有货"}]}


class Actions:
    """An action server on a port of its own that answers with each of `answers` in turn, then with the last."""

    def __init__(self) -> None:
        self.calls = 0
        self.answers: list[Answer] = []

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.calls += 1
        return await self.answers[min(self.calls, len(self.answers)) - 1](request)

    async def start(self, port: int = 0) -> int:
        app = web.Application()
        app.router.add_post("/webhook", self._answer)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", port)
        await site.start()
        return int(self.runner.addresses[0][1])


@pytest.fixture
async def actions() -> AsyncIterator[Actions]:
    server = Actions()
    yield server
    await server.runner.cleanup()


async def works(_: web.Request) -> web.StreamResponse:
    return web.json_response(FOUND)


async def drops(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()  # as a process that is killed
    return web.Response()


def answering(status: int, body: Any = None) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(body or {}, status=status)

    return answer


async def call(port: int, longest: float) -> list[Any]:
    domain = Domain.from_dict({"actions": ["action_look"]})
    action = RemoteAction("action_look", EndpointConfig(f"http://127.0.0.1:{port}/webhook"))
    nlg, tracker = TemplatedNaturalLanguageGenerator({}), DialogueStateTracker("c", [])
    return list(await patiently(RemoteAction.run, longest)(action, CollectingOutputChannel(), nlg, tracker, domain))


@pytest.mark.parametrize("trouble", [answering(503), answering(502), drops])
async def test_it_is_called_again_until_it_is_back(actions: Actions, trouble: Answer) -> None:
    actions.answers = [trouble, trouble, works]
    (said,) = await call(await actions.start(), 60)
    assert said.text == "有货" and actions.calls == 3


async def test_it_is_waited_for_while_nobody_listens(actions: Actions) -> None:
    actions.answers = [works]
    port = await actions.start()
    await actions.runner.cleanup()
    calling = asyncio.create_task(call(port, 60))
    await asyncio.sleep(0.2)
    await actions.start(port)
    assert (await calling)[0].text == "有货"


async def test_a_wrong_action_is_not_repeated(actions: Actions) -> None:
    actions.answers = [answering(500)]
    port = await actions.start()
    with noticing_lost_actions() as lost, pytest.raises(RasaException):
        await call(port, 60)
    assert actions.calls == 1 and len(lost) == 1


async def test_a_rejection_is_no_failure(actions: Actions) -> None:
    actions.answers = [answering(400, {"action_name": "action_look", "error": "not now"})]
    port = await actions.start()
    with noticing_lost_actions() as lost, pytest.raises(ActionExecutionRejection):
        await call(port, 60)
    assert not lost


async def test_patience_ends(actions: Actions) -> None:
    actions.answers = [answering(503)]
    port = await actions.start()
    with noticing_lost_actions() as lost, pytest.raises(RasaException):
        await call(port, 0.3)
    assert actions.calls > 1 and len(lost) == 1


def test_a_database_that_is_away_is_known_behind_other_errors() -> None:
    from sqlalchemy.exc import OperationalError, ProgrammingError

    error = RuntimeError("店铺系统没有回应")
    error.__cause__ = OperationalError("SELECT 1", {}, Exception("connection refused"))
    assert is_database_away(error)
    assert not is_database_away(ProgrammingError("SELECT x", {}, Exception("no such column")))
