"""A channel named by its dotted path inside a real Rasa server, with a small bot of its own and the worked adapter."""

import importlib.util
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rasa.core.channels.channel
from aiohttp import ClientSession, web
from rasa.core.agent import load_agent
from rasa.core.channels.channel import InputChannel
from rasa.core.run import _create_single_channel
from rasa.model_training import train
from sanic import Sanic
from serving import QUICK, until

import bot.channels.connector as connector
import bot.channels.path as path
from bot.conversations import Store, history, open_conversation
from bot.conversations.bus import Bus
from bot.db import engine_for
from bot.settings import ROOT, Operations, Settings

SECRET = "0123456789abcdef0123456789abcdef"
DOMAIN = """
version: "3.1"
intents: [buy, affirm, deny]
responses:
  utter_ask: [{text: 要吗？, buttons: [{title: 要, payload: /affirm}, {title: 不要, payload: /deny}]}]
  utter_done: [{text: 下好单了}]
  utter_left: [{text: 好的}]
  utter_channel_image: [{text: 图片收到了}]
"""
DATA = """
version: "3.1"
nlu:
  - {intent: buy, examples: "- 买\\n- 买手机\\n"}
  - {intent: affirm, examples: "- 好的呀\\n"}
  - {intent: deny, examples: "- 算了\\n"}
rules:
  - {rule: ask, steps: [{intent: buy}, {action: utter_ask}]}
  - {rule: done, steps: [{intent: affirm}, {action: utter_done}]}
  - {rule: left, steps: [{intent: deny}, {action: utter_left}]}
"""
CONFIG = """
recipe: default.v1
language: zh
pipeline: [{name: KeywordIntentClassifier}]
policies: [{name: RulePolicy}]
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("bot")
    for name, content in (("domain.yml", DOMAIN), ("data.yml", DATA), ("config.yml", CONFIG)):
        (folder / name).write_text(content, encoding="utf8")
    result = train(str(folder / "domain.yml"), str(folder / "config.yml"), [str(folder / "data.yml")], str(folder))
    assert result.model
    yield result.model


class Shop:
    """The adapter of the documentation, with the buyer's side of it."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.answers: list[str] = []
        module.to_platform = self._to_platform

    async def _to_platform(self, _customer: str, text: str, _content: dict[str, Any]) -> None:
        self.answers.append(text)

    async def say(self, text: str, identity: str) -> int:
        message = {"msg_id": identity, "buyer": "b1", "content": text}
        async with ClientSession() as http, http.post(f"{self.base}/platform", json=message) as answer:
            return answer.status


def _listen() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


@pytest.fixture
async def shop(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    monkeypatch.setenv("OPEN_TAOBAO_SECRET", SECRET)
    spec = importlib.util.spec_from_file_location("adapter_example", ROOT / "docs" / "channels" / "adapter_example.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made, rasa_socket, own = Shop(module), _listen(), _listen()
    made.rasa_socket = rasa_socket  # type: ignore[attr-defined]
    made.base = f"http://127.0.0.1:{own.getsockname()[1]}"  # type: ignore[attr-defined]
    bot = f"http://127.0.0.1:{rasa_socket.getsockname()[1]}/webhooks/open/webhook"
    runner = web.AppRunner(module.application(bot))
    await runner.setup()
    await web.SockSite(runner, own).start()
    yield made
    await runner.cleanup()


@pytest.fixture
async def rasa_server(
    model: str, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[[], list[tuple[str, str]]]]:
    monkeypatch.setattr(Sanic, "test_mode", True)
    settings = Settings(var=tmp_path, operations=Operations(channels=QUICK))
    store = Store(settings.chat_url, Bus())
    monkeypatch.setattr(connector, "get_settings", lambda: settings)
    monkeypatch.setattr(connector, "current_store", lambda: store)
    credentials = {"sources": {"taobao": {"secret": SECRET, "push_url": f"{shop.base}/push"}}}  # type: ignore[attr-defined]
    channel: InputChannel = _create_single_channel("bot.channels.open_channel.OpenChannel", credentials)
    app = Sanic("rasa_with_channel", configure_logging=False)
    app.ctx.agent = await load_agent(model)
    rasa.core.channels.channel.register([channel], app, route="/webhooks/")
    server = await app.create_server(sock=shop.rasa_socket, return_asyncio_server=True, access_log=False)  # type: ignore[attr-defined]
    await server.startup()
    await server.before_start()
    await server.start_serving()
    await server.after_start()

    def texts() -> list[tuple[str, str]]:
        conversation = open_conversation(store, "open", "taobao:b1")
        return [(m.author, m.content.get("text", "")) for m in history(store, conversation)]

    yield texts
    await server.before_stop()
    await server.close()
    engine_for(store.url).dispose()


async def test_a_whole_conversation(shop: Shop, rasa_server: Callable[[], list[tuple[str, str]]]) -> None:
    assert await shop.say("买手机", "1") == 200
    await until(lambda: shop.answers == ["要吗？\n1. 要\n2. 不要"], 10)
    for _ in range(3):
        assert await shop.say("1", "2") == 200
    await until(lambda: len(shop.answers) == 2, 10)
    assert shop.answers[1] == "下好单了"
    assert rasa_server() == [
        ("customer", "买手机"),
        ("bot", "要吗？"),
        ("customer", "要"),
        ("bot", "下好单了"),
    ]


async def test_a_turn_that_rasa_had_finished_is_not_handled_again(
    shop: Shop, rasa_server: Callable[[], list[tuple[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failures = path.finish, [OSError("killed here")]

    def finish(*given: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return real(*given, **named)

    monkeypatch.setattr(path, "finish", finish)
    await shop.say("买手机", "1")
    await until(lambda: not failures, 10)
    await shop.say("好的呀", "2")  # wakes the inbox; both turns are due now
    await until(lambda: len(shop.answers) == 2, 15)
    assert shop.answers == ["要吗？\n1. 要\n2. 不要", "下好单了"]
    assert len([author for author, _ in rasa_server() if author == "bot"]) == 2
