"""Messages are understood in a thread of their own, beside the other customers' turns.

Rasa computes a message's vectors while everybody waits. Most of that is done outside of Python (onnxruntime, BLAS),
where another core can go on with policies and actions. One message is understood at a time: components see one thread.
"""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.trackers import DialogueStateTracker

RASAS_OWN = MessageProcessor.parse_message
_thread = ThreadPoolExecutor(1, thread_name_prefix="nlu")


async def _parse_message(
    self: MessageProcessor,
    message: UserMessage,
    tracker: DialogueStateTracker | None = None,
    only_output_properties: bool = True,
) -> dict[str, Any]:
    parsing = RASAS_OWN(self, message, tracker, only_output_properties)
    if self.http_interpreter:  # on another machine: nothing is computed here
        return await parsing
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_thread, copy_context().run, _finish, parsing)


def _finish(parsing: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """What the coroutine returns; it waits for nothing."""
    try:
        parsing.send(None)
    except StopIteration as end:
        return dict(end.value)
    parsing.close()
    raise RuntimeError("parse_message waits for something")


def quicken() -> None:
    """Understand messages in a thread."""
    MessageProcessor.parse_message = _parse_message
