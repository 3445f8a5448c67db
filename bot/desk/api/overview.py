"""The supervisor's view: queues, agents, live chats, the last breaches."""

from collections import Counter
from typing import Any

from bot import clock, conversations
from bot.desk.api import wire
from bot.desk.api.endpoints import Call, endpoint

_BREACHES = 50


@endpoint("GET", "/overview", "supervisor")
async def overview(call: Call) -> Any:
    desk = call.settings.operations.desk
    agents = await call.do(conversations.list_agents, call.store, fresh_seconds=conversations.FRESH_SECONDS)
    waiting = await call.do(conversations.listed, call.store, owner="waiting", limit=1000)
    live = await call.do(conversations.listed, call.store, owner="agent", limit=1000)
    breaches = await call.do(conversations.latest_events, call.store, "sla", _BREACHES)
    longest = max((clock.now() - one.waiting_since for one in waiting if one.waiting_since), default=None)
    queues = Counter(one.category for one in waiting)
    return {
        "queues": [
            {"category": name, "title": desk.categories.get(name, name), "waiting": queues.get(name, 0)}
            for name in dict.fromkeys([*desk.categories, *queues])
        ],
        "longest_wait_seconds": 0.0 if longest is None else longest.total_seconds(),
        "answer_seconds": await call.do(conversations.answer_seconds, call.store),
        "open_tickets": len(await call.do(conversations.tickets, call.store, limit=1000)),
        "agents": [wire.agent(agent) for agent in agents],
        "waiting": [wire.conversation(one, desk) for one in waiting],
        "chats": [wire.conversation(one, desk) for one in live],
        "breaches": [
            {"event": e.number, "at": wire.iso(e.at), "conversation": e.conversation_id, "agent": e.agent_id, **e.data}
            for e in breaches
        ],
    }
