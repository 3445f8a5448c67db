"""The web channel over a real socket: nothing lost, nothing twice, everything in order."""

import asyncio
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage

from bot.channels import log
from bot.channels.limits import RateLimit


async def echo(message: UserMessage) -> None:
    await message.output_channel.send_text_message(message.sender_id, f"回：{message.text}")


async def test_answers_and_keeps_both_sides(serve: Any, page: Any) -> None:
    server, customer = await serve(), page()
    await customer.open(server)
    receipt = await customer.say("在吗", client_id="client-0001")
    assert receipt["ok"] and receipt["id"] == 1
    await customer.until(lambda: customer.typing[-2:] == [True, False])
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
        if log.history(server.url, log.conversation_of(back.session_id), after=1):
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


async def test_a_half_answered_message_is_not_answered_again_after_a_restart(serve: Any, page: Any) -> None:
    async def half(message: UserMessage) -> None:
        await echo(message)
        await asyncio.Event().wait()

    before, customer = await serve(half), page()
    await customer.open(before)
    await customer.say("下单")
    await customer.until(lambda: customer.live)
    await before.stop()
    after = await serve()
    await asyncio.sleep(0.1)
    assert after.asked == []


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
    shown = [m.content["text"] for m in log.history(server.url, server.asked[0].sender_id) if m.author == log.CUSTOMER]
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
    await customer.say("好")
    await customer.until(lambda: len(customer.live) == 2)
    assert customer.live[0]["notice"] == "failed" and customer.live[1]["text"] == "回：好"


async def test_older_history_comes_in_pages(serve: Any, page: Any) -> None:
    server, customer = await serve(), page()
    await customer.open(server)
    conversation = log.conversation_of(customer.session_id)
    for n in range(120):
        log.append(server.url, conversation, log.BOT, {"text": str(n)})
    back = page()
    back.session_id = customer.session_id
    await back.open(server)
    assert sorted(back.messages) == list(range(71, 121))
    older = await back.socket.call("history_request", {"session_id": back.session_id, "before": 71}, timeout=5)
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
