"""How long one thread may keep the interpreter from the others.

A turn goes to its databases in threads, several times; while another turn computes, each of them waits up to Python's
switch interval for the interpreter, and once more after each statement. Python's 5 ms are made for throughput.
"""

import sys

SECONDS = 0.0005


def quicken() -> None:
    """Let threads take turns more often."""
    sys.setswitchinterval(SECONDS)
