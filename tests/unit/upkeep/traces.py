"""Traces of a made-up customer in every store."""

import json
from datetime import timedelta
from typing import Any

from bot import clock
from bot.channels.shared_tables import MediaFile, Quota, Seen, Value
from bot.chatwoot.tables import Link, Parcel
from bot.conversations.tables import Conversation, Delivery, Event, Message, Survey, Ticket
from bot.db import writing
from bot.desk.tables import Account, Audit
from bot.events.tables import EventRow
from bot.insight.tables import ContactRow, ExposureRow
from bot.knowledge.tables import AskedRow
from bot.learning.tables import DrawnRow
from bot.quality.tables import AppealRow, FindingRow, OutsideRow, TalkRow
from bot.runtime import tracker_rows
from bot.settings import Settings
from bot.shop.customer_tables import ChoiceRow
from bot.shop.identity_tables import DoneRow, GrantRow
from bot.shop.service_tables import InvoiceRow, StepRow, TicketRow
from bot.shop.tables import ProductRow, VariantRow, WarehouseRow
from bot.shop.trade_tables import AccountRow, CustomerRow, OrderLineRow, OrderRow

WORDS = {1: ("欧阳测一", "17000000001"), 2: ("司马测二", "17000000002")}


def identifiers(number: int) -> list[str]:
    """By what a trace of the customer is known, as a stranger to the code would search."""
    name, phone = WORDS[number]
    return [name, phone, account(number), chat(number), f"client-message-{number}", f"和平路{number}号院2单元"]


def account(number: int) -> str:
    return f"openid-of-{number}-xyz"


def chat(number: int) -> str:
    return f"{number}" * 32


def leave_traces(settings: Settings, number: int) -> None:
    """Customer C<number> with a finished order, a chat with pictures, and what every room made of it."""
    now = clock.now() - timedelta(hours=1)
    _shop(settings, number, now)
    _chat(settings, number, now)
    _events(settings, number, now)
    own = chat(number)
    with writing(settings.knowledge_url) as session:
        session.add(AskedRow(at=now, conversation=own, text="怎么退货", outcome="none", score=0.1))
    turn = [{"event": "user", "text": f"我叫{WORDS[number][0]}", "timestamp": now.timestamp()}]
    tracker_rows.save(settings.tracker_url, own, tracker_rows.Saved(1, [turn]))


def _shop(settings: Settings, number: int, now: Any) -> None:
    name, phone = WORDS[number]
    own = f"C{number}"
    with writing(settings.shop_url) as session:
        if number == 1:
            session.add(
                ProductRow(
                    id="P1", name="杯子", brand="无", category="其他", unit="个", image="", description="",
                    parameters={}, aliases=[],
                )
            )  # fmt: skip
            session.add(
                WarehouseRow(
                    id="bj", name="北京仓库", city="北京", cut_off="16:00", ship_by="18:00", working_days=[], regions=[]
                )
            )
            session.flush()
            session.add(VariantRow(sku="P1-1", product_id="P1", label="", attributes={}, position=1))
        session.add(CustomerRow(id=own, name=name, phone=phone, city="北京", created_at=now))
        session.flush()
        session.add(AccountRow(channel="wechat", account=account(number), customer_id=own))
        session.add(
            OrderRow(
                no=f"DX{number}", customer_id=own, channel="wechat", account=account(number), status="completed",
                amount_fen=100, discount_fen=0, idempotency_key=f"{account(number)}-1", created_at=now,
                warehouse_id="bj", address=f"北京和平路{number}号院2单元", city="北京", phone=phone,
            )
        )  # fmt: skip
        session.flush()
        session.add(OrderLineRow(order_no=f"DX{number}", sku="P1-1", quantity=1, price_fen=100))
        session.add(
            InvoiceRow(
                no=f"F{number}", order_no=f"DX{number}", kind="personal", title=name, amount_fen=100, status="issued",
                email=f"mail{number}@example.com", created_at=now,
            )
        )  # fmt: skip
        session.add(
            TicketRow(
                no=f"S{number}", kind="repair", order_no=f"DX{number}", sku="P1-1", quantity=1, customer_id=own,
                channel="wechat", account=account(number), status="done", reason="quality", note=f"找{name}",
                details={"phone": phone}, created_at=now,
            )
        )  # fmt: skip
        session.add(StepRow(of_no=f"S{number}", position=1, at=now, status="done", note=f"已电话 {phone} 告知"))
        session.add(ChoiceRow(customer_id=own))
        session.add(GrantRow(channel="wechat", account=account(number), order_no=f"DX{number}", expires_at=now))
        session.add(
            DoneRow(
                channel="wechat", account=account(number), idempotency_key="k", request="r", answer={"to": name},
                done_at=now,
            )
        )  # fmt: skip


