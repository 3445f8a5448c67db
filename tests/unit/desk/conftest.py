"""The web server over built pages of the test's own, with a server in Rasa's place that the test writes."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from desk_people import Person

from bot import conversations
from bot.conversations import Bus, Store, bus_of
from bot.db import engine_for, upgrade
from bot.desk import accounts
from bot.desk.server import Site, create_app
from bot.settings import Operations, Settings, get_settings
from tests.running import free_ports

DESK = {"grace_seconds": 1.0, "silent_minutes": 5, "hours": {"周二": ["09:00-18:00"], "周三": ["09:00-18:00"]}}


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store with the desk's tables, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "chat.db"
    for room in ("conversations", "desk"):
        upgrade(f"sqlite:///{path}", room)
    with engine_for(f"sqlite:///{path}").connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine_for(f"sqlite:///{path}").dispose()
    return path


@pytest.fixture
def store(empty_file: Path, tmp_path: Path) -> Iterator[Store]:
    """The desk's store, the same as the site's but with a bus that only this process hears."""
    shutil.copy(empty_file, tmp_path / "chat.db")
    url = f"sqlite:///{tmp_path}/chat.db"
    yield Store(url, Bus())
    engine_for(url).dispose()


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed as the library does it, but with less work."""
    monkeypatch.setattr(accounts, "hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def desk_numbers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The desk's numbers of this process, as the site of the test has them."""
    numbers = Operations(desk=DESK).desk
    monkeypatch.setattr(get_settings().operations, "desk", numbers)
    return numbers


@pytest.fixture
async def desk(site: Site, store: Store, desk_numbers: Any) -> AsyncIterator["Desk"]:
    """The running web server with people who may sign in."""
    async with TestClient(TestServer(create_app(site))) as client:
        running = Desk(client, Store(store.url, bus_of(site.settings)))
        yield running
        await running.leave()


class Desk:
    """`person("anna", "supervisor")` makes an account and signs in."""

    def __init__(self, client: TestClient, store: Store) -> None:
        self.client, self.store = client, store
        self.people: list[Person] = []

    async def person(self, name: str, role: str = "agent", **more: Any) -> Person:
        one_time = accounts.create_account(self.store, name, name.title(), role, **more)
        person = Person(self.client.server, name)
        self.people.append(person)
        assert (await person.sign_in(one_time)).status == 200
        await person.post("/password", old=one_time, new=person.password)
        return person

    def chat(self, *texts: str, account: str = "customer", wants: Any = None) -> str:
        """A conversation of which a person is wanted."""
        chat = conversations.open_conversation(self.store, "webchat", account)
        for text in texts:
            conversations.receive(self.store, chat, {"text": text})
        conversations.request_person(self.store, chat, wants or conversations.Request("request_human"))
        return chat

    async def leave(self) -> None:
        for person in self.people:
            await person.close()


@pytest.fixture
def site(tmp_path: Path, unused_port: int) -> Site:
    dist, images = tmp_path / "dist", tmp_path / "images"
    (dist / "assets").mkdir(parents=True)
    images.mkdir()
    (dist / "index.html").write_text("<!doctype html><title>聊天</title>", encoding="utf8")
    (dist / "embed.js").write_text("// embed", encoding="utf8")
    (dist / "assets" / "chat-abc.js").write_text("// page", encoding="utf8")
    (images / "phone.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>", encoding="utf8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf8")
    operations = Operations(web={"shop_name": "小满商店", "embed_on": ["https://shop.example.com"]}, desk=DESK)
    settings = Settings(var=tmp_path, rasa_port=unused_port, operations=operations)
    return Site(settings, dist, images)


@pytest.fixture
def unused_port() -> int:
    return free_ports(1, "")[0]


@pytest.fixture
async def client(site: Site) -> AsyncIterator[TestClient]:
    async with TestClient(TestServer(create_app(site))) as client:
        yield client


@pytest.fixture
async def rasa(site: Site) -> AsyncIterator[Callable[[Any], Awaitable[None]]]:
    """Starts a server with the given handler at /socket.io/ where the site expects Rasa."""
    servers: list[TestServer] = []

    async def start(handler: Any) -> None:
        app = web.Application()
        app.router.add_route("*", "/socket.io/", handler)
        app.router.add_get("/", lambda _: web.Response(text="Hello from Rasa"))
        servers.append(TestServer(app, port=site.settings.rasa_port))
        await servers[0].start_server()

    yield start
    for server in servers:
        await server.close()
