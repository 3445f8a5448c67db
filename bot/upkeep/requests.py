"""Requests to erase a person: asked for in the chat or by command, carried out by one shared function.

In the chat the shop's part is done at once; what the turn itself still writes (the answer, Rasa's tracker, events)
can go only when the turn is over, so the rest waits a moment for the daily process. A request is kept until a search of
all stores finds nothing any more.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select, update

from bot import conversations
from bot.clock import now
from bot.conversations.store import holds
from bot.conversations.tables import Conversation, Message
from bot.db import reading, upgrade, writing
from bot.settings import Settings
from bot.shop import Access, Refused
from bot.shop import privacy as shop_privacy
from bot.shop.personal_data import ShopRoom
from bot.shop.service_tables import InvoiceRow
from bot.shop.trade_tables import CustomerRow, OrderRow
from bot.upkeep import proof as proofs
from bot.upkeep.erasing import erase_outside_shop
from bot.upkeep.person import Person, needles, of_customer, resolve
from bot.upkeep.problems import UpkeepError
from bot.upkeep.proof import Found, Proof
from bot.upkeep.scrubbing import scrub
from bot.upkeep.searching import Tables, all_tables, search
from bot.upkeep.tables import ErasureRow

logger = logging.getLogger(__name__)

AFTER_TURN = 20.0  # seconds; a turn in the chat is over by then
PATIENCE = 600.0  # how long a turn that is under way holds an erasure up
AGAIN = 600.0  # after which what was left is tried again, and queues of events are empty
_LEASE, _LEASE_SECONDS = "erasing", 900.0


def ask(settings: Settings, person: Person, wait: float = AFTER_TURN) -> int:
    """Keep a request; asked again while one waits it is the same. Its number."""
    for room in ("conversations", "upkeep"):
        upgrade(settings.chat_url, room)
    subject = subject_of(person)
    with writing(settings.chat_url) as session:
        waiting = select(ErasureRow).where(ErasureRow.subject == subject, ErasureRow.state == "waiting")
        row = session.scalars(waiting).first()
        if row is None:
            row = ErasureRow(subject=subject, state="waiting", counts={}, asked_at=now(), person={}, not_before=0.0)
            session.add(row)
        row.person = _both(Person.from_json(row.person) if row.person else person, person).to_json()
        row.not_before = time.time() + wait
        session.flush()
        return int(row.id)


def subject_of(person: Person) -> str:
    """By which a request is known that must not name the person."""
    who = person.customer_id or "\n".join(f"{channel}/{account}" for channel, account in sorted(person.accounts))
    return hashlib.sha256(who.encode()).hexdigest()


def dry_run(settings: Settings, person: Person) -> Proof:
    """What an erasure would find."""
    words, notes = needles(settings, person)
    return Proof(0, subject_of(person), search(settings, words), notes=tuple(notes))


def erase(settings: Settings, who: str = "", *, channel: str = "", account: str = "") -> Proof:
    """Erase a person everywhere, now.

    Raises:
        UpkeepError: nobody is known by it, orders are under way, or something is left after it.
    """
    person = resolve(settings, who, channel=channel, account=account)
    words, _ = needles(settings, person)
    _wait_until_quiet(settings, person)
    tables = all_tables(settings)
    before = search(settings, words, tables)
    try:
        ShopRoom(settings.shop_url).check(shop_privacy.Person(person.customer_id or "", person.accounts))
        if person.customer_id and not _erased(settings, person.customer_id):
            shop_privacy.erase(settings.shop_url, Access("command", "", person.customer_id))
    except Refused as refused:
        orders, tickets = refused.figures.get("orders", 0), refused.figures.get("tickets", 0)
        raise UpkeepError(
            f"还有没办完的事（订单 {orders} 笔，售后 {tickets} 件），送货和退款要用到顾客的信息，办完再删除"
        ) from None
    number = ask(settings, person, wait=0.0)
    found = carry_out(settings, number, before, tables)
    if not found.clean:
        raise UpkeepError(f"没有删干净，{int(AGAIN / 60)} 分钟后会再试：\n{found.as_table()}")
    return found


def run_waiting(settings: Settings, ready: Callable[[ErasureRow], bool] | None = None) -> list[Proof]:
    """Carry out the requests that are due, in one process of the cluster; one that fails keeps no other waiting.

    With `ready` those that are not due yet are asked for too.
    """
    upgrade(settings.chat_url, "conversations")
    upgrade(settings.chat_url, "upkeep")
    with reading(settings.chat_url) as session:
        waiting = select(ErasureRow).where(ErasureRow.state == "waiting").order_by(ErasureRow.id)
        at_once = ready is not None
        due = [row for row in session.scalars(waiting) if row.not_before <= time.time() or _may(settings, row, at_once)]
        rows = [row for row in due if (ready or _ready(settings))(row)]
    if not rows:
        return []
    store, worker = conversations.current_store(), conversations.new_worker()
    found: list[Proof] = []
    for row in rows:
        if not conversations.hold(store, _LEASE, worker, _LEASE_SECONDS):
            return found
        try:
            found.append(carry_out(settings, row.id))
        except Exception:
            logger.exception("删除请求 %d 没有成功，稍后再试", row.id)
            _again(settings, row.id, {})
    conversations.let_go(store, _LEASE, worker)
    return found


def _may(settings: Settings, row: ErasureRow, at_once: bool) -> bool:
    """Whether a request that is not due may be carried out; the second look at what comes out of a queue must wait."""
    return at_once and (settings.events.type == "store" or not row.counts.get("tried"))


def carry_out(settings: Settings, number: int, before: Found | None = None, tables: Tables | None = None) -> Proof:
    """Erase whom the request names, search for what is left, and keep the proof.

    Args:
        settings: where the stores are.
        number: of the request.
        before: what was found before the shop's part was erased, where that is known.
        tables: as `all_tables` has read them just now.
    """
    with reading(settings.chat_url) as session:
        row = session.get(ErasureRow, number)
    if row is None or row.state == "done":
        raise UpkeepError(f"没有等着办的删除请求 {number}")
    person = Person.from_json(row.person)
    if person.customer_id:
        person = _both(person, of_customer(settings, person.customer_id, person.accounts))
    else:
        person = _both(person, resolve_guest(settings, person))
    words, notes = needles(settings, person)
    tables = tables or all_tables(settings)
    before = search(settings, words, tables) if before is None else before
    erased: dict[str, int] = {}
    if not person.customer_id or not _erased(settings, person.customer_id):
        shop = ShopRoom(settings.shop_url)
        known = shop_privacy.Person(person.customer_id or "", person.accounts)
        erased |= {f"shop.{what}": count for what, count in shop.erase(known).items()}
    erased |= erase_outside_shop(settings, person, words)
    scrubbed = scrub(settings, words, tables)
    after = search(settings, words, tables)
    done = Proof(number, row.subject, before, erased, scrubbed, after, _kept(settings, person), tuple(notes), now())
    _settle(settings, done)
    return done


def _settle(settings: Settings, done: Proof) -> None:
    path = proofs.write(settings, done)
    if done.clean and not _queue_may_hold_more(settings, done.number):
        values = {"state": "done", "person": {}, "counts": done.to_json()["erased"], "done_at": now()}
        with writing(settings.chat_url) as session:
            session.execute(update(ErasureRow).where(ErasureRow.id == done.number).values(**values))
        logger.info("删除请求 %d 已办完，凭据在 %s", done.number, path)
        return
    if not done.clean:
        left = "，".join(f"{place.database}/{place.table} {count} 行" for place, count in done.after.items())
        logger.error("删除请求 %d 没有删干净：%s", done.number, left)
    _again(settings, done.number, {"tried": True})


def _queue_may_hold_more(settings: Settings, number: int) -> bool:
    """Events may still lie in a message queue, which cannot be searched: then a second look comes later."""
    if settings.events.type == "store":
        return False
    with reading(settings.chat_url) as session:
        return not session.get(ErasureRow, number).counts.get("tried")


def _again(settings: Settings, number: int, counts: dict[str, Any]) -> None:
    with writing(settings.chat_url) as session:
        values = {"not_before": time.time() + AGAIN, "counts": counts}
        session.execute(update(ErasureRow).where(ErasureRow.id == number).values(**values))


def resolve_guest(settings: Settings, person: Person) -> Person:
    """The guest with what the accounts have left since the request."""
    found = person
    for channel, account in person.accounts:
        try:
            found = _both(found, resolve(settings, channel=channel, account=account))
        except UpkeepError:
            continue
    return found


def _both(one: Person, other: Person) -> Person:
    def join(name: str) -> tuple[Any, ...]:
        return tuple(dict.fromkeys([*getattr(one, name), *getattr(other, name)]))

    lists = {name: join(name) for name in ("accounts", "conversations", "phones", "places", "ids")}
    return Person(one.customer_id or other.customer_id, name=one.name or other.name, **lists)


def _erased(settings: Settings, customer_id: str) -> bool:
    with reading(settings.shop_url) as session:
        row = session.get(CustomerRow, customer_id)
        return row is None or row.erased_at is not None


def _ready(settings: Settings) -> Callable[[ErasureRow], bool]:
    def ready(row: ErasureRow) -> bool:
        over = time.time() - row.not_before > PATIENCE
        return over or not busy(settings, Person.from_json(row.person))

    return ready


def busy(settings: Settings, person: Person) -> bool:
    """Whether the bot works on a message of the person just now."""
    ids = list(person.conversations)
    with reading(settings.chat_url) as session:
        waits = select(Message.id).where(Message.conversation_id.in_(ids), Message.state == "waiting").limit(1)
        if session.execute(waits).first() is not None:
            return True
        rows = session.execute(select(Conversation.worker, Conversation.worker_until).where(Conversation.id.in_(ids)))
        return any(holds(worker, until) for worker, until in rows)


def _wait_until_quiet(settings: Settings, person: Person, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while busy(settings, person) and time.monotonic() < until:
        time.sleep(0.5)


def _kept(settings: Settings, person: Person) -> dict[str, int]:
    """What stays without a name: the customer's orders and their invoices."""
    if not person.customer_id:
        return {}
    mine = OrderRow.customer_id == person.customer_id
    with reading(settings.shop_url) as session:
        orders = session.scalar(select(func.count()).select_from(OrderRow).where(mine))
        invoices = select(func.count()).select_from(InvoiceRow)
        invoices = invoices.where(InvoiceRow.order_no.in_(select(OrderRow.no).where(mine)))
        return {"订单": int(orders or 0), "发票": int(session.scalar(invoices) or 0)}