def _chat(settings: Settings, number: int, now: Any) -> None:
    name, phone = WORDS[number]
    own, media = chat(number), f"media-file-of-customer-{number}"
    with writing(settings.chat_url) as session:
        if number == 1:
            session.add(Account(id="anna", name="安娜", role="agent", password="x", created_at=now))
        session.add(
            Conversation(
                id=own, channel="wechat", account=account(number), address={"openid": account(number)}, last_number=4,
                created_at=now, tags=[], tried=[], note={"name": name},
            )
        )  # fmt: skip
        session.flush()
        told: list[tuple[str, dict[str, Any], Any]] = [
            ("customer", {"text": f"我叫{name}，电话{phone}"}, {"text": name, "metadata": {}}),
            ("customer", {"image": f"/media/{media}"}, {"text": "", "media": media, "metadata": {}}),
            ("agent", {"text": f"{name}您好", "image": f"/uploads/{'a' * 63}{number}.png"}, None),
            ("note", {"text": f"{name}很着急"}, None),
        ]
        for place, (author, content, request) in enumerate(told, 1):
            session.add(
                Message(
                    conversation_id=own, number=place, author=author, content=content, request=request, created_at=now,
                    client_id=f"client-message-{number}" if place == 1 else None,
                )
            )  # fmt: skip
        session.flush()
        session.add(
            Delivery(conversation_id=own, number=3, channel="wechat", state="sent", platform_id=f"platform-id-{number}")
        )
        session.add(Survey(conversation_id=own, step="done", asked_at=now, number=3, comment=f"{name}不满意"))
        session.add(Ticket(conversation_id=own, created_at=now, note={"contact": phone}))
        session.add(Link(conversation_id=own, contact_id=number, remote_id=number, seen_id=0, sent_id=0, failures=0))
        session.add(Parcel(conversation_id=own, key="note-1", kind="note", content={"text": name}, attempts=0))
        session.add(Event(number=number, at=now, kind="message", conversation_id=own, data={"number": 1}))
        session.add(MediaFile(name=media, channel="wechat", reference={"reference": account(number)}, state="here"))
        session.add(Seen(key=f"wechat:client-message-{number}", expires_at=9e9))
        session.add(Value(key=f"rated:{own}:1", value="5"))
        session.add(Quota(key=f"wechat:{account(number)}", left=5, expires_at=9e9))
        session.add(Audit(at=now, account_id="anna", action="whisper", object=own, details={"to": name}))
    for folder, file in (("media", media), ("uploads", f"{'a' * 63}{number}.png")):
        (settings.var / folder).mkdir(exist_ok=True)
        (settings.var / folder / file).write_bytes(b"picture")


def _events(settings: Settings, number: int, now: Any) -> None:
    name, phone = WORDS[number]
    own, day = chat(number), now.date()
    with writing(settings.events_url) as session:
        session.add(
            EventRow(
                id=f"event-{number}", kind="message.customer", conversation_id=own, at=now, channel="wechat",
                actor="customer", data={"text": f"我叫{name[0]}**"},
            )
        )  # fmt: skip
        zero = ("customer_messages", "bot_messages", "agent_messages", "rounds", "rounds_ms", "unclear", "sla_breaches")
        session.add(
            ContactRow(
                conversation_id=own, started_at=now, ended_at=now, day=day, customer=f"C{number}", channel="wechat",
                base="other", intent="other", segment="guest", handled_by="bot", agent="", handed_off=False,
                handoff_reason="", repeated=False, tasks=0, tasks_done=0, order_no=f"DX{number}", order_fen=100,
                **dict.fromkeys(zero, 1),
            )
        )  # fmt: skip
        session.add(ExposureRow(experiment="e", customer=f"C{number}", variant="a", first_at=now))
        session.add(
            TalkRow(
                id=f"{own}:1", conversation_id=own, kind="chat", channel="wechat", day=day, started_at=now,
                ended_at=now, agent="anna", handled_by="agent", messages=3, rules="r", score=80.0, lost=20.0,
                verdicts={},
            )
        )  # fmt: skip
        session.flush()
        session.add(
            FindingRow(
                talk_id=f"{own}:1", criterion="polite", day=day, agent="anna", side="agent", points=5.0, number=3,
                offset=0, quote=f"{name}您好", message=f"{name}您好", said_at=now, suggestion="", overturned=False,
            )
        )  # fmt: skip
        session.add(
            AppealRow(
                talk_id=f"{own}:1", criterion="polite", agent="anna", reason=f"{name}先骂人", made_at=now,
                status="open", answer="",
            )
        )  # fmt: skip
        session.add(
            OutsideRow(
                id=f"call-{number}", kind="call", channel="phone", agent="anna", source="a.csv", started_at=now,
                customer=f"{phone[:3]}****{phone[-4:]}", seconds=5.0, lines=[{"text": name}], facts=[],
            )
        )  # fmt: skip
        session.add(
            DrawnRow(
                key=f"key-{number}", week="2026-W47", text="我要退货", conversation_id=own, at=now, reason="unsure",
                predicted="", confidence=0.5, emotion_predicted="calm", suggestions=[], changed_at=now,
            )
        )  # fmt: skip


def everything(settings: Settings) -> str:
    """Every row of every table and every file as one text, without the code under test."""
    from sqlalchemy import inspect, text

    from bot.db import engine_for
    from bot.upkeep.stores import databases

    found = []
    for url in databases(settings).values():
        with engine_for(url).connect() as connection:
            quoted = connection.dialect.identifier_preparer.quote_identifier
            for table in sorted(inspect(connection).get_table_names()):
                if table == "upkeep_erasures":
                    continue
                for row in connection.execute(text(f"SELECT * FROM {quoted(table)}")).mappings():
                    kept = {n: v for n, v in row.items() if (table, n) != ("invoices", "title")}
                    found.append(f"{table} {json.dumps(kept, ensure_ascii=False, default=str)}")
    for path in settings.var.rglob("*"):
        if path.is_file() and ".db" not in path.name:
            found.append(f"{path.name} {path.read_bytes()!r}")
    # JSON in texts, as trackers have it, is written with escapes.
    return "\n".join(line.replace("\\\\u", "\\u") for line in found)
