"""Ports of the loopback for servers that run for a test or a measurement."""

import random
import socket

from bot.launch.supervise import HOST

_FROM, _TO = 18000, 32000  # below those that the kernel gives to outgoing connections


def free_ports(count: int, in_a_row: int = 1) -> list[int]:
    """The first ports of `count` rows of `in_a_row` neighbours that nobody uses now.

    A server binds its port seconds after it was chosen; had the kernel chosen, an outgoing connection could have
    taken it by then.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.SystemRandom().randrange(_FROM, _TO)
        row = range(port, port + in_a_row)
        if not any(abs(port - other) < in_a_row for other in found) and all(map(_free, row)):
            found.append(port)
    return found


def _free(port: int) -> bool:
    # Without SO_REUSEADDR: a port whose last connections wait for late packets (TIME_WAIT) is not free to everyone.
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
