"""Pictures both ways: what the customer sent is attached there, what an agent sends is shown in the channel."""

from pathlib import Path
from typing import Any

import pytest
from chatwoot_house import LARGEST, House
from chatwoot_server import Chatwoot

from bot import conversations
from bot.chatwoot import texts

PNG = b"\x89PNG\r\n\x1a\n" + b"p" * 40
JPEG = b"\xff\xd8\xff" + b"j" * 40
NAME, OTHER = "a" * 24, "b" * 24


def keep(house: House, name: str, content: bytes) -> dict[str, Any]:
    """A customer's file that is here; the content of the message that shows it."""
    folder = house.var / "media"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return picture(name)


def picture(name: str, kind: str = "image") -> dict[str, Any]:
    return {"attachment": {"type": kind, "payload": {"src": f"/media/{name}"}}}


async def test_a_customers_picture_is_attached(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    remote = house.remote(chat)
    conversations.receive(house.store, chat, keep(house, NAME, PNG))
    conversations.receive(house.store, chat, {"text": "看这里", **keep(house, OTHER, JPEG)})
    conversations.receive(house.store, chat, {"text": "在吗"})
    await house.settle()
    assert chatwoot.said(remote) == ["", "看这里", "在吗"]
    assert chatwoot.pictures(remote, private=False) == [PNG, JPEG]
    kinds = [one["file_type"] for m in chatwoot.messages[remote] for one in m.get("attachments", [])]
    assert kinds == ["image", "image"]


async def test_what_was_shown_before_the_hand_over_goes_with_the_note(house: House, chatwoot: Chatwoot) -> None:
    await house.settle(1)
    chat = house.chat("碎了")
    conversations.receive(house.store, chat, keep(house, NAME, PNG))
    conversations.request_person(house.store, chat, conversations.Request("request_human"))
    await house.settle()
    remote = house.remote(chat)
    assert chatwoot.pictures(remote, private=True) == [PNG] and "[图片]" in chatwoot.notes(remote)[0]
    assert not chatwoot.pictures(remote, private=False)


async def test_a_file_that_is_still_fetched_is_waited_for(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    remote = house.remote(chat)
    conversations.receive(house.store, chat, picture(NAME))
    conversations.receive(house.store, chat, {"text": "收到了吗"})
    await house.settle(2)
    assert chatwoot.said(remote) == []
    keep(house, NAME, PNG)
    await house.settle(3)
    assert chatwoot.said(remote) == ["", "收到了吗"] and chatwoot.pictures(remote, private=False) == [PNG]


async def test_a_file_that_does_not_come_holds_nothing_up(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    conversations.receive(house.store, chat, picture(NAME, "voice"))
    conversations.receive(house.store, chat, {"text": "收到了吗"})
    await house.settle()
    assert chatwoot.said(house.remote(chat)) == ["[语音]", "收到了吗"]


@pytest.mark.parametrize("fault", [413, 422])
async def test_a_file_that_is_refused_is_told_of(house: House, chatwoot: Chatwoot, fault: int) -> None:
    chat = await house.handed_over()
    remote = house.remote(chat)
    chatwoot.faults[f"POST /api/v1/accounts/7/conversations/{remote}/messages"] = [fault]
    conversations.receive(house.store, chat, keep(house, NAME, PNG))
    await house.settle()
    assert chatwoot.said(remote) == ["[图片]"] and not chatwoot.pictures(remote, private=False)


@pytest.mark.parametrize("fault", [500, 1.2])
async def test_a_picture_goes_once_over_faults(house: House, chatwoot: Chatwoot, fault: float) -> None:
    chat = await house.handed_over()
    remote = house.remote(chat)
    chatwoot.faults[f"POST /api/v1/accounts/7/conversations/{remote}/messages"] = [fault]
    conversations.receive(house.store, chat, keep(house, NAME, PNG))
    await house.settle(6)
    assert chatwoot.pictures(remote, private=False) == [PNG]


async def test_an_agents_pictures_are_shown_to_the_customer(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    remote = house.remote(chat)
    chatwoot.add(remote, "按这个寄", attachments=[chatwoot.store(PNG, "image/png"), chatwoot.store(JPEG, "image/jpeg")])
    chatwoot.add(remote, "", content=None, attachments=[chatwoot.store(PNG, "image/png")])
    for _ in range(2):
        house.webhook(chat)
        await house.settle(2)
    assert [text for text in house.log(chat, "agent") if text] == ["按这个寄"]
    shown = house.shown(chat, "agent")
    contents = [(house.var / src.lstrip("/")).read_bytes() for src in shown]
    assert contents == [PNG, JPEG, PNG] and [Path(src).suffix for src in shown] == [".png", ".jpg", ".png"]
    # Files may lie elsewhere, and Chatwoot's redirects lead there: the token stays here.
    assert chatwoot.file_calls and all("api_access_token" not in headers for headers in chatwoot.file_calls)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7", "application/pdf"),
        (b"<svg/>", "image/svg+xml"),
        (b"GIF89a", "image/gif"),
        (PNG * LARGEST, "image/png"),
    ],
)
async def test_what_is_no_picture_for_channels_comes_as_a_link(
    house: House, chatwoot: Chatwoot, content: bytes, kind: str
) -> None:
    chat = await house.handed_over()
    attachment = chatwoot.store(content, kind)
    chatwoot.add(house.remote(chat), "说明书", attachments=[attachment])
    house.webhook(chat)
    await house.settle(3)
    assert house.log(chat, "agent") == [f"说明书\n{attachment['data_url']}"]
    assert not house.shown(chat, "agent") and not list((house.var).glob("uploads/*"))


async def test_a_picture_that_is_gone_comes_as_a_link(house: House, chatwoot: Chatwoot) -> None:
    chat = await house.handed_over()
    attachment = chatwoot.store(PNG, "image/png")
    chatwoot.files.clear()
    chatwoot.add(house.remote(chat), "看图", attachments=[attachment])
    chatwoot.add(house.remote(chat), "看到了吗")
    house.webhook(chat)
    await house.settle(3)
    assert house.log(chat, "agent") == [f"看图\n{attachment['data_url']}", "看到了吗"]


def test_other_things_have_a_word() -> None:
    assert texts.of(picture(NAME, "voice")) == "[语音]" and texts.of(picture(NAME, "file")) == "[文件]"
