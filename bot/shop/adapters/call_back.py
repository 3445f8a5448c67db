"""A call-back when a system is down: kept in the shop's own database, whatever stands behind after-sale."""

from bot.settings import get_settings
from bot.shop.access import Access
from bot.shop.adapters.running import answered
from bot.shop.aftersale.requests_of_help import open_ticket
from bot.shop.service_views import Ticket


async def leave_callback(access: Access, *, phone: str, note: str, key: str) -> Ticket:
    """Ask for a call; `note` holds what the conversation has collected, an order's number included.

    An `Access` of channel and account alone will do, as when the CRM is the one that is down.

    Raises:
        Refused: callback_phone.
        SystemDown: the shop's own database is down as well.
    """
    url = get_settings().shop_url
    return await answered("after_sale", open_ticket, url, access, kind="callback", note=note, phone=phone, key=key)
