"""A ticket of this process, the names under which Redis has it, and the error of who waited in vain."""

from dataclasses import dataclass

from rasa.core.lock_store import LockError

GRACE = 2000  # ms; a living process speaks up again several times in it
WAKE_KEPT = 10_000  # ms, for who is just about to listen


@dataclass(eq=False)
class Held:
    """`number` is its place in the queue, "" before it has one; `until` is when renewing ends (monotonic seconds)."""

    conversation_id: str
    token: str
    number: str = ""
    holds: bool = False
    until: float = 0.0


@dataclass(frozen=True)
class Keys:
    """The names of everything in Redis."""

    prefix: str

    def of(self, conversation_id: str) -> list[str]:
        """KEYS of the scripts."""
        own = f"{self.prefix}{conversation_id}"
        return [f"{own}:queue", f"{own}:leases", f"{self.prefix}pulse", f"{self.prefix}calm"]

    def wake(self, held: Held | None = None) -> str:
        """The list by which a ticket is woken; without one, what these names begin with."""
        return f"{self.prefix}wake:{held.token if held else ''}"


def not_in_time(conversation_id: str) -> LockError:
    """Somebody else had the lock for too long."""
    return LockError(f"The lock of conversation '{conversation_id}' was not free in time.")
