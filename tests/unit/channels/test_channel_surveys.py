"""The survey in every channel: buttons or numbered words, and whatever comes back is a rating."""

import json
from typing import Any

import pytest

from bot import conversations
from bot.channels.dingtalk import render as dingtalk
from bot.channels.feishu import render as feishu
from bot.channels.incoming import Incoming
from bot.channels.outgoing import from_content
from bot.channels.reading import read
from bot.channels.wechat import render as wechat
from bot.channels.wechat_kf import render as wechat_kf
from bot.channels.wecom import render as wecom
from bot.conversations import Store
from bot.conversations.bus import Bus
from bot.db import engine_for, upgrade
from bot.phrases import buttons, phrase

STARS = buttons("utter_survey_stars")


def rate_me(store: Store, chat: str) -> None:
    """The customer has been served and is asked."""
    conversations.save_agent(store, "anna", "Anna")
    conversations.take_over(store, chat, "anna")
    conversations.close(store, chat, "anna")
    assert conversations.surveys_due(store) == [chat] and conversations.ask_survey(store, chat)


RENDERERS = [r.messages_of for r in (dingtalk, feishu, wechat, wechat_kf)]


@pytest.mark.parametrize("render", [*RENDERERS, lambda outgoing: wecom.messages_of(outgoing, "task")])
def test_every_platform_shows_all_five_stars(render: Any) -> None:
    replies = [{"content_type": "text", "title": title, "payload": title} for title in STARS]
    outgoing = from_content({"text": phrase("utter_survey_stars"), "quick_replies": replies})
    assert outgoing is not None
    shown = json.dumps([str(vars(m) if hasattr(m, "__dict__") else m) for m in render(outgoing)])
    assert all(title in json.loads(shown)[0] for title in STARS)
    assert outgoing.as_text().endswith("\n".join(f"{n}. {title}" for n, title in enumerate(STARS, 1)))


@pytest.mark.parametrize(
    ("pressed", "stars"),
    [({"text": "4"}, 4), ({"text": "第四个"}, 4), ({"text": f"4. {STARS[3]}"}, 4), ({"text": STARS[3]}, 4),
     ({"kind": "event", "payload": STARS[3]}, 4), ({"text": "满意，很快"}, 4)],
)  # fmt: skip
def test_what_platforms_bring_back_is_a_rating(tmp_path: Any, pressed: dict[str, Any], stars: int) -> None:
    url = f"sqlite:///{tmp_path}/chat.db"
    upgrade(url, "conversations")
    store = Store(url, Bus())
    chat = conversations.open_conversation(store, "wecom", "me", address={"to": "me"})
    conversations.receive(store, chat, {"text": "在吗"})
    rate_me(store, chat)
    incoming = Incoming("m1", "me", **{"kind": "text", **pressed})
    found = read(incoming, conversations.history(store, chat))
    assert found is not None
    conversations.receive(store, chat, found.content, request=found.request)
    (rating,) = conversations.latest_events(store, "rating", 9)
    assert rating.data["stars"] == stars and conversations.waiting_conversations(store, "wecom") == []
    engine_for(url).dispose()


async def test_on_the_web_page_a_button_brings_its_words_back(serve: Any, page: Any) -> None:
    server, customer = await serve(), page()
    await customer.open(server)
    await customer.say("在吗")
    await customer.until(lambda: len(customer.live) == 1)
    chat = conversations.conversation_of(customer.session_id)
    rate_me(server.store, chat)
    await customer.until(lambda: customer.live[-1].get("quick_replies"))
    question = customer.live[-1]
    assert (question["author"], question["text"]) == ("bot", phrase("utter_survey_stars"))
    assert (await customer.say(question["quick_replies"][0]["payload"]))["ok"]
    await customer.until(lambda: customer.live[-1]["text"] == phrase("utter_survey_solved"))
    await customer.say("没有解决，没人管")
    await customer.until(lambda: customer.live[-1]["text"] == phrase("utter_survey_thanks"))
    assert [m.text for m in server.asked] == ["在吗"]
    ratings = [(e.data["stars"], e.data["solved"], e.data["comment"]) for e in
               conversations.latest_events(server.store, "rating", 9)]  # fmt: skip
    assert ratings == [(None, False, "没人管"), (1, None, None)]
