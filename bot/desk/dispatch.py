"""One look at the desk that does everything due: routing, promises, silent or gone agents, news for who waits.

`Dispatcher.step` rebuilds all it needs from the database, so that it may be called at any time, after any crash and
by any process; it says when it must be called again. What happens in between wakes it (`bot.desk.service`).
"""

import logging
import re
from datetime import datetime, timedelta
from typing import Any

from bot import clock, conversations
from bot.conversations import FRESH_SECONDS, OFFLINE, ONLINE, AgentView, IllegalMove, Promise, Store, Waiting
from bot.desk import alerts, routing, words
from bot.desk_settings import Desk

_LOG = logging.getLogger(__name__)
LAST_LEVEL = 3  # after the supervisor's breach nobody is left to escalate to
HEARTBEAT_SECONDS = 10.0  # a process tells so often which agents are connected to it


class Onlooker:
    """What is due wherever people answer: risk words, customers who do not want to wait. One `step` at a time."""

    def __init__(self, store: Store, desk: Desk) -> None:
        self._store = store
        self._desk = desk
        self._watch: alerts.Watch | None = None

    def step(self) -> float | None:
        """Do all that is due now; the seconds until something else will be, None when nothing is foreseen."""
        self._look()
        self._cancelled()
        return None

    def _look(self) -> None:
        self._watch = self._watch or alerts.Watch(self._store)
        self._watch.look()

    def _cancelled(self) -> None:
        ids = [waiting.id for waiting in conversations.waiting_list(self._store)]
        for conversation, text in conversations.last_words(self._store, ids).items():
            if plain(text) in {plain(word) for word in self._desk.cancel_words}:
                conversations.cancel(self._store, conversation, words=words.cancelled())


class Dispatcher(Onlooker):
    """Gives chats to the agents of the own desk; `step` may run in a thread, one at a time."""

    def __init__(self, store: Store, desk: Desk) -> None:
        super().__init__(store, desk)
        self._told: dict[str, tuple[int, int, datetime]] = {}  # conversation → version, place and time of the last news

    def step(self) -> float | None:
        """Do all that is due now; the seconds until something else will be, None when nothing is foreseen."""
        self._look()
        self._gone()
        due = [self._promise(promise) for promise in conversations.promises(self._store)]
        self._cancelled()
        due.append(self._serve())
        soonest = min((moment for moment in due if moment is not None), default=None)
        return None if soonest is None else max(0.0, (soonest - clock.now()).total_seconds())

    def _serve(self) -> datetime | None:
        """Deal with who waits; when there is something to tell them."""
        queue = conversations.waiting_list(self._store)
        if not queue:
            self._told = {}
            return None
        agents = self._agents()
        self._route(queue, agents)
        queue = conversations.waiting_list(self._store)
        if any(agent.presence == ONLINE for agent in agents):
            return self._tell_places(queue, agents)
        self._nobody(queue)
        return None

    def _agents(self) -> list[AgentView]:
        return conversations.list_agents(self._store, fresh_seconds=FRESH_SECONDS)

    def _gone(self) -> None:
        """Agents of whom nothing is heard are offline; what offline agents own goes back to the queue."""
        gone = set()
        for agent in self._agents():
            if agent.presence == OFFLINE:
                gone.add(agent.id)
                conversations.set_presence_if_stale(self._store, agent.id, FRESH_SECONDS)
        for conversation, agent_id, version in conversations.held(self._store, gone) if gone else ():
            self._return(conversation, agent_id, version, "offline")

    def _return(self, conversation: str, agent_id: str, version: int, reason: str) -> None:
        conversations.return_to_queue(
            self._store,
            conversation,
            agent_id=agent_id,
            reason=reason,
            version=version,
            priority=1,
            words=words.returned(),
        )

    def _promise(self, promise: Promise) -> datetime | None:
        """Deal with a breach; else when the next one is due."""
        due = []
        if promise.answer_by is not None:
            if promise.answer_by <= clock.now():
                self._breach(promise)
                return clock.now()  # look again at once: its row has changed
            due.append(promise.answer_by)
        if promise.owner == "agent" and promise.unanswered_since is not None and promise.assigned_at is not None:
            silent = max(promise.unanswered_since, promise.assigned_at) + timedelta(minutes=self._desk.silent_minutes)
            if silent <= clock.now():
                self._return(promise.id, promise.agent_id or "", promise.version, "silent")
                return clock.now()
            due.append(silent)
        return min(due)

    def _breach(self, promise: Promise) -> None:
        seconds = self._desk.answer_within.get(promise.category)
        last = promise.escalations + 1 >= LAST_LEVEL
        conversations.breach(
            self._store, promise.id, version=promise.version, next_seconds=None if last else seconds or 30
        )

    def _route(self, queue: list[Waiting], agents: list[AgentView]) -> None:
        names = {agent.id: agent.name for agent in agents}
        for one in routing.plan(queue, agents, self._desk.load_weight):
            try:
                conversations.claim(
                    self._store,
                    one.conversation_id,
                    one.agent_id,
                    version=one.version,
                    force=one.force,
                    words=words.joined(names[one.agent_id]),
                )
            except (IllegalMove, LookupError):  # an agent or another process was quicker
                _LOG.debug("%s was taken meanwhile", one.conversation_id)

    def _nobody(self, queue: list[Waiting]) -> None:
        for waiting in queue:
            conversations.ticket_instead(
                self._store, waiting.id, version=waiting.version, words=words.nobody(self._desk)
            )

    def _tell_places(self, queue: list[Waiting], agents: list[AgentView]) -> datetime | None:
        """Tell who moved up; when the next news is due for those who heard some a moment ago."""
        online = sum(agent.presence == ONLINE for agent in agents)
        answer_seconds = conversations.answer_seconds(self._store) if queue else 0.0
        pause, now = timedelta(seconds=self._desk.position_seconds), clock.now()
        told, due = {}, []
        for place, waiting in enumerate(queue, start=1):
            version, before, at = self._told.get(waiting.id, (-1, place, now))
            if version != waiting.version or place >= before:
                told[waiting.id] = (waiting.version, place, at if version == waiting.version else now)
            elif now - at < pause:
                told[waiting.id] = (version, before, at)
                due.append(at + pause)
            else:
                told[waiting.id] = (version, place, now)
                if place > 1:
                    seconds = conversations.wait_seconds(answer_seconds, place, online)
                    conversations.system_says(self._store, waiting.id, words.position(place, seconds), only="waiting")
        self._told = told
        return min(due, default=None)


def plain(text: Any) -> str:
    """Without blanks and punctuation."""
    return re.sub(r"[\W_]", "", str(text)).lower()
