"""Who gets which waiting conversation: pure functions over the queue and the agents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.conversations import ONLINE, AgentView, Waiting

SUPERVISOR_LEVEL = 2  # so many breaches of the promise bring a chat to a supervisor


@dataclass(frozen=True)
class Assignment:
    """`agent_id` gets the conversation as it was at `version`; `force`: beyond her capacity."""

    conversation_id: str
    version: int
    agent_id: str
    force: bool = False


def plan(queue: Iterable[Waiting], agents: Sequence[AgentView], load_weight: float) -> list[Assignment]:
    """Go through the queue in its order and give each conversation the best agent who is free; the others wait."""
    now = {agent.id: agent for agent in agents if agent.presence == ONLINE}
    planned = []
    for waiting in queue:
        assignment = _assign(waiting, list(now.values()), load_weight)
        if assignment is not None:
            planned.append(assignment)
            chosen = now[assignment.agent_id]
            now[chosen.id] = replace(chosen, open_chats=chosen.open_chats + 1)
    return planned


def _assign(waiting: Waiting, online: list[AgentView], load_weight: float) -> Assignment | None:
    if waiting.escalations >= SUPERVISOR_LEVEL:
        bosses = [agent for agent in online if agent.supervisor and agent.id not in waiting.tried]
        if bosses:  # late enough: a supervisor takes it even with both hands full
            return Assignment(waiting.id, waiting.version, _best(bosses, load_weight).id, force=True)
    for group in suitable(waiting, online):
        free = [agent for agent in group if agent.free > 0]
        if free:
            return Assignment(waiting.id, waiting.version, _best(free, load_weight).id)
    return None


def suitable(waiting: Waiting, online: list[AgentView]) -> list[list[AgentView]]:
    """Groups of agents for a conversation, the best first: only when all of a group are busy the next one counts.

    Her own agent; those dedicated to the category; those with the skill (no skills named means all). Only where nobody
    online has the skill, anybody. Who had the chat and did not answer comes last, supervisors after the others.
    """
    mine = [agent for agent in online if agent.id == waiting.wanted_agent]
    fresh = [agent for agent in online if agent.id not in waiting.tried] or online
    workers = [agent for agent in fresh if not agent.supervisor] or fresh
    dedicated = [agent for agent in workers if waiting.category in agent.dedicated]
    skilled = [agent for agent in workers if not agent.skills or waiting.category in agent.skills]
    groups = [mine, dedicated, skilled]
    return groups if dedicated or skilled else [*groups, workers]


def _best(agents: list[AgentView], load_weight: float) -> AgentView:
    return min(agents, key=lambda agent: (cost(agent, load_weight), agent.last_assigned_at, agent.id))


def cost(agent: AgentView, load_weight: float) -> float:
    """How little an agent is wanted, 0 to 1: her load (open chats against capacity) and her dissatisfied customers."""
    load = min(1.0, agent.open_chats / agent.capacity)
    return load_weight * load + (1 - load_weight) * (1 - agent.satisfaction)
