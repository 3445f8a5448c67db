"""What must be true after every fault, however it went.

- Every message that was acknowledged is in the log, and answered exactly once or with a person.
- Every word of the bot reached its customer once, and is the answer to what was asked.
- Orders, stock and what customers were told of them agree; stock that is not ordered did not change.
- Rasa handled every message once, and the event store has every event of it, none twice.
"""

import json
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection

from bot.conversations import conversation_of
from bot.events.from_rasa import from_rasa
from tests.faults.cluster import Cluster
from tests.faults.customers import BURST, Chat, Load

_QUIET = 120.0  # seconds until everything under way has come to its end
_OURS = ("bot", "system", "agent")
_PUT_OFF = "系统暂时连不上"  # utter_system_down
_NUMBER = re.compile(r"DX\d{12}")


@dataclass
class Stock:
    """The shop before the load: units by (sku, warehouse), and the orders that were there."""

    units: dict[tuple[str, str], tuple[int, int]]
    orders: dict[str, str]  # number → status


@dataclass
class Report:
    """What was found; the figures of a passed check."""

    accepted: int = 0
    answered: int = 0
    with_person: int = 0
    put_off: int = 0  # conversations whose customer was told that the shop's system is down, and to try again
    begun_anew: int = 0  # conversations whose session was over by the clock in the middle of what the customer wanted
    orders: int = 0
    events: int = 0
    pushed_again: int = 0
    slowest: float = 0.0
    median: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"accepted {self.accepted}, answered {self.answered}, with a person {self.with_person}, "
            f"put off {self.put_off}, begun anew {self.begun_anew}, orders {self.orders}, events {self.events}, "
            f"pushed again {self.pushed_again}, "
            f"median {self.median:.2f} s, slowest {self.slowest:.1f} s"
        )


def stock_of(cluster: Cluster) -> Stock:
    """The stock now."""
    engine = create_engine(cluster.database)
    with engine.connect() as connection:
        orders = {row.no: row.status for row in connection.execute(text("SELECT no, status FROM orders"))}
        found = Stock(_stock(connection), orders)
    engine.dispose()
    return found


