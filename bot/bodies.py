"""Bodies of answers of other servers, up to a length, without harm to the connection."""

import aiohttp


async def read_within(answer: aiohttp.ClientResponse, largest: int) -> bytes | None:
    """The whole body, or None when it has more than `largest` bytes.

    aiohttp (3.9) gives a connection back to its pool when the end of an answer has arrived, and with it the pause of
    reading that a full buffer has asked for: unless the buffer is read, the next request on that connection waits for
    ever. So what has arrived is read, and a connection on which more would come is closed.

    Raises:
        aiohttp.ClientError, asyncio.TimeoutError: it broke off.
    """
    content = bytearray()
    while len(content) <= largest:
        more = await answer.content.read(largest + 1 - len(content))
        if not more:
            return bytes(content)
        content += more
    if answer.connection is None:
        answer.content.read_nowait()
    else:
        answer.close()
    return None
