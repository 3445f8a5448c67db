"""Which rooms keep tables, and in which database each lies."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData
from sqlalchemy.engine import make_url

from bot.settings import Settings

# Room → (field of Settings with its database, modules that define its tables). The order is that of the migrations:
# channels drops what conversations replaced.
ROOMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "shop": (
        "shop_url",
        (
            "bot.shop.tables", "bot.shop.trade_tables", "bot.shop.service_tables", "bot.shop.offer_tables",
            "bot.shop.identity_tables", "bot.shop.customer_tables",
        ),
    ),
    "conversations": ("chat_url", ("bot.conversations.tables",)),
    "channels": ("chat_url", ("bot.channels.shared_tables",)),
    "desk": ("chat_url", ("bot.desk.tables",)),
    "chatwoot": ("chat_url", ("bot.chatwoot.tables",)),
    "upkeep": ("chat_url", ("bot.upkeep.tables",)),
    "events": ("events_url", ("bot.events.tables",)),
    "insight": ("events_url", ("bot.insight.tables",)),
    "quality": ("events_url", ("bot.quality.tables",)),
    "learning": ("events_url", ("bot.learning.tables",)),
    "knowledge": ("knowledge_url", ("bot.knowledge.tables",)),
    "runtime": ("tracker_url", ("bot.runtime.tracker_tables",)),
}  # fmt: skip
TITLES = {
    "shop_url": "店铺",
    "chat_url": "会话",
    "events_url": "事件和质检",
    "knowledge_url": "知识库",
    "tracker_url": "对话状态",
}


@dataclass(frozen=True)
class Store:
    """The tables of a room and the database that holds them."""

    room: str
    url: str

    @property
    def metadata(self) -> MetaData:
        """All tables of the room."""
        found: Any = None
        for module in ROOMS[self.room][1]:
            found = import_module(module).Base.metadata
        assert isinstance(found, MetaData)
        return found


def stores(settings: Settings) -> list[Store]:
    """Every room's store, in the order in which they are migrated."""
    return [Store(room, str(getattr(settings, field))) for room, (field, _) in ROOMS.items()]


def databases(settings: Settings) -> dict[str, str]:
    """Each database once: its Chinese name → its URL."""
    titles: dict[str, list[str]] = defaultdict(list)
    for field, title in TITLES.items():
        titles[str(getattr(settings, field))].append(title)
    return {"、".join(names): url for url, names in titles.items()}


def sharing(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Each database once: its URL → the stores that share it, by their fields of Settings without "_url"."""
    found: dict[str, list[str]] = defaultdict(list)
    for field in TITLES:
        found[str(getattr(settings, field))].append(field.removesuffix("_url"))
    return {url: tuple(stores) for url, stores in found.items()}


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite database; None for a server's."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def exists(url: str) -> bool:
    """Whether the database is there; asking must not make an empty SQLite file."""
    file = sqlite_file(url)
    return file is None or file.exists()


def shown(url: str) -> str:
    """The URL without its password."""
    return str(make_url(url).render_as_string(hide_password=True))


def present(settings: Settings) -> Iterator[Store]:
    """The stores whose database is there."""
    yield from (store for store in stores(settings) if exists(store.url))