def check(cluster: Cluster, load: Load, before: Stock) -> Report:
    """Wait until all is quiet, then look at everything; `problems` has all that is wrong."""
    cluster.alive()
    engine = create_engine(cluster.database)
    report = Report(accepted=load.accepted, pushed_again=load.platform.again)
    took = load.seconds()
    if took:
        report.median, report.slowest = took[len(took) // 2], took[-1]
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            _await_quiet(cluster, connection, report)
            told: dict[str, str] = {}
            for chat in load.chats:
                _check_chat(connection, load, chat, report, told)
            _check_trade(connection, before, told, report)
            _check_events_in_time(connection, load.chats, report)
    finally:
        engine.dispose()
    if load.platform.forged:
        report.problems.append(f"{load.platform.forged} pushes with a wrong signature")
    if not report.accepted:
        report.problems.append("nothing was accepted")
    return report


def _await_quiet(cluster: Cluster, connection: Connection, report: Report) -> None:
    until = time.monotonic() + _QUIET
    open_ones = {
        "messages wait for the bot": "SELECT count(*) FROM conversation_messages WHERE state = 'waiting'",
        "messages wait to be sent": "SELECT count(*) FROM conversation_deliveries WHERE state IN ('waiting','sending')",
    }
    while True:
        left = {what: int(connection.execute(text(query)).scalar() or 0) for what, query in open_ones.items()}
        left["bytes of events wait"] = sum(file.stat().st_size for file in _spooled(cluster.var))
        left = {what: count for what, count in left.items() if count}
        if not left:
            return
        if time.monotonic() > until:
            report.problems.append(f"not at rest after {_QUIET:.0f} s: {left}")
            return
        time.sleep(0.5)


def _spooled(var: Path) -> list[Path]:
    return [file for file in (var / "spool").glob("*.jsonl") if file.exists()]


def _conversation(connection: Connection, chat: Chat) -> Any:
    query = text("SELECT id, owner FROM conversations WHERE channel = :channel AND account = :account")
    account = conversation_of(chat.account) if chat.channel == "webchat" else chat.account
    return connection.execute(query, {"channel": chat.channel, "account": account}).one_or_none()


def _check_chat(connection: Connection, load: Load, chat: Chat, report: Report, told: dict[str, str]) -> None:
    accepted = [said for said in chat.said if said.accepted]
    conversation = _conversation(connection, chat)
    if conversation is None:
        report.problems += [f"{chat.account}: accepted, but there is no conversation"] * bool(accepted)
        return
    where = f"{chat.channel} {conversation.id}"
    query = text("SELECT * FROM conversation_messages WHERE conversation_id = :id ORDER BY number")
    messages = connection.execute(query, {"id": conversation.id}).all()
    by_client = {m.client_id: m for m in messages if m.author == "customer"}
    for said in accepted:
        if said.client_id not in by_client:
            report.problems.append(f"{where}: {said.text!r} was accepted and is lost")
    numbers = [m.number for m in messages]
    if numbers != list(range(1, len(numbers) + 1)):
        report.problems.append(f"{where}: numbers {numbers}")
    _check_answers(connection, where, conversation, messages, report)
    _check_words(chat, where, messages, by_client, _sessions(connection, conversation.id), report)
    _check_heard(load, chat, where, messages, report)
    for message in messages:
        said_by_bot = json.dumps(message.content, ensure_ascii=False) if message.author == "bot" else ""
        for number in _NUMBER.findall(said_by_bot):
            if told.setdefault(number, conversation.id) != conversation.id:
                report.problems.append(f"{where}: order {number} was told to another customer too")


def _check_answers(connection: Connection, where: str, conversation: Any, messages: Any, report: Report) -> None:
    """Each message belongs to one turn that Rasa handled, and each turn has one answer (or a person has it)."""
    ends = sorted({m.answers for m in messages if m.author == "bot" and m.answers is not None})
    starts = [int(found.rpartition("-")[2]) for found in _handled(connection, conversation.id)]
    twice = [number for number, count in Counter(starts).items() if count > 1]
    if twice:
        report.problems.append(f"{where}: Rasa handled {twice} more than once")
    # A turn goes from its first message to the last one that was joined to it; the next begins after that.
    covered: Counter[int] = Counter()
    for start in sorted(set(starts)):
        end = next((end for end in ends if end >= start), None)
        covered.update(range(start, (end or start) + 1))
    for message in (m for m in messages if m.author == "customer" and m.request is not None):
        if message.state == "passed":
            report.with_person += 1
            if not _person_has(connection, conversation):
                report.problems.append(f"{where}: {message.number} was passed, and no person has it")
        elif message.state != "done":
            report.problems.append(f"{where}: {message.number} is {message.state}")
        elif not any(end >= message.number for end in ends) or covered[message.number] != 1:
            report.problems.append(
                f"{where}: {message.number} is in {covered[message.number]} turns {starts}, answers {ends}"
            )
        else:
            report.answered += 1
    groups = defaultdict(list)
    for message in messages:
        if message.author == "bot" and message.answers is not None:
            groups[message.answers].append(json.dumps(message.content, sort_keys=True))
    for end, contents in groups.items():
        if len(set(contents)) != len(contents):
            report.problems.append(f"{where}: the answer to {end} says something twice: {contents}")


def _person_has(connection: Connection, conversation: Any) -> bool:
    if conversation.owner in ("waiting", "agent"):
        return True
    query = text("SELECT count(*) FROM conversation_tickets WHERE conversation_id = :id")
    return bool(connection.execute(query, {"id": conversation.id}).scalar())


def _check_words(
    chat: Chat, where: str, messages: Any, by_client: dict[str, Any], sessions: dict[str, int], report: Report
) -> None:
    """What was asked is what was answered: nothing mixed, no step of the order skipped or done twice."""
    if chat.script is BURST:
        return
    begun = None
    for said in chat.said:
        message = by_client.get(said.client_id)
        if message is None or message.state != "done":
            return  # a person has the rest
        session = sessions.get(f"{message.conversation_id}-{message.number}", begun)
        begun = session if begun is None else begun
        if session != begun:
            report.begun_anew += 1
            return  # what the customer answers was asked in a session that is over
        answer = " ".join(str(m.content.get("text", "")) for m in messages if m.answers == message.number)
        if not answer and any(m.author == "customer" and m.number > message.number for m in messages):
            # Joined to the next one: the customer took the late rest of the answer before for the answer to this one.
            return
        if _PUT_OFF in answer:
            report.put_off += 1
            return  # the rest of the script no longer fits
        if not re.search(said.expected, answer, re.DOTALL):
            report.problems.append(f"{where}: {said.text!r} was answered {answer!r}, not {said.expected!r}")


def _check_heard(load: Load, chat: Chat, where: str, messages: Any, report: Report) -> None:
    ours = [m.number for m in messages if m.author in _OURS]
    if chat.channel == "open":
        pushed = load.platform.pushed[chat.account.partition(":")[2]]
        heard = [int(push["id"][-10:]) for push in pushed]
        if heard != ours:
            report.problems.append(f"{where}: the platform got {heard}, the log has {ours}")
    else:
        last = max((m["id"] for m in chat.heard), default=0)  # what came after the page was closed it did not see
        heard = [m["id"] for m in chat.heard if m["author"] in _OURS]
        if heard != [number for number in ours if number <= last]:
            report.problems.append(f"{where}: the page showed {heard} up to {last}, the log has {ours}")


def _stock(connection: Connection) -> dict[tuple[str, str], tuple[int, int]]:
    rows = connection.execute(text("SELECT sku, warehouse_id, on_hand, reserved FROM stock"))
    return {(row.sku, row.warehouse_id): (row.on_hand, row.reserved) for row in rows}


def _check_trade(connection: Connection, before: Stock, told: dict[str, str], report: Report) -> None:
    query = text("SELECT no, account, status, warehouse_id, amount_fen, shipping_fen, discount_fen FROM orders")
    every = {row.no: row for row in connection.execute(query)}
    orders = {no: row for no, row in every.items() if no not in before.orders}
    report.orders = len(orders)
    lines = defaultdict(list)
    for line in connection.execute(text("SELECT order_no, sku, quantity, price_fen FROM order_lines")):
        lines[line.order_no].append(line)
    taken: Counter[tuple[str, str]] = Counter()
    for number, order in orders.items():
        price = sum(line.quantity * line.price_fen for line in lines[number])
        if order.amount_fen != price + order.shipping_fen - order.discount_fen:
            report.problems.append(f"order {number}: {order.amount_fen} fen are not the sum of its lines")
        for line in lines[number]:
            if order.status == "pending_payment":
                taken[line.sku, order.warehouse_id] += line.quantity
    for number, status in before.orders.items():  # whose time to pay is over gives back what it had reserved
        if (status, every[number].status) == ("pending_payment", "cancelled"):
            for line in lines[number]:
                taken[line.sku, every[number].warehouse_id] -= line.quantity
    for place, (on_hand, reserved) in _stock(connection).items():
        expected = before.units[place][0], before.units[place][1] + taken[place]
        if (on_hand, reserved) != expected or not 0 <= reserved <= on_hand:
            report.problems.append(f"stock {place}: {on_hand, reserved}, expected {expected}")
    new = {number for number in told if number not in before.orders}
    for number in new - set(orders):
        report.problems.append(f"order {number} was told and does not exist")
    per_account = Counter(order.account for order in orders.values())
    for account, count in per_account.items():  # each script orders once
        if count > 1:
            report.problems.append(f"{account} ordered once and has {count} orders")


def _handled(connection: Connection, conversation: str) -> list[str]:
    """The ids of the customer's messages that Rasa has handled, in order (a new session's own is left out)."""
    return [
        event["message_id"]
        for event in _tracker(connection, conversation)
        if event["event"] == "user" and not str(event.get("message_id")).endswith("-s")
    ]


def _sessions(connection: Connection, conversation: str) -> dict[str, int]:
    """The number of its session, from 1, by the id of a message that Rasa has handled."""
    found, number = {}, 0
    for event in _tracker(connection, conversation):
        number += event["event"] == "session_started"
        if event["event"] == "user":
            found[str(event.get("message_id"))] = number
    return found


def _tracker(connection: Connection, conversation: str) -> list[dict[str, Any]]:
    query = text("SELECT data FROM tracker_turns WHERE sender_id = :id ORDER BY number")
    return [event for data in connection.execute(query, {"id": conversation}).scalars() for event in json.loads(data)]


def _check_events_in_time(connection: Connection, chats: list[Chat], report: Report) -> None:
    """Events may still lie in the queue, so those that are missing get their time to come."""
    until = time.monotonic() + _QUIET
    while True:
        found = Report()
        _check_events(connection, chats, found)
        if not found.problems or time.monotonic() > until:
            break
        time.sleep(2)
    report.events = found.events
    report.problems += found.problems


def _check_events(connection: Connection, chats: list[Chat], report: Report) -> None:
    for chat in chats:
        conversation = _conversation(connection, chat)
        if conversation is None:
            continue
        where = f"{chat.channel} {conversation.id}"
        bodies = ({"sender_id": conversation.id, **event} for event in _tracker(connection, conversation.id))
        expected = [event for event in map(from_rasa, bodies) if event is not None]
        query = text("SELECT id, kind, data FROM events_log WHERE conversation_id = :id")
        kept = connection.execute(query, {"id": conversation.id}).all()
        report.events += len(kept)
        ids = {row.id for row in kept}
        missing = [event.kind for event in expected if event.id not in ids]
        if missing:
            report.problems.append(f"{where}: events {missing} are missing")
        told = Counter(row.data.get("message_id") for row in kept if row.kind == "message.customer")
        handled = {event.data["message_id"] for event in expected if event.kind == "message.customer"}
        # What Rasa never got, because a person did, the desk tells.
        query = text("SELECT number FROM conversation_messages WHERE conversation_id = :id AND state = 'passed'")
        passed = connection.execute(query, {"id": conversation.id}).scalars()
        wanted = Counter(handled | {f"{conversation.id}-{number}" for number in passed})
        if told != wanted:
            report.problems.append(f"{where}: events tell of {told - wanted}, not of {wanted - told}")
        done = Counter(row.data["flow"] for row in kept if row.kind == "task.done" and row.data["outcome"] == "done")
        if any(count > 1 for count in done.values()):
            report.problems.append(f"{where}: the event store has tasks done twice: {done}")
