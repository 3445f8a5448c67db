"""The web channel over a real socket: nothing lost, nothing twice, everything in order."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot import conversations
from bot.conversations import log
from bot.conversations.bus_local import LocalBus
from bot.limits import RateLimit


async def echo(message: UserMessage) -> None:
    await message.output_channel.send_text_message(message.sender_id, f"回：{message.text}")


async def test_answers_and_keeps_both_sides(serve: Any, page: Any) -> None:
    server, customer = await serve(), page()
    await customer.open(server)
    receipt = await customer.say("在吗", client_id="client-0001")
    assert receipt["ok"] and receipt["id"] == 1
    await customer.until(lambda: customer.live and customer.typing[-2:] == [True, False])
    assert [m["text"] for m in customer.live] == ["回：在吗"]

    again = page()
    again.session_id = customer.session_id
    await again.open(server)
    assert again.texts() == ["在吗", "回：在吗"]
    assert again.messages[1]["client_id"] == "client-0001"


async def test_a_message_sent_again_is_answered_once(serve: Any, page: Any) -> None:
    async def slow(message: UserMessage) -> None:
        await asyncio.sleep(0.05)
        await echo(message)

    server, customer = await serve(slow), page()
    await customer.open(server)
    receipts = await asyncio.gather(*(customer.say("下单", client_id="client-0001") for _ in range(5)))
    await customer.until(lambda: customer.live)
    receipts.append(await customer.say("下单", client_id="client-0001"))
    await asyncio.sleep(0.15)
    assert {receipt["id"] for receipt in receipts} == {1}
    assert len(server.asked) == 1 and len(customer.live) == 1


async def test_messages_of_one_customer_are_answered_in_order_and_customers_side_by_side(serve: Any, page: Any) -> None:
    release = asyncio.Event()

    async def bot(message: UserMessage) -> None:
        if message.text == "慢":
            await release.wait()
        await echo(message)

    server, first, second = await serve(bot), page(), page()
    await first.open(server)
    await second.open(server)
    for text in ("慢", "二", "三"):
        await first.say(text)
    await second.say("别人")
    await second.until(lambda: second.live)
    assert not first.live
    release.set()
    await first.until(lambda: len(first.live) == 3)
    assert [m["text"] for m in first.live] == ["回：慢", "回：二", "回：三"]
    assert sorted(first.messages) == [m["id"] for m in first.live] == [4, 5, 6]


async def test_an_answer_given_while_the_page_was_away_comes_with_the_reconnect(serve: Any, page: Any) -> None:
    release = asyncio.Event()

    async def bot(message: UserMessage) -> None:
        await release.wait()
        await echo(message)

    server, customer = await serve(bot), page()
    await customer.open(server)
    await customer.say("有货吗")
    await customer.close()
    release.set()
    back = page()
    back.session_id = customer.session_id
    for _ in range(100):
        if log.history(server.store, log.conversation_of(back.session_id), after=1):
            break
        await asyncio.sleep(0.01)
    await back.open(server, last_id=1)
    assert back.texts() == ["回：有货吗"] and not back.live


async def test_after_a_restart_history_is_there_and_the_waiting_message_is_answered(serve: Any, page: Any) -> None:
    async def never(message: UserMessage) -> None:
        if message.text == "第一句":
            await echo(message)
        else:
            await asyncio.Event().wait()

    before, customer = await serve(never), page()
    await customer.open(before)
    await customer.say("第一句")
    await customer.until(lambda: customer.live)
    await customer.say("第二句", client_id="client-0002")
    await customer.until(lambda: len(before.asked) == 2)
    await customer.close()
    await before.stop()

    after, back = await serve(), page()
    back.session_id = customer.session_id
    await back.open(after)
    assert (await back.say("第二句", client_id="client-0002"))["id"] == 3
    await back.until(lambda: "回：第二句" in back.texts())
    assert back.texts() == ["第一句", "回：第一句", "第二句", "回：第二句"]
    assert [m.text for m in after.asked] == ["第二句"]
    assert after.asked[0].message_id == before.asked[1].message_id


async def test_of_a_turn_that_was_cut_off_nothing_is_said_and_after_a_restart_all_of_it(serve: Any, page: Any) -> None:
    async def half(message: UserMessage) -> None:
        await echo(message)
        if len(before.asked) == 1:
            await asyncio.Event().wait()

    before, customer = await serve(half), page()
    await customer.open(before)
    await customer.say("下单")
    await customer.until(lambda: before.asked)
    await customer.close()
    await before.stop()
    after, back = await serve(), page()
    back.session_id = customer.session_id
    await back.open(after)
    await back.until(lambda: len(back.messages) == 2)
    assert back.texts() == ["下单", "回：下单"] and not customer.live
    assert after.asked[0].message_id == before.asked[0].message_id


async def test_two_pages_of_one_customer_show_the_same(serve: Any, page: Any) -> None:
    server, phone, desktop = await serve(), page(), page()
    await phone.open(server)
    desktop.session_id = phone.session_id
    await desktop.open(server)
    await phone.say("在吗")
    await desktop.until(lambda: len(desktop.messages) == 2)
    assert desktop.texts() == ["在吗", "回：在吗"]


@pytest.mark.parametrize(
    ("message", "more", "error"),
    [
        ("", {}, "empty"),
        ("   ", {}, "empty"),
        (None, {}, "empty"),
        ({"text": "x"}, {}, "empty"),
        ("长" * 51, {}, "too_long"),
        ("在吗", {"client_id": "短"}, "bad_client_id"),
        ("在吗", {"client_id": 12345678}, "bad_client_id"),
        ("在吗", {"session_id": "a" * 43}, "no_session"),
        ("在吗", {"session_id": ["x"]}, "no_session"),
    ],
)
async def test_bad_messages_are_refused(serve: Any, page: Any, message: Any, more: Any, error: str) -> None:
    server, customer = await serve(web={"message_max_length": 50}), page()
    await customer.open(server)
    receipt = await customer.say(message, **more)
    assert (receipt["ok"], receipt["error"]) == (False, error)
    assert server.asked == [] and (await customer.say("长" * 50))["ok"]


async def test_a_flood_is_slowed_down_and_may_be_sent_again(serve: Any, page: Any) -> None:
    server, customer, now = await serve(), page(), [0.0]
    server.channel._messages = RateLimit(60, seconds=lambda: now[0])
    await customer.open(server)
    receipts = [await customer.say(str(n), client_id=f"client-{n:04}") for n in range(21)]
    assert all(receipt["ok"] for receipt in receipts[:20])
    assert receipts[20] == {"ok": False, "error": "too_fast", "retry_after": 1.0}
    assert (await customer.say("0", client_id="client-0000"))["ok"]  # already stored, so no new one
    now[0] += 1
    assert (await customer.say("20", client_id="client-0020"))["ok"]


async def test_session_ids_are_issued_by_the_server_and_are_not_what_is_stored(serve: Any, page: Any) -> None:
    server, customer, guesser = await serve(), page(), page()
    await customer.open(server)
    await customer.say("我的秘密")
    conversation = log.conversation_of(customer.session_id)
    for guess in ("1", "a" * 43, conversation, {"$ne": 1}, 7):
        guesser = page()
        guesser.session_id = guess
        await guesser.open(server)
        assert guesser.session_id not in (guess, customer.session_id) and guesser.messages == {}
    assert server.asked[0].sender_id == conversation


async def test_too_many_new_sessions_from_one_address_are_refused(serve: Any, page: Any) -> None:
    server = await serve(credentials={"sessions_per_minute": 3})
    answers = [await page().open(server) for _ in range(4)]
    assert [answer["ok"] for answer in answers] == [True, True, True, False]
    assert answers[3]["error"] == "too_fast"


async def test_the_bot_begins_a_new_session_and_knows_the_page(serve: Any, page: Any) -> None:
    server, customer = await serve(credentials={"initial_payload": "/greet"}), page()
    metadata = {"page_sku": "SKU1", "page_url": "http://shop/p?1", "is_admin": "yes", "page_product": 7}
    await customer.open(server, metadata=metadata)
    await customer.until(lambda: customer.live)
    assert server.asked[0].text == "/greet"
    assert server.asked[0].metadata == {"page_sku": "SKU1", "page_url": "http://shop/p?1"}
    back = page()
    back.session_id = customer.session_id
    await back.open(server)
    assert back.messages[1]["hidden"] and len(server.asked) == 1


async def test_only_offered_payloads_reach_the_bot_as_payloads(serve: Any, page: Any) -> None:
    card = {"sku": "S1", "title": "iPhone 14", "payload": '/inform{"sku": "S1"}'}

    async def bot(message: UserMessage) -> None:
        send = message.output_channel
        buttons = [{"title": "是的", "payload": "/affirm"}]
        await send.send_text_with_buttons(message.sender_id, "要下单吗？", buttons)
        await send.send_custom_json(message.sender_id, {"type": "product_cards", "cards": [card]})

    server, customer = await serve(bot), page()
    await customer.open(server)
    await customer.say("/affirm")
    await customer.until(lambda: len(customer.live) == 2)
    for text in ("/affirm", card["payload"], '/inform{"sku": "S2"}', "/restart"):
        await customer.say(text)
    await customer.until(lambda: len(server.asked) == 5)
    said = [message.text for message in server.asked]
    assert said == ["／affirm", "/affirm", card["payload"], '／inform{"sku": "S2"}', "／restart"]
    shown = [
        m.content["text"] for m in log.history(server.store, server.asked[0].sender_id) if m.author == log.CUSTOMER
    ]
    assert shown == ["/affirm", "是的", "iPhone 14", '/inform{"sku": "S2"}', "/restart"]


async def test_all_kinds_of_bot_messages_are_kept(serve: Any, page: Any) -> None:
    async def bot(message: UserMessage) -> None:
        send, to = message.output_channel, message.sender_id
        await send.send_response(to, {"text": "一\n\n二", "buttons": [{"title": "好", "payload": "/affirm"}]})
        await send.send_response(to, {"text": "图", "image": "/images/a.svg"})
        await send.send_response(to, {"custom": {"type": "product_cards", "cards": []}})

    server, customer, back = await serve(bot), page(), page()
    await customer.open(server)
    await customer.say("看看")
    await customer.until(lambda: len(customer.live) == 5)
    back.session_id = customer.session_id
    await back.open(server)
    assert [back.messages[n] for n in range(2, 7)] == customer.live
    assert [m.get("text") for m in customer.live] == ["一", "二", "图", None, None]
    assert customer.live[1]["quick_replies"] == [{"content_type": "text", "title": "好", "payload": "/affirm"}]
    assert customer.live[3]["attachment"] == {"type": "image", "payload": {"src": "/images/a.svg"}}
    assert customer.live[4]["custom"]["type"] == "product_cards"


@pytest.mark.parametrize("trouble", ["raises", "hangs"])
async def test_a_failing_bot_says_so_and_goes_on(serve: Any, page: Any, trouble: str) -> None:
    async def bot(message: UserMessage) -> None:
        if message.text == "坏":
            if trouble == "hangs":
                await asyncio.Event().wait()
            raise RuntimeError("模型没有加载")
        await echo(message)

    server, customer = await serve(bot, credentials={"answer_timeout": 0.2}), page()
    await customer.open(server)
    await customer.say("坏")
    await customer.until(lambda: customer.live)
    assert customer.live[0]["notice"] == "failed"
    await customer.say("在吗")
    conversation = log.conversation_of(customer.session_id)
    assert conversations.owner_of(server.store, conversation) == "waiting"
    assert len(server.asked) == 1, "the person has it, the bot must not interrupt"


async def test_older_history_comes_in_pages(serve: Any, page: Any) -> None:
    server, customer = await serve(), page()
    await customer.open(server)
    conversation = log.conversation_of(customer.session_id)
    for n in range(120):
        conversations.say(server.store, conversation, {"text": str(n)})
    back = page()
    back.session_id = customer.session_id
    await back.open(server)
    assert sorted(back.messages) == list(range(71, 121))
    older = await back.socket.call("history_request", {"session_id": back.session_id, "before": 71}, timeout=20)
    assert [m["id"] for m in older["messages"]] == list(range(21, 71))
    away = page()
    away.session_id = customer.session_id
    await away.open(server, last_id=5)
    assert sorted(away.messages) == list(range(6, 121))


async def test_the_output_channel_reaches_the_page_without_a_question(serve: Any, page: Any) -> None:
    server, customer = await serve(), page()
    await customer.open(server)
    output = server.channel.get_output_channel()
    await output.send_text_message(log.conversation_of(customer.session_id), "您的包裹已签收")
    await output.send_text_message("nobody", "没有这个会话")
    await customer.until(lambda: customer.live)
    assert customer.texts() == ["您的包裹已签收"]


async def test_an_agents_words_come_at_once_and_the_bot_is_silent_meanwhile(serve: Any, page: Any) -> None:
    server, customer = await serve(), page()
    await customer.open(server)
    chat = conversations.conversation_of(customer.session_id)
    store = conversations.Store(server.store.url, LocalBus(str(server.var / "bus")))  # as in the desk's process
    conversations.save_agent(store, "anna", "安娜")
    await customer.say("转人工")
    await customer.until(lambda: customer.live)
    conversations.take_over(store, chat, "anna", words={"text": "安娜来了"})
    began = asyncio.get_running_loop().time()
    conversations.agent_says(store, chat, "anna", {"text": "您好", "name": "安娜"})
    await customer.until(lambda: len(customer.live) == 3)
    assert asyncio.get_running_loop().time() - began < 0.5
    assert [(m["author"], m["text"]) for m in customer.live[1:]] == [("system", "安娜来了"), ("agent", "您好")]
    assert (await customer.say("我要退货"))["ok"]
    await customer.until(lambda: (customer.owners[-1]["owner"], customer.owners[-1]["agent"]) == ("agent", "安娜"))
    await asyncio.sleep(0.1)
    assert len(server.asked) == 1
    conversations.add_note(store, chat, "anna", {"text": "内部"})
    conversations.give_back(store, chat, "anna", words={"text": "店小二接着为您服务"})
    await customer.say("有货吗")
    await customer.until(lambda: customer.live[-1].get("text") == "回：有货吗")
    assert "内部" not in customer.texts() and customer.owners[-1]["owner"] == "bot"
    assert [m.text for m in server.asked] == ["转人工", "有货吗"]


async def test_a_reply_still_being_thought_of_is_not_said_after_a_person_came(serve: Any, page: Any) -> None:
    release = asyncio.Event()

    async def slow(message: UserMessage) -> None:
        await release.wait()
        await echo(message)

    server, customer = await serve(slow), page()
    await customer.open(server)
    chat = conversations.conversation_of(customer.session_id)
    conversations.save_agent(server.store, "anna", "安娜")
    await customer.say("下单")
    await customer.until(lambda: server.asked)
    conversations.take_over(server.store, chat, "anna")
    release.set()
    await customer.until(lambda: customer.typing[-2:] == [True, False])
    assert customer.live == []
    notes = [m for m in log.history(server.store, chat, notes=True) if m.author == "note"]
    assert [m.content for m in notes] == [{"text": "回：下单", "unsaid": True}]


async def test_after_a_closed_chat_the_bot_begins_a_new_session(serve: Any, page: Any) -> None:
    server, customer = await serve(), page()
    await customer.open(server)
    chat = conversations.conversation_of(customer.session_id)
    conversations.save_agent(server.store, "anna", "安娜")
    conversations.take_over(server.store, chat, "anna")
    conversations.close(server.store, chat, "anna")
    await customer.say("你好")
    await customer.say("在吗")
    await customer.until(lambda: len(customer.live) == 2)
    assert [m.text for m in server.asked] == ["/session_start", "你好", "在吗"]
    assert [m["text"] for m in customer.live] == ["回：你好", "回：在吗"]


async def test_typing_goes_both_ways_and_waiting_can_be_cancelled(serve: Any, page: Any) -> None:
    server, customer = await serve(), page()
    await customer.open(server)
    chat, heard = conversations.conversation_of(customer.session_id), []
    stop = server.store.bus.subscribe({"typing"}, lambda _, data: heard.append(data))
    for data in ({"on": True}, None, [1], {"on": "x"}):
        await customer.socket.emit("user_typing", data)
    await customer.until(lambda: len(heard) == 2)
    assert heard[0] == {"conversation": chat, "author": "customer", "on": True}
    server.store.bus.publish("typing", {"conversation": chat, "author": "agent", "on": True})
    await customer.until(lambda: customer.typing[-1:] == [True])
    stop()
    conversations.request_person(server.store, chat, conversations.Request("x"))
    assert (await customer.socket.call("cancel_waiting", {"session_id": "a" * 43}, timeout=20))["ok"] is False
    assert (await customer.socket.call("cancel_waiting", {"session_id": customer.session_id}, timeout=20))["ok"]
    assert not (await customer.socket.call("cancel_waiting", {"session_id": customer.session_id}, timeout=20))["ok"]
    assert conversations.owner_of(server.store, chat) == "bot"


async def test_what_rasa_had_answered_before_its_process_died_is_not_asked_again(serve: Any, page: Any) -> None:
    server, customer = await serve(), page()
    await customer.open(server)
    conversation = log.conversation_of(customer.session_id)
    await server.stop()
    waiting = conversations.receive(server.store, conversation, {"text": "是的"}, request={"text": "是的"})

    tracker = DialogueStateTracker.from_events(
        conversation,
        [
            UserUttered("是的", message_id=f"{conversation}-{waiting.number}"),
            BotUttered("订单已生成\n\n请在明天前付款"),
        ],
    )
    trackers = InMemoryTrackerStore(Domain.empty())
    await trackers.save(tracker)
    again = await serve(agent=SimpleNamespace(tracker_store=trackers))
    back = page()
    back.session_id = customer.session_id
    await back.open(again)
    await back.until(lambda: len(back.messages) == 3)
    assert back.texts() == ["是的", "订单已生成", "请在明天前付款"]
    assert again.asked == []


async def test_what_another_process_had_answered_before_it_died_is_not_asked_again(serve: Any, page: Any) -> None:
    """The message came to this process, but the other one was quicker to take it."""
    trackers, customer = InMemoryTrackerStore(Domain.empty()), page()
    server = await serve(agent=SimpleNamespace(tracker_store=trackers))
    await customer.open(server)
    conversation = log.conversation_of(customer.session_id)
    said = [UserUttered("是的", message_id=f"{conversation}-1"), BotUttered("订单已生成")]
    await trackers.save(DialogueStateTracker.from_events(conversation, said))
    dead = f"{conversations.new_worker().split('/')[0]}/{2**22 + 1}/x"
    with server.store.changing() as change:
        change.conversation(conversation).worker = dead
    await customer.say("是的")
    await customer.until(lambda: len(customer.live) == 1)
    assert [message["text"] for message in customer.live] == ["订单已生成"] and server.asked == []
