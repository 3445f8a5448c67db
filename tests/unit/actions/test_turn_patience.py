"""How long an action may wait for the shop's systems."""

import time

import pytest
from rasa_sdk import Tracker

from actions.answering import LEAST_SECONDS, SECONDS, seconds_left


@pytest.mark.parametrize(
    ("ago", "left"),
    [
        (0.0, SECONDS),
        (1.0, SECONDS - 1.0),
        (20.0, LEAST_SECONDS),
        (240.0, SECONDS),  # the clock was put forward
        (-240.0, SECONDS),  # or back
    ],
)
def test_it_is_counted_from_the_message_by_a_clock_that_may_jump(ago: float, left: float) -> None:
    events = [{"event": "user", "timestamp": time.time() - ago}, {"event": "action", "name": "action_listen"}]
    tracker = Tracker("c", {}, {}, events, False, None, {}, "action_listen")
    assert seconds_left(tracker) == pytest.approx(left, abs=0.2)


def test_without_a_message_it_has_all_the_time() -> None:
    assert seconds_left(Tracker("c", {}, {}, [], False, None, {}, "action_listen")) == SECONDS
