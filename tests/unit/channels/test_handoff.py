"""From the bot to a person and back, driven through each platform: the person's words arrive in its own format."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from fake_wecom import CUSTOMER
from rasa.core.channels.channel import UserMessage
from serving import Running, until
from sides import SIDES, Side, WeChatKfSide, opened

from bot.conversations import (
    ONLINE,
    Request,
    agent_says,
    claim,
    give_back,
    history,
    listed,
    owner_of,
    request_person,
    save_agent,
    set_presence,
    summaries,
)

AGENT = "li"
_SERVICER = 3  # 微信客服's state of a customer whom a servicer in WeCom serves
_ENDED = 4


@pytest.fixture(params=sorted(SIDES))
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    async with opened(request.param) as made:
        yield made


class Shop:
    """A bot that repeats the customer's words, and calls a person when it is asked to."""

    server: Running

    async def __call__(self, message: UserMessage) -> None:
        words = f"回：{message.text}"
        if message.text == "转人工":
            request_person(self.server.store, message.sender_id, Request(reason="asked"))
            words = "正在为您转接人工客服"
        await message.output_channel.send_response(message.sender_id, {"text": words})


async def serve(side: Side, running: Callable[..., Any]) -> Running:
    shop = Shop()
    shop.server = server = await running(side.make, shop)
    return server


def lines(server: Running, conversation: str) -> list[tuple[str, str]]:
    """(author, words) as the agent reads them at the desk."""
    return [(m.author, m.content.get("text", "")) for m in history(server.store, conversation, limit=100)]


def taken(server: Running, conversation: str) -> None:
    """An agent who is at her desk takes it."""
    save_agent(server.store, AGENT, "小李")
    assert set_presence(server.store, AGENT, ONLINE) and claim(server.store, conversation, AGENT)


async def test_to_a_person_and_back(side: Side, running: Callable[..., Any]) -> None:
    server = await serve(side, running)
    await side.say(server, "有货吗")
    await until(lambda: side.told() == ["回：有货吗"])
    await side.say(server, "转人工")
    await until(lambda: side.told()[1:] == ["正在为您转接人工客服"])
    conversation = side.conversation(server)
    await until(lambda: owner_of(server.store, conversation) == "waiting")
    assert [one.id for one in listed(server.store, owner="waiting")] == [conversation]

    taken(server, conversation)
    agent_says(server.store, conversation, AGENT, {"text": "您好，我是小李，黑色还有三台"})
    await until(lambda: side.told()[2:] == ["您好，我是小李，黑色还有三台"])
    await side.say(server, "那我要两台")
    await until(lambda: lines(server, conversation)[-1] == ("customer", "那我要两台"))
    (seen,) = summaries(server.store, [conversation])
    assert (seen.agent_id, seen.unread, seen.last and seen.last.content) == (AGENT, 1, {"text": "那我要两台"})

    agent_says(server.store, conversation, AGENT, {"text": "好的，给您留着"})
    await until(lambda: side.told()[3:] == ["好的，给您留着"])
    give_back(server.store, conversation, AGENT)
    await side.say(server, "谢谢")
    await until(lambda: side.told()[4:] == ["回：谢谢"])
    # The bot heard what was said to it, in order, and nothing that was said to the person.
    assert server.heard == ["有货吗", "转人工", "谢谢"] and owner_of(server.store, conversation) == "bot"


async def test_what_came_between_request_and_agent_is_read_by_the_agent(
    side: Side, running: Callable[..., Any]
) -> None:
    server = await serve(side, running)
    await side.say(server, "转人工")
    conversation = side.conversation(server)
    await until(lambda: owner_of(server.store, conversation) == "waiting" and side.told())
    await side.say(server, "在吗")
    await until(lambda: lines(server, conversation)[-1] == ("customer", "在吗"))
    taken(server, conversation)
    agent_says(server.store, conversation, AGENT, {"text": "在的"})
    await until(lambda: side.told()[-1:] == ["在的"])
    assert server.heard == ["转人工"]


class InWeCom(WeChatKfSide):
    """微信客服 whose customers are served by people in WeCom itself."""

    handover = "wecom"


async def test_wechat_kf_moves_the_platforms_service_state(
    running: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SIDES, "wechat_kf", InWeCom)
    async with opened("wechat_kf") as side:
        server, platform = await serve(side, running), side.platform
        await side.say(server, "转人工")
        conversation = side.conversation(server)
        await until(lambda: platform.moves == [2])  # into the queue of WeCom, once
        assert owner_of(server.store, conversation) == "waiting"
        platform.states[CUSTOMER] = _SERVICER
        platform.happen("session_status_change", change_type=1, new_servicer_userid="li")
        await side.say(server, "有人吗")
        await until(lambda: lines(server, conversation)[-1] == ("customer", "有人吗"))
        platform.states[CUSTOMER] = _ENDED
        platform.happen("session_status_change", change_type=3, old_servicer_userid="li")
        await side.say(server, "谢谢")
        await until(lambda: side.told()[-1:] == ["回：谢谢"])
        # The session had ended: the bot's answer opened it again for itself.
        assert server.heard == ["转人工", "谢谢"] and platform.moves == [2, 1]
        assert owner_of(server.store, conversation) == "bot"


async def test_an_agent_at_the_desk_reopens_a_session_that_ended(running: Callable[..., Any]) -> None:
    async with opened("wechat_kf") as side:
        server, platform = await serve(side, running), side.platform
        await side.say(server, "转人工")
        conversation = side.conversation(server)
        await until(lambda: owner_of(server.store, conversation) == "waiting" and side.told())
        taken(server, conversation)
        platform.states[CUSTOMER] = _ENDED
        agent_says(server.store, conversation, AGENT, {"text": "还在吗"})
        await until(lambda: side.told()[-1:] == ["还在吗"])
        assert platform.moves == [1] and platform.states[CUSTOMER] == 1
