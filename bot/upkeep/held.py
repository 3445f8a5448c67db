"""Conversations that nothing may be taken from, however old: open ones, and those whose orders are under way."""

from sqlalchemy import or_, select, tuple_

from bot.conversations.outbox import OPEN as ON_THEIR_WAY
from bot.conversations.states import AGENT, WAITING
from bot.conversations.tables import Conversation, Delivery, Message, Ticket
from bot.db import reading
from bot.settings import Settings
from bot.shop.aftersale.ticket_rows import OPEN as OPEN_TICKETS
from bot.shop.personal_data import NO_MATTER, OPEN_ORDERS
from bot.shop.service_tables import TicketRow
from bot.shop.trade_tables import AccountRow, OrderRow
from bot.upkeep.person import parts


def held(settings: Settings) -> set[str]:
    """Their ids. Channels without conversations, as Rasa's REST channel, know them by the account."""
    accounts = _under_way(settings)
    with reading(settings.chat_url) as session:
        busy = or_(
            Conversation.owner.in_((WAITING, AGENT)),
            Conversation.handoff.is_not(None),
            Conversation.worker.is_not(None),
            Conversation.id.in_(select(Message.conversation_id).where(Message.state == "waiting")),
            Conversation.id.in_(select(Ticket.conversation_id).where(Ticket.state != "done")),
            Conversation.id.in_(select(Delivery.conversation_id).where(Delivery.state.in_(ON_THEIR_WAY))),
        )
        found = set(session.scalars(select(Conversation.id).where(busy)))
        for some in parts(sorted(accounts)):
            theirs = tuple_(Conversation.channel, Conversation.account).in_(some)
            found |= set(session.scalars(select(Conversation.id).where(theirs)))
    return found | {account for _, account in accounts}


def _under_way(settings: Settings) -> set[tuple[str, str]]:
    """Accounts of customers and guests with an order or a service ticket that is not finished."""
    orders = OrderRow.status.in_(OPEN_ORDERS)
    tickets = TicketRow.status.in_(OPEN_TICKETS) & TicketRow.kind.notin_(NO_MATTER)
    customers = select(OrderRow.customer_id).where(orders).union(select(TicketRow.customer_id).where(tickets))
    queries = (
        select(OrderRow.channel, OrderRow.account).where(orders),
        select(TicketRow.channel, TicketRow.account).where(tickets),
        select(AccountRow.channel, AccountRow.account).where(AccountRow.customer_id.in_(customers)),
    )
    with reading(settings.shop_url) as session:
        return {(row.channel, row.account) for query in queries for row in session.execute(query)}
