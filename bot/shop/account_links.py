"""Accounts of channels that turn out to belong to a known customer."""

from bot.db import repeated, writing
from bot.shop.trade_tables import AccountRow, CustomerRow


@repeated
def link_account(url: str, channel: str, account: str, customer_id: str) -> bool:
    """Let `account` belong to the customer; False when the shop knows no such customer, or the account is another's.

    The account's guest orders stay reachable: they are looked up by the account as well.
    """
    with writing(url) as session:
        if session.get(CustomerRow, customer_id) is None:
            return False
        row = session.get(AccountRow, (channel, account))
        if row is None:
            session.add(AccountRow(channel=channel, account=account, customer_id=customer_id))
            return True
        return bool(row.customer_id == customer_id)
