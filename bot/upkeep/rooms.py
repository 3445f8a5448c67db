"""The privacy room of everything outside the shop's own tables: chats, trackers, events, quality, files."""

from sqlalchemy import func, select

from bot.clock import as_utc, local
from bot.conversations.log import NOTE
from bot.conversations.tables import Conversation, Message
from bot.db import reading, upgrade
from bot.settings import get_settings
from bot.shop.privacy import Person, PrivacyRoom, Remembered
from bot.upkeep.person import of_customer
from bot.upkeep.requests import ask


class EverywhereRoom(PrivacyRoom):
    """Shows how much chat there is; asks for the erasure of all of it once the turn is over."""

    name = "everywhere"

    def describe(self, person: Person) -> list[Remembered]:
        """The messages of all the customer's chats, where there are any."""
        settings = get_settings()
        upgrade(settings.chat_url, "conversations")
        known = of_customer(settings, person.customer_id, person.accounts)
        mine = (Message.conversation_id.in_(known.conversations), Message.author != NOTE)
        query = select(func.count(), func.min(Conversation.created_at)).select_from(Message)
        query = query.join(Conversation, Conversation.id == Message.conversation_id).where(*mine)
        with reading(settings.chat_url) as session:
            number, since = session.execute(query).one()
        if not number:
            return []
        return [Remembered("chat", {"number": number, "since": f"{local(as_utc(since)):%Y-%m-%d}"})]

    def erase(self, person: Person) -> dict[str, int]:
        """Keep the request before the shop cuts the accounts loose; `bot.upkeep.requests` carries it out."""
        settings = get_settings()
        ask(settings, of_customer(settings, person.customer_id, person.accounts))
        return {"asked": 1}
