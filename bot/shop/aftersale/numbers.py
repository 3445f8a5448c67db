"""Readable numbers for tickets, refunds and invoices; random, so that nobody finds a neighbour's by counting."""

import secrets

from bot.clock import local, now


def new_number(prefix: str) -> str:
    """As SH260610123456: prefix, day, eight random digits. Drawn twice, the transaction is refused and runs again."""
    return f"{prefix}{local(now()):%y%m%d}{secrets.randbelow(10**8):08d}"
