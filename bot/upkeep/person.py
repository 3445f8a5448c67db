"""Who is to be erased, and by which words a trace of them would be found."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from bot.conversations.tables import Conversation, Delivery, Message
from bot.db import reading
from bot.settings import Settings
from bot.shop.service_tables import InvoiceRow, TicketRow
from bot.shop.trade_tables import AccountRow, CustomerRow, OrderRow
from bot.upkeep.problems import UpkeepError
from bot.upkeep.stores import exists

Account = tuple[str, str]  # channel, account
_IDS = 100  # of the newest messages; older ones are in no table any more that forgets by time
_SHORT = 6  # characters; what is shorter stands inside other people's words


@dataclass(frozen=True)
class Person:
    """What a person is found by; a guest has no `customer_id`.

    `conversations` are the ids under which rooms know the chats, `ids` those of single messages (client's, platform's).
    """

    customer_id: str | None
    accounts: tuple[Account, ...]
    conversations: tuple[str, ...] = ()
    name: str = ""
    phones: tuple[str, ...] = ()
    places: tuple[str, ...] = ()  # addresses, e-mail addresses
    ids: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For the request's row, until it is done."""
        return asdict(self)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> "Person":
        """What `to_json` wrote."""
        accounts = tuple((channel, account) for channel, account in body["accounts"])
        lists = {name: tuple(body[name]) for name in ("conversations", "phones", "places", "ids")}
        return cls(body["customer_id"], accounts, name=body["name"], **lists)


@dataclass(frozen=True)
class Needle:
    """A word to look for: anywhere in a text, or (`whole`) only as a whole value; `but_not` in these tables."""

    kind: str
    text: str
    whole: bool = False
    but_not: frozenset[str] = field(default_factory=frozenset)


def resolve(settings: Settings, who: str = "", *, channel: str = "", account: str = "") -> Person:
    """The person behind a customer's id, a conversation's id, or an account of a channel.

    An account that belongs to a customer leads to the customer with all accounts.

    Raises:
        UpkeepError: nobody is known by it.
    """
    with reading(settings.shop_url) as session:
        if who and session.get(CustomerRow, who) is not None:
            return of_customer(settings, who)
    if who:
        with reading(settings.chat_url) as session:
            chat = session.get(Conversation, who)
            channel, account = (chat.channel, chat.account) if chat is not None else (channel, "")
        if chat is None:
            raise UpkeepError(f"没有编号为“{who}”的顾客或会话。按账号删除请写 --channel 渠道 --account 账号")
    if not channel or not account:
        raise UpkeepError("请写顾客编号、会话编号，或 --channel 渠道 --account 账号")
    with reading(settings.shop_url) as session:
        owner = session.get(AccountRow, (channel, account))
    return (
        of_customer(settings, owner.customer_id)
        if owner is not None
        else _complete(settings, None, [(channel, account)])
    )


def of_customer(settings: Settings, customer_id: str, accounts: Iterable[Account] = ()) -> Person:
    """A customer with all accounts; `accounts` are added to those that the shop knows."""
    with reading(settings.shop_url) as session:
        rows = select(AccountRow.channel, AccountRow.account).where(AccountRow.customer_id == customer_id)
        known = [(row.channel, row.account) for row in session.execute(rows)]
    return _complete(settings, customer_id, list(dict.fromkeys([*accounts, *known])))


def _complete(settings: Settings, customer_id: str | None, accounts: list[Account]) -> Person:
    name, phones, places = "", list[str](), list[str]()
    with reading(settings.shop_url) as session:
        customer = session.get(CustomerRow, customer_id) if customer_id else None
        if customer is not None and customer.erased_at is None:
            name, phones = customer.name, [customer.phone]
        mine = or_(OrderRow.customer_id == (customer_id or ""), _in(OrderRow.channel, OrderRow.account, accounts))
        orders = session.execute(select(OrderRow.no, OrderRow.phone, OrderRow.address).where(mine)).all()
        phones += [row.phone for row in orders if row.phone]
        places += [row.address for row in orders if row.address]
        tickets = or_(TicketRow.customer_id == (customer_id or ""), _in(TicketRow.channel, TicketRow.account, accounts))
        for details in session.scalars(select(TicketRow.details).where(tickets)):
            phones += [str(details["phone"])] if (details or {}).get("phone") else []
        for numbers in parts([row.no for row in orders]):
            emails = select(InvoiceRow.email).where(InvoiceRow.order_no.in_(numbers), InvoiceRow.email.is_not(None))
            places += list(session.scalars(emails))
    conversations, ids = _chats(settings, accounts)
    # In channels without a store of conversations, as Rasa's REST channel, the account is the conversation.
    conversations += [account for _, account in accounts]
    return Person(
        customer_id,
        tuple(accounts),
        tuple(dict.fromkeys(conversations)),
        name,
        tuple(dict.fromkeys(phones)),
        tuple(dict.fromkeys(places)),
        tuple(dict.fromkeys(ids)),
    )


