"""Record events from anywhere in a process: `record(Event(…))` returns at once, the spool does the rest."""

import atexit
import threading

from bot.db import upgrade
from bot.events.masking import masked
from bot.events.model import Event
from bot.events.sinks import Sink, sink_for
from bot.events.spool import Spool, SpoolClosed
from bot.settings import Settings, get_settings


class Recorder:
    """Masks events and gives them to a spool that delivers to the sink of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sink: Sink | None = None
        self._spool = Spool(settings.var / "spool", self._deliver)

    def record(self, event: Event) -> None:
        """Keep `event`, with everything personal in its data masked."""
        self._spool.append(masked(event).to_json().encode())

    def flush(self) -> bool:
        """Deliver now; whether everything was taken."""
        return self._spool.flush()

    def close(self) -> None:
        """Deliver the rest and let go."""
        self._spool.close()
        if self._sink:
            self._sink.close()

    def _deliver(self, lines: list[bytes]) -> None:
        # Made here, in the thread that uses it, and only when there is something: a process that records
        # nothing opens no connection.
        if self._sink is None:
            if self._settings.events.type == "store":
                upgrade(self._settings.events_url, "events")
            self._sink = sink_for(self._settings.events, self._settings.events_url)
        self._sink.deliver(lines)


_lock = threading.Lock()
_recorder: Recorder | None = None


def recorder() -> Recorder:
    """This process's recorder, made at its first use and closed at exit."""
    global _recorder
    with _lock:
        if _recorder is None:
            _recorder = Recorder(get_settings())
            atexit.register(close_recorder)
        return _recorder


def close_recorder() -> None:
    """Deliver what is left and forget the recorder, as for another database in a test."""
    global _recorder
    with _lock:
        before, _recorder = _recorder, None
    if before:
        atexit.unregister(close_recorder)
        before.close()


def record(event: Event) -> None:
    """Keep `event`; never raises for a store or broker that is down, only for a disk that has been full for long."""
    try:
        recorder().record(event)
    except SpoolClosed:  # another thread has closed it since we were given it
        recorder().record(event)
