"""Another model for a running server, against a small server that answers as Rasa does."""

import asyncio
import multiprocessing
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.launch import rasa_server
from bot.launch.problems import LaunchError
from bot.launch.rasa_token import rasa_token
from bot.launch.swap import swap_model
from bot.settings import Settings

NEW = "20261122-new.tar.gz"


@dataclass
class FakeRasa:
    """What the server does; its port, and what it was asked."""

    token: str = ""
    status: int = 204
    answer: Any = None
    delay: float = 0.0
    keeps_old: bool = False
    port: int = 0
    loaded: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        async def root(_: web.Request) -> web.Response:
            return web.Response(text="Hello from Rasa")

        async def put(request: web.Request) -> web.Response:
            if request.query.get("token") != self.token:
                return web.json_response({"message": "User is not authenticated."}, status=401)
            await asyncio.sleep(self.delay)
            if self.status == 204:
                self.loaded.append((await request.json())["model_file"])
                return web.Response(status=204)
            return web.json_response(self.answer, status=self.status)

        async def status(request: web.Request) -> web.Response:
            assert request.query.get("token") == self.token
            name = "old.tar.gz" if self.keeps_old else Path(self.loaded[-1]).name
            return web.json_response({"model_file": name})

        app = web.Application()
        app.add_routes([web.get("/", root), web.put("/model", put), web.get("/status", status)])
        return app


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., tuple[FakeRasa, Settings]]]:
    """Starts a fake server in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runners: list[web.AppRunner] = []

    async def start(fake: FakeRasa) -> None:
        runner = web.AppRunner(fake.app())
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        fake.port = runner.addresses[0][1]

    def make(**behaviour: Any) -> tuple[FakeRasa, Settings]:
        settings = Settings(var=tmp_path)
        fake = FakeRasa(**{"token": rasa_token(settings), **behaviour})
        asyncio.run_coroutine_threadsafe(start(fake), loop).result(10)
        return fake, Settings(var=tmp_path, rasa_port=fake.port)

    yield make
    for runner in runners:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def test_the_server_gets_the_whole_path_of_the_model(serve: Any, tmp_path: Path) -> None:
    fake, settings = serve()
    assert swap_model(tmp_path / NEW, settings) is True
    assert fake.loaded == [str(tmp_path.resolve() / NEW)]


def test_a_proxy_in_the_environment_is_not_asked(serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert swap_model(tmp_path / NEW, serve()[1]) is True


def test_without_a_server_nothing_happens(serve: Any, tmp_path: Path, unused_tcp_port: int) -> None:
    assert swap_model(tmp_path / NEW, Settings(var=tmp_path, rasa_port=unused_tcp_port)) is False


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ({"token": "another"}, "口令"),
        ({"status": 404, "answer": {}}, "没有开管理接口"),
        ({"status": 400, "answer": {"message": "could not be loaded"}}, "400：could not be loaded"),
        ({"status": 500, "answer": ["odd"]}, "500：没有说明原因"),
        ({"keeps_old": True}, r"还在用 old\.tar\.gz"),
        ({"delay": 2}, "没有换好"),
    ],
)
def test_a_server_that_keeps_its_model_is_told_with_what_to_do(
    behaviour: dict[str, Any], says: str, serve: Any, tmp_path: Path
) -> None:
    settings = serve(**behaviour)[1]
    with pytest.raises(LaunchError, match=f"{says}.*重启 make run") as told:
        swap_model(tmp_path / NEW, settings, seconds=0.5)
    assert rasa_token(settings) not in str(told.value)


def test_the_token_is_secret_stays_and_is_not_empty(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    token = rasa_token(settings)
    assert len(token) >= 32 and rasa_token(settings) == token
    assert stat.S_IMODE((tmp_path / "rasa.token").stat().st_mode) == 0o600
    (tmp_path / "rasa.token").write_text("")
    assert len(rasa_token(settings)) >= 32 and rasa_token(settings) != token
    assert [path.name for path in tmp_path.iterdir()] == ["rasa.token"]


def test_rasa_understands_the_command_line_that_the_server_gets() -> None:
    from rasa.__main__ import create_argument_parser

    given = rasa_server.arguments(["--interface", "127.0.0.1", "--port", "5105"], "s3cret")
    parsed = create_argument_parser().parse_args(given[1:])
    assert parsed.enable_api and parsed.auth_token == "s3cret" and parsed.port == 5105


def _token(folder: Path, together: Any, tokens: Any) -> None:
    together.wait(30)
    tokens.put(rasa_token(Settings(var=folder)))


def test_servers_that_start_at_once_have_one_token(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        together, tokens = fork.Barrier(6), fork.Queue()
        processes = [fork.Process(target=_token, args=(folder, together, tokens)) for _ in range(6)]
        for process in processes:
            process.start()
        found = {tokens.get(timeout=30) for _ in processes}
        for process in processes:
            process.join(30)
        assert found == {rasa_token(Settings(var=folder))}
        assert [file.name for file in folder.iterdir()] == ["rasa.token"]
