"""The tracker store: what a turn costs does not grow with the conversation.

endpoints.yml:

    tracker_store:
      type: bot.runtime.trackers.WindowTrackerStore
      url: sqlite:///var/tracker.db     # or postgresql://…
      turns: 8                          # at least so many turns are loaded, and posted to the action server
      kept: 256                         # so many conversations stay in memory between their turns

Rasa's SQL store reads all events of a session three times a turn, and writes each one by itself. This one reads the
last turns once and writes what is new in one row. What came earlier is carried as state (slots, active loop, paused);
nothing is deleted: `retrieve_full_tracker`, and with it `rasa export` and the API, still read everything.

What this process has saved it keeps, and goes on with where the store's last turn is still that one: another process
may have answered meanwhile, or somebody erased the conversation.

An undo (UserUtteranceReverted, ActionReverted) reaches as far back as the window.

Events are published after the commit, so that none is told of a turn that is not kept. A process killed between the
two tells them when it starts again, and who finds a turn done that was to be done again tells them (`tell_again`); the
event store knows each event by its id and keeps it once.
"""

import asyncio
import itertools
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import SessionStarted
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from bot.brief import run_brief
from bot.db import upgrade
from bot.runtime import tracker_rows as rows
from bot.runtime.window import WindowTracker, revive, shorter

_LOG = logging.getLogger(__name__)
_AGAIN_SECONDS = 300.0  # how far back events are told again at the start
_LARGE = 60  # events a turn, from which on a window is cut though it holds few turns
_LONGEST = 4  # times `turns`, from which on a window is cut though policies will see less of an endless form
_T = TypeVar("_T")
_told_again: set[str] = set()  # databases of which this process has told the latest events


@dataclass(frozen=True)
class _Kept:
    """A tracker as it was saved: its last turn, and the domain whose slots it has."""

    tracker: WindowTracker
    place: rows.Place
    domain: Domain

    def is_whole(self, domain: Domain) -> bool:
        """Whether it holds what was saved and nothing else, for `domain`."""
        return self.domain is domain and len(self.tracker.events) == self.tracker.stored


