"""Passive replies: an answer that is ready while WeChat still waits goes back in the response to the message itself."""

import asyncio
from dataclasses import dataclass, field

_POLL = 0.05


@dataclass
class Waiting:
    """A request of WeChat that is open: `reply` takes the XML to answer with, `written` says that it was sent."""

    reply: "asyncio.Future[str]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    written: "asyncio.Future[bool]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class OpenRequests:
    """The open request of each customer, the latest one: WeChat has hung up on those before."""

    def __init__(self) -> None:
        self._open: dict[str, Waiting] = {}

    def open(self, customer: str) -> Waiting:
        """A request of `customer` may be answered from now on."""
        self._open[customer] = waiting = Waiting()
        return waiting

    def close(self, customer: str, waiting: Waiting) -> None:
        """The request is answered or was given up."""
        if self._open.get(customer) is waiting:
            del self._open[customer]
        if not waiting.written.done():
            waiting.written.set_result(False)

    async def answer(self, customer: str, xml: str, patience: float = 0.0) -> bool:
        """Answer the customer's open request, or one that opens within `patience` seconds; whether WeChat got it."""
        end = asyncio.get_running_loop().time() + patience
        while (waiting := self._open.pop(customer, None)) is None or waiting.reply.done():
            if asyncio.get_running_loop().time() >= end:
                return False
            await asyncio.sleep(_POLL)
        waiting.reply.set_result(xml)
        return await waiting.written
