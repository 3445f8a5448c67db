"""Tickets: what was left while nobody was there."""

from typing import Any

from bot import conversations
from bot.desk import words
from bot.desk.api import wire
from bot.desk.api.endpoints import Call, endpoint
from bot.desk.api.problems import Problem


@endpoint("GET", "/tickets")
async def list_tickets(call: Call) -> Any:
    """`state`: open (default), taken or done."""
    state = call.request.query.get("state", "open")
    if state not in ("open", "taken", "done"):
        raise Problem("bad_request", "state 可以是 open、taken、done")
    found = await call.do(conversations.tickets, call.store, state=state)
    return {"tickets": [wire.ticket(one, call.settings.operations.desk) for one in found]}


@endpoint("POST", "/tickets/{id}/take")
async def take_ticket(call: Call) -> Any:
    number = call.at("id")
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise Problem("not_found")
    me = call.me.account
    conversation = await call.do(conversations.take_ticket, call.store, int(number), me.id, words=words.joined(me.name))
    found = await call.do(conversations.summaries, call.store, [conversation])
    return wire.conversation(found[0], call.settings.operations.desk)
