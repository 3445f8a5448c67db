"""Which conversation the code at hand works for: bound at the entry of a turn, found by every line of the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CONVERSATION: ContextVar[str] = ContextVar("conversation", default="")


@contextmanager
def about(conversation_id: str) -> Iterator[None]:
    """Inside the block, and in tasks and threads begun there, the work is for this conversation."""
    token = _CONVERSATION.set(conversation_id)
    try:
        yield
    finally:
        _CONVERSATION.reset(token)


def conversation() -> str:
    """The conversation's id, "" outside of one."""
    return _CONVERSATION.get()
