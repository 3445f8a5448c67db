"""A person who is erased here is erased in Chatwoot too."""

from collections.abc import Callable

import pytest
from chatwoot_house import House
from chatwoot_server import Chatwoot

from bot import conversations
from bot.chatwoot import erasures, sending
from bot.chatwoot.tables import Erasure, Link, Parcel


def erase(house: House, chat: str) -> int:
    """What `bot.upkeep.erasing` does with the bridge's tables."""
    count = erasures.ask(house.store.url, [chat])
    with house.store.changing() as change:
        for table in (Parcel, Link):
            change.session.query(table).filter(table.conversation_id == chat).delete()
    return count


def waiting(house: House) -> int:
    with house.store.reading() as session:
        return int(session.query(Erasure).count())


async def test_her_contact_goes_with_all_that_was_said(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    other = house.chat("别人", account="other")
    conversations.request_person(house.store, other, conversations.Request("request_human"))
    await house.settle()
    assert erase(house, chat) == 1 and waiting(house) == 1
    await house.settle()
    assert [one["identifier"] for one in chatwoot.contacts.values()] == [other]
    assert list(chatwoot.conversations) == [house.remote(other)] and waiting(house) == 0


async def test_it_is_tried_until_it_is_done(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    chatwoot.administrator = False
    erase(house, chat)
    await house.settle(4)
    assert chatwoot.contacts and waiting(house) == 1
    chatwoot.administrator = True
    await house.settle(2)
    assert not chatwoot.contacts and waiting(house) == 0


async def test_a_contact_that_is_gone_already_is_no_fault(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    chatwoot.contacts.clear()
    erase(house, chat)
    await house.settle(2)
    assert waiting(house) == 0


async def test_erased_while_the_contact_is_being_made(
    house: House, chatwoot: Chatwoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.settle(1)
    chat = house.chat("坏了")
    conversations.request_person(house.store, chat, conversations.Request("request_human"))
    real: Callable[..., object] = sending.account_of

    def erased_meanwhile(*a: object) -> object:
        erase(house, chat)
        return real(*a)

    monkeypatch.setattr(sending, "account_of", erased_meanwhile)
    await house.settle()
    assert ("POST", "/api/v1/accounts/7/contacts") in chatwoot.calls
    assert not chatwoot.contacts and waiting(house) == 0
