"""The desk over HTTP and its live events: a chat from the queue to its end, and what each side hears of it."""

import asyncio
from typing import Any

from bot import conversations
from bot.conversations import Request, history, owner_of, receive


def texts(desk: Any, chat: str) -> list[tuple[str, str]]:
    return [(m.author, m.content.get("text", "")) for m in history(desk.store, chat)]


async def until(condition: Any) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


async def test_a_chat_is_given_to_a_free_agent_answered_and_given_back(desk: Any) -> None:
    anna = await desk.person("anna")
    await anna.listen()
    chat = desk.chat("我要退货", wants=Request("request_human", "aftersale", {"collected": {"order_number": "DX1"}}))
    await anna.until(lambda: anna.heard("owner", move="claim", conversation=chat))
    claim = anna.heard("owner", move="claim")[0]
    assert claim["now"]["agent"] == "anna" and claim["now"]["category_title"] == "售后"
    assert claim["now"]["note"]["collected"] == {"order_number": "DX1"}
    mine = (await anna.get("/conversations?box=mine"))["conversations"]
    assert [one["id"] for one in mine] == [chat]

    sent = await anna.say(chat, "您好，哪一单？", "client-0001")
    assert (await anna.say(chat, "您好，哪一单？", "client-0001"))["id"] == sent["id"]
    receive(desk.store, chat, {"text": "DX1"}, client_id="x")
    await anna.until(lambda: [e for e in anna.heard("message") if e["message"]["text"] == "DX1"])
    found = (await anna.get(f"/conversations/{chat}/messages"))["messages"]
    assert [(m["author"], m["text"]) for m in found] == [
        ("customer", "我要退货"),
        ("system", "客服Anna来为您服务了，您前面说的她都能看到。"),
        ("agent", "您好，哪一单？"),
        ("customer", "DX1"),
    ]
    assert found[2]["sender"] == "anna" and found[2]["name"] == "Anna"
    assert (await anna.get("/conversations"))["conversations"][0]["unread"] == 1
    await anna.post(f"/conversations/{chat}/read", number=found[-1]["id"])
    assert (await anna.get("/conversations"))["conversations"][0]["unread"] == 0

    await anna.post(f"/conversations/{chat}/give-back")
    assert owner_of(desk.store, chat) == "bot" and texts(desk, chat)[-1][0] == "system"
    assert (await anna.say(chat, "还在吗", status=409))["error"] == "not_yours"


async def test_a_freed_agent_gets_the_next_at_once(desk: Any) -> None:
    anna = await desk.person("anna", capacity=1)
    await anna.listen()
    first = desk.chat(account="c1")
    await until(lambda: owner_of(desk.store, first) == "agent")
    second = desk.chat(account="c2")
    await asyncio.sleep(0.1)
    assert owner_of(desk.store, second) == "waiting"
    began = asyncio.get_running_loop().time()
    await anna.post(f"/conversations/{first}/close", resolved=True)
    await until(lambda: owner_of(desk.store, second) == "agent")
    assert asyncio.get_running_loop().time() - began < 1.0


async def test_with_nobody_there_it_becomes_a_ticket_that_is_taken_later(desk: Any) -> None:
    chat = desk.chat("有人吗")
    await until(lambda: owner_of(desk.store, chat) == "bot")
    assert "没有客服在线" in texts(desk, chat)[-1][1]
    anna, bert = await desk.person("anna"), await desk.person("bert")
    await anna.listen()
    ticket = (await anna.get("/tickets"))["tickets"][0]
    assert ticket["conversation"] == chat and ticket["note"]["reason"] == "request_human"
    assert (await anna.post(f"/tickets/{ticket['id']}/take"))["owner"] == "agent"
    await bert.post(f"/tickets/{ticket['id']}/take", 409)
    await anna.say(chat, "让您久等了")
    assert texts(desk, chat)[-1] == ("agent", "让您久等了")


async def test_who_closes_the_browser_loses_her_chats_after_the_grace_time(desk: Any) -> None:
    anna, bert = await desk.person("anna"), await desk.person("bert", skills=["presale"])
    await anna.listen()
    chat = desk.chat(wants=Request("x", "aftersale"))
    await until(lambda: owner_of(desk.store, chat) == "agent")
    await bert.listen()
    await anna.hang_up()
    await asyncio.sleep(0.05)
    await anna.listen()  # a reload is no absence
    await asyncio.sleep(0.5)
    assert not bert.heard("owner", move="return")
    await anna.hang_up()
    await bert.until(lambda: bert.heard("owner", move="claim", agent="bert"))
    moves = [(e["move"], e.get("reason")) for e in bert.events if e["type"] == "owner"]
    assert ("return", "offline") in moves and bert.heard("presence", agent="anna", presence="offline")
    assert [text for author, text in texts(desk, chat) if author == "system"][-2:] == [
        "让您久等了，正在为您换一位客服，请稍候。",
        "客服Bert来为您服务了，您前面说的她都能看到。",
    ]


