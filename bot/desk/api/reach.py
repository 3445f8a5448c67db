"""Which conversation a request is about, and whether its caller may read it."""

from bot import conversations
from bot.conversations import Summary
from bot.desk.api.endpoints import Call
from bot.desk.api.problems import Problem
from bot.desk.sessions import SignedInAs


def may_read(me: SignedInAs, one: Summary) -> bool:
    """Agents see their own chats, what waits, what is closed and what was left for them; supervisors all."""
    mine = one.agent_id == me.account.id or one.owner in ("waiting", "closed") or one.ticket is not None
    return mine or me.may("supervisor")


async def readable(call: Call) -> Summary:
    """The conversation of the path, for who may read it.

    Raises:
        Problem: not_found, forbidden.
    """
    one = await one_of(call)
    if not may_read(call.me, one):
        raise Problem("forbidden", "这个会话不在您名下")
    return one


async def one_of(call: Call) -> Summary:
    """The conversation of the path.

    Raises:
        Problem: not_found.
    """
    found = await call.do(conversations.summaries, call.store, [call.at("id")[:64]])
    if not found:
        raise Problem("not_found")
    return found[0]