def _chats(settings: Settings, accounts: list[Account]) -> tuple[list[str], list[str]]:
    if not accounts or not exists(settings.chat_url):
        return [], []
    with reading(settings.chat_url) as session:
        mine = _in(Conversation.channel, Conversation.account, accounts)
        found = list(session.scalars(select(Conversation.id).where(mine)))
        ids = _newest(session, Message.client_id, Message.conversation_id, Message.id, found)
        ids += _newest(session, Delivery.platform_id, Delivery.conversation_id, Delivery.id, found)
    return found, ids


def _newest(session: Session, column: Any, chat: Any, order: Any, found: list[str]) -> list[str]:
    query = select(column).where(chat.in_(found), column.is_not(None)).order_by(order.desc()).limit(_IDS)
    return [value for value in session.scalars(query) if len(value) >= _SHORT]


def needles(settings: Settings, person: Person) -> tuple[list[Needle], list[str]]:
    """What to look for, and in Chinese what cannot be looked for because other customers have it too."""
    from bot.upkeep.stores import Store  # a table of the shop keeps the customer's number, which leads to nobody

    shop = frozenset(Store("shop", settings.shop_url).metadata.tables)
    found = [Needle("会话", text, len(text) < _SHORT) for text in person.conversations]
    found += [Needle("账号", text, len(text) < _SHORT) for _, text in person.accounts]
    found += [Needle("消息编号", text) for text in person.ids]
    if person.customer_id:
        found.append(Needle("顾客编号", person.customer_id, True, shop))
    notes = []
    with reading(settings.shop_url) as session:
        for phone in person.phones:
            if _shared(session, person, CustomerRow.phone == phone, OrderRow.phone == phone):
                notes.append("电话还有别的顾客在用，没有按它核对")
            else:
                found.append(Needle("电话", phone, len(phone) < _SHORT))
        for place in person.places:
            if len(place) < _SHORT or _shared(session, person, None, OrderRow.address == place):
                notes.append("地址太短，或别的顾客也用，没有按它核对")
            else:
                found.append(Needle("地址或邮箱", place))
        if len(person.name) >= 2:
            if _shared(session, person, CustomerRow.name == person.name, None):
                notes.append("有同名的顾客，没有按姓名核对")
            else:
                found.append(Needle("姓名", person.name, but_not=PUBLIC))
    unique = {(needle.text, needle.whole): needle for needle in reversed(found) if needle.text}
    return list(reversed(unique.values())), list(dict.fromkeys(notes))


# Tables in which words stand that are about goods and the shop, and may be like a person's name.
PUBLIC = frozenset(
    {
        "products", "variants", "attribute_aliases", "cities", "warehouses", "stock", "prices", "promotions",
        "size_charts", "shipping_rules", "product_origins", "knowledge_entries", "desk_phrases",
        "conversation_agents", "desk_accounts",
    }
)  # fmt: skip


def _shared(session: Session, person: Person, customers: Any, orders: Any) -> bool:
    """Whether another customer, or an order of somebody else, has it too."""
    own = person.customer_id or ""
    if customers is not None:
        query = select(CustomerRow.id).where(customers, CustomerRow.id != own)
        if session.execute(query.limit(1)).first() is not None:
            return True
    if orders is None:
        return False
    others = or_(OrderRow.customer_id.is_(None), OrderRow.customer_id != own)
    mine = _in(OrderRow.channel, OrderRow.account, list(person.accounts))
    return session.execute(select(OrderRow.no).where(orders, others, ~mine).limit(1)).first() is not None


def _in(channel: Any, account: Any, accounts: list[Account]) -> Any:
    return tuple_(channel, account).in_(accounts)


def parts(values: list[Any], size: int = 400) -> Iterator[list[Any]]:
    """`values` in lists that a database takes in one query."""
    return (values[start : start + size] for start in range(0, len(values), size))
