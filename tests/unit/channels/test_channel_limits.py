"""Too many and too long messages of a platform's customer: kept, answered once, never refused to the platform."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from rasa.shared.core.domain import Domain
from serving import until
from test_open_channel import Adapter

from bot.observing.metrics import REGISTRY
from bot.settings import ROOT

WORDS = Domain.from_path(str(ROOT / "domain.yml")).responses


@pytest.fixture
async def adapter() -> AsyncIterator[Adapter]:
    made = Adapter()
    await made.start()
    yield made
    await made.stop()


def refused(reason: str) -> float:
    return REGISTRY.get_sample_value("dianxiaoer_messages_refused_total", {"channel": "open", "reason": reason}) or 0.0


def speaks(server: Any) -> None:
    server.connector.path.phrase = lambda name: WORDS[name][0]["text"]


async def test_too_many_messages_are_kept_and_told_once(adapter: Adapter, running: Callable[..., Any]) -> None:
    server, before = await running(adapter.make, messages_per_minute=3), refused("too_fast")
    speaks(server)
    for number in range(8):
        assert await adapter.say(server, f"在吗{number}", identity=f"m{number}") == (
            200,
            {"ok": True, "duplicate": False},
        )
    assert await adapter.say(server, "在吗7", identity="m7") == (200, {"ok": True, "duplicate": True})
    await until(lambda: len(adapter.pushed) == 4)
    said = server.texts("taobao:buyer1")
    assert [text for author, text in said if author == "customer"] == [f"在吗{number}" for number in range(8)]
    assert sorted(server.heard) == ["在吗0", "在吗1", "在吗2"]
    assert len([text for text in adapter.words if "太快" in text]) == 1
    assert refused("too_fast") - before == 5


async def test_a_long_message_is_read_as_far_as_it_may_be(adapter: Adapter, running: Callable[..., Any]) -> None:
    server, before = await running(adapter.make), refused("too_long")
    speaks(server)
    assert (await adapter.say(server, "长" * 2_001))[0] == 200
    await until(lambda: len(adapter.pushed) == 2)
    assert server.heard == ["长" * 2_000] and any("2000" in text for text in adapter.words)
    assert refused("too_long") - before == 1
    status, _ = await adapter.say(server, "长" * 70_000)
    assert status == 413 and len(server.heard) == 1  # a body that no platform sends