class WindowTrackerStore(TrackerStore):
    """A tracker store in SQLite or PostgreSQL that loads the last turns."""

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        turns: int = 8,
        patience_seconds: float = 30.0,
        kept: int = 256,
        **kwargs: Any,
    ) -> None:
        """Make the tables where they are missing.

        Args:
            domain: whose slots trackers have.
            host: the database's URL; by default, var/tracker.db.
            event_broker: gets each new event once it is stored.
            turns: how many turns are loaded at least, half as many more at most.
            patience_seconds: how long a database that is away is waited for.
            kept: how many conversations stay in memory between their turns, some 100 KB each.
            kwargs: as of Rasa's stores.

        Raises:
            ValueError: `turns` is too few for policies that look back.
        """
        super().__init__(domain, event_broker, **kwargs)
        if int(turns) < 2:
            raise ValueError("tracker_store in endpoints.yml: turns must be at least 2")
        self.url = host or "sqlite:///var/tracker.db"
        self._turns, self._patience = int(turns), float(patience_seconds)
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._most_kept = int(kept)
        upgrade(self.url, "runtime")
        if event_broker is not None and self.url not in _told_again:  # not with each model that a server loads
            _told_again.add(self.url)
            for sender_id, events in rows.latest(self.url, _AGAIN_SECONDS):
                self._publish(sender_id, events)

    def init_tracker(self, sender_id: str) -> DialogueStateTracker:
        """An empty tracker."""
        return WindowTracker(sender_id, self.domain.slots, max_event_history=self.max_event_history)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The last turns of a conversation; None when it is not known."""
        kept = self._kept.pop(sender_id, None)  # kept again once it is saved: a turn that fails leaves nothing behind
        if (
            kept is not None
            and kept.is_whole(self.domain)
            and await self._patiently(lambda: rows.last(self.url, sender_id), brief=True) == kept.place
        ):
            return kept.tracker
        found = await self._patiently(lambda: rows.load(self.url, sender_id), brief=True)
        if not found:
            return None
        known = {slot.name for slot in self.domain.slots}
        before = [e for e in json.loads(found[0][0]) if e["event"] != "slot" or e["name"] in known]
        turns = [(number, data) for _, number, data in found if number is not None and data is not None]
        return self._tracker(sender_id, before, turns)

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """A conversation with all its sessions."""
        found = await self._patiently(lambda: rows.load_all(self.url, conversation_id))
        return self._tracker(conversation_id, [], found) if found else None

    async def exists(self, conversation_id: str) -> bool:
        """Whether the conversation is known."""
        return bool(await self._patiently(lambda: rows.load(self.url, conversation_id), brief=True))

    async def keys(self) -> Iterable[str]:
        """All conversations' ids."""
        return await self._patiently(lambda: rows.senders(self.url))

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Store what is new in `tracker`, then tell the event broker."""
        own = tracker if isinstance(tracker, WindowTracker) else await self._as_own(tracker)
        new = list(itertools.islice(own.events, own.stored, None))
        if not new:
            return
        told = [event.as_dict() for event in new]
        session = next((i for i in reversed(range(len(new))) if isinstance(new[i], SessionStarted)), None)
        number = own.last + 1
        if session is not None:
            # The window begins with the session, and it with a row.
            turns = [turn for turn in (told[:session], told[session:]) if turn]
            start = number + len(turns) - 1
            saved = rows.Saved(number, turns, start)
            kept = [(start, own.stored + session)]
        else:
            saved, kept = self._in_window(own, number, told)
        expected = number + len(saved.turns) - 1
        own.last = await self._patiently(lambda: rows.save(self.url, own.sender_id, saved), brief=True)
        if own.last != expected:
            _LOG.warning("Two processes handled conversation '%s' at the same time", own.sender_id)
        own.rows = [(n + own.last - expected if n >= number else n, begin) for n, begin in kept]
        own.stored = len(own.events)
        # Else the window begins elsewhere than in memory, or what the tracker knows of its rows is not all.
        if own is tracker and saved.start is None and own.last == expected:
            self._keep(own, rows.Place(own.last, rows.time_of(told)))
        if self.event_broker is not None:
            self._publish(own.sender_id, told)

    async def tell_again(self, sender_id: str, message_ids: Collection[str]) -> None:
        """Tell the event broker once more of the turns from one of these messages on.

        A save may have reached the database though its answer was lost and the turn given up: nobody has told of it.
        """
        if self.event_broker is None:
            return
        found = await self._patiently(lambda: rows.load_all(self.url, sender_id))
        turns = [json.loads(data) for _, data in found]
        begin = next((n for n, turn in enumerate(turns) if any(e.get("message_id") in message_ids for e in turn)), None)
        if begin is None:
            return
        if begin and not any(event["event"] == "user" for event in turns[begin - 1]):
            begin -= 1  # what led to the session in which the message stands, stored with it
        for turn in turns[begin:]:
            self._publish(sender_id, turn)

    def _keep(self, tracker: WindowTracker, place: rows.Place) -> None:
        self._kept[tracker.sender_id] = _Kept(tracker, place, self.domain)
        self._kept.move_to_end(tracker.sender_id)
        if len(self._kept) > self._most_kept:
            self._kept.popitem(last=False)

    def _tracker(self, sender_id: str, before: list[Any], turns: list[tuple[int, str]]) -> WindowTracker:
        tracker = WindowTracker(sender_id, self.domain.slots, max_event_history=self.max_event_history)
        for event in revive(before):
            tracker.update(event)
        for number, data in turns:
            tracker.rows.append((number, len(tracker.events)))
            for event in revive(json.loads(data)):
                tracker.update(event)
        tracker.stored, tracker.last = len(tracker.events), turns[-1][0] if turns else 0
        return tracker

    def _in_window(
        self, tracker: WindowTracker, number: int, told: list[dict[str, Any]]
    ) -> tuple[rows.Saved, list[tuple[int, int]]]:
        """What to store of a turn, and the rows of the window after it, cut when it has grown long."""
        kept = [*tracker.rows, (number, tracker.stored)]
        large = len(tracker.events) > _LARGE * self._turns
        if len(kept) <= self._turns * 3 // 2 and not large:
            return rows.Saved(number, [told]), kept
        tracker.rows = kept
        at_all_costs = large or len(kept) > _LONGEST * self._turns
        cut = shorter(tracker, self.domain, 1 if large else self._turns, at_all_costs)
        if cut is None:
            return rows.Saved(number, [told]), kept
        start, state = cut
        return rows.Saved(number, [told], start, state), [place for place in kept if place[0] >= start]

    async def _as_own(self, tracker: DialogueStateTracker) -> WindowTracker:
        """A tracker that did not come from here, as Rasa's API makes it: what is new is what comes after the stored.

        As with Rasa's stores it is taken for the last session.
        """
        full = await self.retrieve_full_tracker(tracker.sender_id)
        stored = list(full.events) if full is not None else []
        starts = [i for i, event in enumerate(stored) if isinstance(event, SessionStarted)]
        count = len(stored) - (starts[-1] if starts else 0)
        own = WindowTracker.from_events(tracker.sender_id, list(tracker.events), self.domain.slots)
        assert isinstance(own, WindowTracker)
        own.stored = min(count, len(own.events))
        own.last = full.last if isinstance(full, WindowTracker) else 0
        return own

    def _publish(self, sender_id: str, told: list[dict[str, Any]]) -> None:
        assert self.event_broker is not None
        for event in told:
            self.event_broker.publish({"sender_id": sender_id, **event})

    async def _patiently(self, work: Callable[[], _T], *, brief: bool = False) -> _T:
        """Do it, again and again while the database is away; in a thread unless it is `brief`.

        Raises:
            SQLAlchemyError: as the database says, when patience is at its end.
        """
        until, pause = time.monotonic() + self._patience, 0.05
        while True:
            try:
                return await (run_brief(work, self.url) if brief else asyncio.to_thread(work))
            except (OperationalError, InterfaceError, DBAPIError) as error:
                gone = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
                if not gone or time.monotonic() + pause > until:
                    raise
                _LOG.warning("The tracker store is away: %s", str(error.orig)[:200])
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)
