"""Pictures sent on each platform fill the photo slot of the flow that asks for them; the agent sees them too."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from serving import PNG, Running, until
from sides import SIDES, Side, opened
from sqlalchemy import select

from bot.conversations import Store, history
from bot.db import engine_for, reading, writing
from bot.settings import get_settings
from bot.shop import upgrade_and_seed
from bot.shop.service_tables import PhotoRow, TicketRow
from bot.shop.trade_tables import AccountRow
from tests.dialogue import Bot
from tests.unit.actions.conftest import bot, chats, empty_chats, recorded, trained_bot  # noqa: F401  # fixtures

ORDER = "DX800000000007"  # signed for two days ago
ASKING = "照片"
INTENTS = {f"{ORDER}少发了一袋": "report_item_problem", "是的": "affirm", "没有照片": "deny"}


@pytest.fixture(scope="module")
def seeded_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo shop as of now: the platforms' clocks stand at the real time."""
    path = tmp_path_factory.mktemp("seed") / "shop.db"
    upgrade_and_seed(f"sqlite:///{path}", progress=lambda _line: None)
    with engine_for(f"sqlite:///{path}").connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def shop(seeded_shop: Path, chats: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:  # noqa: F811
    """A shop of the test's own."""
    shutil.copy(seeded_shop, tmp_path / "shop.db")
    url = f"sqlite:///{tmp_path}/shop.db"
    monkeypatch.setattr(get_settings(), "shop_url", url)
    monkeypatch.setattr(get_settings(), "knowledge_url", f"sqlite:///{tmp_path}/knowledge.db")
    yield url
    engine_for(url).dispose()


@pytest.fixture(params=sorted(SIDES))
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    async with opened(request.param) as made:
        yield made


class RealBot:
    """Rasa's policies and the real actions behind the channel; the words' intents are given."""

    def __init__(self, bot: Bot) -> None:  # noqa: F811
        self.bot = bot

    async def __call__(self, message: UserMessage) -> None:
        if message.text != "/session_start":
            message.parse_data = self.bot.parse(message.text, {INTENTS.get(message.text, ""): 1.0}, ("calm", 3))
            await self.bot.agent.handle_message(message)


@pytest.fixture
async def serve(
    bot: Bot,  # noqa: F811
    shop: str,
    tmp_path: Path,
    running: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Any]:
    """Starts the side's connector in front of the shop's bot; the customer is the demo's."""
    monkeypatch.setattr(get_settings(), "var", tmp_path)

    async def start(side: Side, **numbers: Any) -> Running:
        server: Running = await running(side.make, RealBot(bot), agent=bot.agent, **numbers)
        with writing(shop) as session:
            session.add(AccountRow(channel=server.connector.channel, account=side.account, customer_id="C0231"))
        return server

    return start


def photos(url: str) -> list[tuple[str, int]]:
    """(reason of the ticket, size) of each picture that a ticket has."""
    query = select(TicketRow.reason, PhotoRow.size).join(PhotoRow, PhotoRow.ticket_no == TicketRow.no)
    with reading(url) as session:
        return [(row.reason, row.size) for row in session.execute(query)]


def spoken(server: Running, side: Side) -> str:
    """The bot's words so far."""
    found = history(server.store, side.conversation(server), limit=100)
    return "\n".join(m.content.get("text", "") for m in found if m.author == "bot")


async def test_a_picture_fills_the_slot_of_the_flow(side: Side, serve: Callable[..., Any], shop: str) -> None:
    server = await serve(side)
    await side.say(server, f"{ORDER}少发了一袋")
    await until(lambda: ASKING in spoken(server, side), 20)
    await side.show(server)
    await until(lambda: "少件漏发，照片1张" in spoken(server, side), 20)
    await side.show(server)
    await until(lambda: "照片2张" in spoken(server, side), 20)
    await side.say(server, "是的")
    await until(lambda: "登记好了" in spoken(server, side), 20)
    assert photos(shop) == [("missing", len(PNG))]  # the same picture twice is kept once
    assert side.platform.fetched == 2

    shown = [m.content for m in history(server.store, side.conversation(server), limit=100) if m.author == "customer"]
    sources = [c["attachment"]["payload"]["src"] for c in shown if "attachment" in c]
    assert len(set(sources)) == 2
    for source in sources:  # where the desk's page fetches it
        assert (get_settings().var / source.lstrip("/")).read_bytes() == PNG


@pytest.mark.parametrize(
    "photo", [b"<html>no picture</html>", b"%PDF-1.7 invoice", None, b"\xff\xd8\xff" + bytes(2**20)]
)
async def test_what_is_no_picture_or_too_large_is_not_counted(
    photo: bytes | None,
    serve: Callable[..., Any],
    shop: str,
) -> None:
    async with opened("open") as side:
        server = await serve(side, media_max_mb=1)
        side.platform.photo = photo
        await side.say(server, f"{ORDER}少发了一袋")
        await until(lambda: ASKING in spoken(server, side), 20)
        await side.show(server)
        await until(lambda: "这张图片没能收到" in spoken(server, side), 20)
        assert not any((get_settings().var / "media").glob("*"))
        side.platform.photo = PNG
        await side.say(server, "没有照片")
        await until(lambda: "少件漏发" in spoken(server, side), 20)
        await side.say(server, "是的")
        await until(lambda: "登记好了" in spoken(server, side), 20)
        assert photos(shop) == []


async def test_a_picture_that_nobody_asked_for_is_noticed(side: Side, serve: Callable[..., Any]) -> None:
    server = await serve(side)
    await side.show(server)
    await until(lambda: "图片收到了" in spoken(server, side), 20)


@pytest.mark.parametrize("name", ["feishu", "dingtalk"])
async def test_a_picture_among_words_comes_with_them(name: str, serve: Callable[..., Any], shop: str) -> None:
    async with opened(name) as side:
        server = await serve(side)
        words = f"{ORDER}少发了一袋"
        if name == "feishu":
            picture = {"tag": "img", "image_key": "img_v3_1"}
            post = {"title": "", "content": [[{"tag": "text", "text": words}], [picture]]}
            await side.platform.say(server, post, "post")
        else:
            rich = {"richText": [{"text": words}, {"type": "picture", "downloadCode": "DC"}]}
            await side.platform.say(server, msgtype="richText", content=rich)
        await until(lambda: "少件漏发，照片1张" in spoken(server, side), 20)
        await side.say(server, "是的")
        await until(lambda: photos(shop) == [("missing", len(PNG))], 20)