async def test_after_a_reconnect_the_page_gets_what_it_missed_and_nothing_twice(desk: Any) -> None:
    anna = await desk.person("anna")
    await anna.listen()
    chat = desk.chat()
    await anna.until(lambda: anna.heard("owner", move="claim"))
    await anna.hang_up()
    last = max(e["event"] for e in anna.events)
    before = len(anna.events)
    for number in range(5):
        receive(desk.store, chat, {"text": str(number)})
    await anna.listen(after=last)
    receive(desk.store, chat, {"text": "5"})
    await anna.until(lambda: len([e for e in anna.events[before:] if e["type"] == "message"]) >= 6)
    await asyncio.sleep(0.05)
    said = [e["message"]["text"] for e in anna.events[before:] if e["type"] == "message"]
    numbers = [e["event"] for e in anna.events[before:] if e["type"] != "hello"]
    assert said == list("012345") and numbers == sorted(set(numbers)) and min(numbers) > last
    await anna.hang_up()
    await anna.listen(after=10**9)
    assert anna.events[-1]["type"] == "resync"


async def test_typing_is_seen_on_both_sides(desk: Any) -> None:
    anna, bert = await desk.person("anna"), await desk.person("bert")
    heard: list[dict[str, Any]] = []
    await anna.listen()
    chat = desk.chat()
    await anna.until(lambda: anna.heard("owner", move="claim"))
    await bert.listen()
    stop = desk.store.bus.subscribe({"typing"}, lambda _, data: heard.append(data))
    desk.store.bus.publish("typing", {"conversation": chat, "author": "customer", "on": True})
    await anna.until(lambda: anna.heard("typing", conversation=chat, author="customer", on=True))
    await bert.socket.send_json({"type": "typing", "conversation": chat, "on": True})
    await anna.socket.send_str("no json")
    await anna.socket.send_json(["x"])
    await anna.socket.send_json({"type": "typing", "conversation": chat, "on": True})
    await anna.until(lambda: [d for d in heard if d["author"] == "agent"])
    assert [d for d in heard if d["author"] == "agent"] == [{"conversation": chat, "author": "agent", "on": True}]
    assert not bert.heard("typing")
    stop()


async def test_a_supervisor_looks_on_whispers_and_barges_in(desk: Any) -> None:
    anna, boss = await desk.person("anna"), await desk.person("boss", "supervisor")
    await anna.listen()
    await boss.listen()
    chat = desk.chat("你们怎么回事")
    await anna.until(lambda: anna.heard("owner", move="claim"))
    await boss.socket.send_json({"type": "watch", "conversation": chat, "on": True})
    await boss.until(lambda: boss.heard("owner", move="claim"))
    await asyncio.sleep(0.05)
    await boss.post(f"/conversations/{chat}/whisper", text="先道歉", client_id="whisper-01")
    await anna.until(lambda: [e for e in anna.heard("message") if e["message"].get("whisper")])
    assert "先道歉" not in [text for _, text in texts(desk, chat)]
    view = await boss.get("/overview")
    assert [c["id"] for c in view["chats"]] == [chat] and {a["id"] for a in view["agents"]} == {"anna", "boss"}
    await boss.post(f"/conversations/{chat}/barge-in")
    await boss.say(chat, "我是主管，我来处理")
    assert (await anna.say(chat, "我来", status=409))["error"] == "not_yours"
    await boss.until(lambda: boss.heard("message")[-1]["message"]["author"] == "agent")
    assert any(
        line["action"] == "barge_in" for line in (await (await desk.person("root", "admin")).get("/audit"))["lines"]
    )


async def test_a_transfer_goes_to_the_colleague_or_the_category(desk: Any) -> None:
    anna, bert = await desk.person("anna"), await desk.person("bert", skills=["presale"])
    await anna.listen()
    chat = desk.chat(wants=Request("x", "aftersale"))
    await anna.until(lambda: anna.heard("owner", move="claim"))
    path = f"/conversations/{chat}/transfer"
    await anna.post(path, 400)
    await anna.post(path, 400, category="presale", agent="bert")
    await anna.post(path, 400, category="nonsense")
    await anna.post(path, 400, agent="anna")
    await anna.post(path, 409, agent="bert")  # he is not there yet
    await bert.listen()
    await anna.post(path, agent="bert", note="要开发票")
    await bert.until(lambda: bert.heard("owner", move="claim", agent="bert"))
    found = (await bert.get(f"/conversations/{chat}/messages"))["messages"]
    assert [m["text"] for m in found if m["author"] == "note"] == ["要开发票"]
    await bert.post(path, category="aftersale")
    await anna.until(lambda: anna.heard("owner", move="claim", agent="anna")[1:])


