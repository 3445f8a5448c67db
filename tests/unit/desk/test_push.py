"""What an event costs: read and serialised once, only where a page hears it, and never missed by one that arrives."""

import asyncio
import json
from typing import Any

import pytest

from bot import conversations
from bot.conversations import Happened, Request, Store, events_after, last_event
from bot.desk.accounts import AccountView
from bot.desk.api.push import Hub, Page
from bot.desk.sessions import SignedInAs
from bot.desk_settings import Desk


def page(name: str, role: str = "agent") -> Page:
    account = AccountView(id=name, name=name.title(), role=role, disabled=False, must_change=False)
    return Page(SignedInAs(account, "csrf", "hash"), None)  # type: ignore[arg-type]  # nothing is written to it here


def heard(one: Page) -> list[dict[str, Any]]:
    found = []
    while not one.unsent.empty():
        found.append(json.loads(one.unsent.get_nowait() or "null"))
    return found


class Counted:
    """A hub with pages, and the events that it wired."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch, *pages: Page) -> None:
        self.hub, self.wired = Hub(store, Desk()), list[int]()
        for one in pages:
            self.join(one)
        real = self.hub._wire

        def wire(event: Happened, *more: Any) -> Any:
            self.wired.append(event.number)
            return real(event, *more)

        monkeypatch.setattr(self.hub, "_wire", wire)

    def join(self, one: Page) -> None:
        self.hub._pages.setdefault(one.me.account.id, set()).add(one)


def chats(store: Store) -> tuple[str, str]:
    """One of the bot's and one of anna's."""
    conversations.save_agent(store, "anna", "Anna")
    bots = conversations.open_conversation(store, "webchat", "of the bot")
    hers = conversations.open_conversation(store, "webchat", "of anna")
    conversations.request_person(store, hers, Request("asked"))
    conversations.claim(store, hers, "anna", force=True)
    return bots, hers


async def test_an_event_is_serialised_once_for_all_who_hear_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    bots, hers = chats(store)
    watching = page("sue", "supervisor")
    watching.watched.add(hers)
    pages = [page("anna"), page("anna"), watching, page("bert")]
    counted, start = Counted(store, monkeypatch, *pages), last_event(store)
    for text in ("一", "二"):
        conversations.receive(store, bots, {"text": f"机器人{text}"}, request={"text": text})
        conversations.receive(store, hers, {"text": text}, request={"text": text})
    news = events_after(store, start)
    await counted.hub._send(news)
    mine = [event.number for event in news if event.conversation_id == hers and event.kind == "message"]
    assert len(mine) == 2 and counted.wired == mine
    for one in pages[:3]:
        assert [event["message"]["text"] for event in heard(one)] == ["一", "二"]
    assert heard(pages[3]) == []


async def test_what_nobody_hears_is_not_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    bots, _ = chats(store)
    counted, start = Counted(store, monkeypatch, page("anna")), last_event(store)
    conversations.receive(store, bots, {"text": "在吗"}, request={"text": "在吗"})
    monkeypatch.setattr(conversations, "messages", None)  # a call would fail
    await counted.hub._send(events_after(store, start))
    assert counted.wired == [] and counted.hub._last == last_event(store)


async def test_a_page_that_arrives_meanwhile_misses_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    bots, hers = chats(store)
    late = page("sue", "supervisor")
    late.watched.add(bots)
    counted, start = Counted(store, monkeypatch, page("anna")), last_event(store)
    conversations.receive(store, bots, {"text": "在吗"}, request={"text": "在吗"})
    conversations.receive(store, hers, {"text": "好"}, request={"text": "好"})
    real = counted.hub._wired

    def wired(news: list[Happened]) -> dict[int, str]:
        counted.join(late)
        return real(news)

    monkeypatch.setattr(counted.hub, "_wired", wired)
    await asyncio.wait_for(counted.hub._send(events_after(store, start)), 10)
    assert [event["message"]["text"] for event in heard(late)] == ["在吗"]
