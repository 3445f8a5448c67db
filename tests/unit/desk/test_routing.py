"""Who gets which conversation, as pure functions."""

from datetime import datetime, timedelta, timezone
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from bot.conversations import AgentView, Waiting
from bot.desk.routing import Assignment, cost, plan

NOON = datetime(2026, 11, 24, 4, tzinfo=timezone.utc)


def agent(name: str, **more: Any) -> AgentView:
    known = {
        "presence": "online",
        "supervisor": False,
        "skills": (),
        "dedicated": (),
        "capacity": 5,
        "satisfaction": 1.0,
        "open_chats": 0,
        "last_assigned_at": 0.0,
        "seen_at": 0.0,
    }
    return AgentView(name, name, **{**known, **more})


def waiting(name: str = "c", **more: Any) -> Waiting:
    known: dict[str, Any] = {
        "category": "aftersale",
        "priority": 0,
        "vip": False,
        "wanted_agent": None,
        "since": NOON,
        "answer_by": None,
        "escalations": 0,
        "tried": (),
        "version": 1,
    }
    return Waiting(name, **{**known, **more})


def chosen(queue: Any, *agents: AgentView) -> list[str]:
    queue = queue if isinstance(queue, list) else [queue]
    given_to = {one.conversation_id: one.agent_id for one in plan(queue, agents, 0.7)}
    return [given_to.get(one.id, "-") for one in queue]


@pytest.mark.parametrize(
    ("who", "agents", "expected"),
    [
        ("the less loaded one", [agent("a", open_chats=3), agent("b", open_chats=1)], "b"),
        ("load counts against capacity", [agent("a", open_chats=3, capacity=10), agent("b", open_chats=2)], "a"),
        ("the better liked one", [agent("a", satisfaction=0.7), agent("b", satisfaction=0.9)], "b"),
        ("who has rested longest", [agent("a", last_assigned_at=9), agent("b", last_assigned_at=5)], "b"),
        ("nobody away or offline", [agent("a", presence="away"), agent("b", presence="offline")], "-"),
        ("nobody who has enough", [agent("a", open_chats=5)], "-"),
        ("the skill", [agent("a", skills=("presale",)), agent("b", skills=("aftersale",), open_chats=4)], "b"),
        ("no skills named means all", [agent("a", skills=("presale",)), agent("b")], "b"),
        ("the dedicated before the skilled", [agent("a"), agent("b", dedicated=("aftersale",), open_chats=4)], "b"),
        (
            "the skilled where the dedicated is full",
            [agent("a"), agent("b", dedicated=("aftersale",), capacity=0)],
            "a",
        ),
        ("she waits for a busy skilled one", [agent("a", skills=("presale",)), agent("b", open_chats=5)], "-"),
        ("anybody where nobody has the skill", [agent("a", skills=("presale",))], "a"),
        ("a supervisor only where nobody else is", [agent("a", supervisor=True), agent("b", open_chats=4)], "b"),
        ("a supervisor alone", [agent("a", supervisor=True)], "a"),
    ],
)
def test_the_best_agent_is_chosen(who: str, agents: list[AgentView], expected: str) -> None:
    if "dedicated is full" in who:
        agents = [agents[0], agent("b", dedicated=("aftersale",), open_chats=5)]
    assert chosen(waiting(), *agents) == [expected]


def test_her_own_agent_comes_first_and_others_when_she_is_not_there_or_full() -> None:
    vip = waiting(wanted_agent="b", vip=True)
    assert chosen(vip, agent("a"), agent("b", open_chats=4, skills=("presale",))) == ["b"]
    assert chosen(vip, agent("a"), agent("b", presence="away")) == ["a"]
    assert chosen(vip, agent("a"), agent("b", open_chats=5)) == ["a"]


def test_who_did_not_answer_does_not_get_it_again_unless_alone() -> None:
    late = waiting(tried=("a",), escalations=1)
    assert chosen(late, agent("a"), agent("b", open_chats=4)) == ["b"]
    assert chosen(late, agent("a")) == ["a"]


def test_late_enough_it_is_a_supervisors_even_with_full_hands() -> None:
    late = waiting(escalations=2, tried=("a",))
    boss = agent("boss", supervisor=True, open_chats=5)
    assert plan([late], [agent("b"), boss], 0.7) == [Assignment("c", 1, "boss", force=True)]
    assert chosen(late, agent("b")) == ["b"]


def test_one_look_fills_agents_evenly_and_never_over_capacity() -> None:
    queue = [waiting(f"c{n}") for n in range(5)]
    assert chosen(queue, agent("a", capacity=2), agent("b", capacity=2)) == ["a", "b", "a", "b", "-"]


AGENTS = st.lists(
    st.builds(
        agent,
        st.sampled_from("abcdef"),
        presence=st.sampled_from(["online", "online", "away", "offline"]),
        supervisor=st.booleans(),
        skills=st.sampled_from([(), ("presale",), ("aftersale",)]),
        dedicated=st.sampled_from([(), ("aftersale",)]),
        capacity=st.integers(1, 4),
        open_chats=st.integers(0, 4),
        satisfaction=st.floats(0, 1),
    ),
    unique_by=lambda a: a.id,
)
QUEUE = st.lists(
    st.builds(
        waiting,
        st.integers(0, 99).map(str),
        category=st.sampled_from(["presale", "aftersale", "other"]),
        wanted_agent=st.sampled_from([None, "a"]),
        tried=st.sampled_from([(), ("a",), ("a", "b")]),
        escalations=st.integers(0, 2),
        since=st.integers(0, 99).map(lambda s: NOON + timedelta(seconds=s)),
    ),
    unique_by=lambda w: w.id,
)


@given(QUEUE, AGENTS)
def test_whatever_the_queue_nobody_is_overloaded_and_nobody_waits_beside_an_idle_one(
    queue: list[Waiting], agents: list[AgentView]
) -> None:
    planned = plan(queue, agents, 0.7)
    by_id = {a.id: a for a in agents}
    assert len({p.conversation_id for p in planned}) == len(planned)
    for one in by_id.values():
        got = [p for p in planned if p.agent_id == one.id]
        assert not got or one.presence == "online"
        assert sum(not p.force for p in got) <= max(0, one.capacity - one.open_chats)
    idle = [
        a for a in agents if a.free and not a.skills and not a.supervisor and a.id not in {p.agent_id for p in planned}
    ]
    assert (
        not idle
        or len(planned) == len(queue)
        or all(set(w.tried) & {a.id for a in idle} for w in queue if w.id not in {p.conversation_id for p in planned})
    )


@given(st.floats(0, 1), st.integers(0, 9), st.integers(1, 9), st.floats(0, 1))
def test_the_cost_stays_between_nothing_and_one(weight: float, open_chats: int, capacity: int, liked: float) -> None:
    assert 0 <= cost(agent("a", open_chats=open_chats, capacity=capacity, satisfaction=liked), weight) <= 1 + 1e-9
