"""The suite that the load test starts: its own data, and nobody else's services disturbed."""

import os
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.db import engine_for, reading
from bot.launch.load import ours
from bot.launch.problems import LaunchError
from bot.settings import get_settings
from bot.shop.tables import StockRow

REDIS = "redis://127.0.0.1:6379/0"


@pytest.mark.parametrize("url", ["", "amqp://guest:guest@127.0.0.1:5672/", "amqp://guest:guest@127.0.0.1/%2f"])
def test_a_cluster_never_takes_the_events_of_another_shop(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIANXIAOER_RABBITMQ_URL", url)
    with pytest.raises(LaunchError, match="虚拟主机"), ours.prepared(tmp_path, [1, 2, 3], REDIS, "cluster", print):
        pass
    assert not list(tmp_path.iterdir())


def test_it_has_a_shop_of_its_own_with_plenty_in_stock_and_leaves_the_settings(tmp_path: Path) -> None:
    before, shop = dict(os.environ), get_settings().shop_url
    with ours.prepared(tmp_path, [18001, 18002, 18003], REDIS, "", lambda _text: None):
        own = get_settings()
        assert own.var == tmp_path and (own.web_port, own.rasa_port, own.action_port) == (18001, 18002, 18003)
        with reading(own.shop_url) as session:
            assert session.scalar(select(func.min(StockRow.on_hand))) >= 1_000_000
        commands = [" ".join(child.command) for child in ours.servers("")]
        assert len(commands) == 3 and sum("bot.launch.timed" in command for command in commands) == 1
        engine_for(own.shop_url).dispose()
    assert dict(os.environ) == before and get_settings().shop_url == shop
