"""The management site by itself: the web server over data that a test has made."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.conversations import Store, bus_of
from bot.desk.accounts import change_password, create_account
from bot.settings import Settings
from tests.browser.conftest import ROOT, Shop, missing
from tests.running import free_ports


def needs_pages() -> None:
    """Skip, or fail in CI, where the pages are not built."""
    if not (ROOT / "bot/web/dist/manage.html").is_file():
        missing("网页还没有构建，请先运行 python -m bot web")


@contextmanager
def web_alone(var: Path, password: str, *staff: tuple[str, str, str]) -> Iterator[Shop]:
    """The web server over the tables in `var`; `staff`: name, what she is called, role."""
    settings = Settings(var=var)
    store = Store(settings.chat_url, bus_of(settings))
    for name, called, role in staff:
        change_password(store, name, create_account(store, name, called, role), password)
    running = Shop(var, var / "none", *free_ports(3))
    try:
        running.start("web")
        yield running
    finally:
        for name in list(running.running):
            running.stop(name)