async def test_a_picture_is_checked_and_shown_to_the_customer(desk: Any) -> None:
    anna = await desk.person("anna")
    await anna.listen()
    chat = desk.chat()
    await anna.until(lambda: anna.heard("owner", move="claim"))
    headers = {"Origin": anna.origin, "X-CSRF-Token": anna.csrf}
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 100

    async def upload(content: bytes) -> Any:
        return await anna.client.post("/api/desk/images", data=content, headers=headers)

    assert (await upload(b"<svg onload=alert(1)>")).status == 415
    assert (await upload(b"")).status == 415
    assert (await upload(png + b"0" * 6 * 2**20)).status == 413
    image = await (await upload(png)).json()
    body = {"image": image["image"], "client_id": "picture-01"}
    sent = await anna.post(f"/conversations/{chat}/messages", **body)
    assert sent["attachment"] == {"type": "image", "payload": {"src": image["src"]}}
    shown = await desk.client.get(image["src"])
    assert await shown.read() == png and shown.headers["Content-Type"] == "image/png"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    for bad in ("../chat.db", "0" * 64 + ".png", image["image"] + "x"):
        assert (await anna.ask("POST", f"/conversations/{chat}/messages", {**body, "image": bad})).status in (400, 404)
    assert (await desk.client.get("/uploads/..%2fchat.db")).status == 404


async def test_quick_phrases_of_ones_own_and_of_all(desk: Any) -> None:
    anna, bert = await desk.person("anna"), await desk.person("bert")
    boss = await desk.person("boss", "supervisor")
    own = await anna.post("/phrases", title="问候", text="您好，我是Anna")
    assert (await anna.post("/phrases", 403, title="公用", text="x", shared=True))["error"] == "forbidden"
    shared = await boss.post("/phrases", title="催发货", text="已经帮您催了", shared=True)
    assert [p["title"] for p in (await anna.get("/phrases"))["phrases"]] == ["问候", "催发货"]
    assert [p["title"] for p in (await bert.get("/phrases"))["phrases"]] == ["催发货"]
    await bert.post(f"/phrases/{own['id']}", 404, method="DELETE")
    await bert.post(f"/phrases/{shared['id']}", 403, method="PUT", title="x", text="y")
    await anna.post(f"/phrases/{own['id']}", method="PUT", title="问好", text="您好")
    await anna.post(f"/phrases/{own['id']}", method="DELETE")
    assert [p["title"] for p in (await anna.get("/phrases"))["phrases"]] == ["催发货"]


async def test_tags_and_notes(desk: Any) -> None:
    anna = await desk.person("anna")
    await anna.listen()
    chat = desk.chat()
    await anna.until(lambda: anna.heard("owner", move="claim"))
    await anna.post(f"/conversations/{chat}/tags", method="PUT", tags=["退货", " 加急 ", "退货"])
    for bad in ([""], ["x" * 21], ["x"] * 21, "退货", [1, {}]):
        await anna.post(f"/conversations/{chat}/tags", 400, method="PUT", tags=bad)
    assert (await anna.get(f"/conversations/{chat}"))["tags"] == ["退货", "加急"]
    for _ in range(2):
        await anna.post(f"/conversations/{chat}/notes", text="老顾客", client_id="note-0001")
    found = (await anna.get(f"/conversations/{chat}/messages"))["messages"]
    assert [m["text"] for m in found if m["author"] == "note"] == ["老顾客"]


async def test_a_customer_who_does_not_want_to_wait_goes_back_to_the_bot(desk: Any) -> None:
    anna = await desk.person("anna", capacity=1)
    await anna.listen()
    first, chat = desk.chat(account="c1"), desk.chat(account="c2")
    await until(lambda: owner_of(desk.store, first) == "agent")
    receive(desk.store, chat, {"text": "不等了！"}, request={"text": "不等了！"})
    await until(lambda: owner_of(desk.store, chat) == "bot")
    assert "取消排队" in texts(desk, chat)[-1][1]
    assert conversations.take(desk.store, chat, "h/1/x") == []  # the bot is not asked about it
