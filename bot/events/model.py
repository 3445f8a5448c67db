"""One event: something that happened, told once."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

# Every kind of event, and what its `data` holds; rooms record no others, so that a figure's source is found here.
KINDS: dict[str, str] = {
    "session.started": "a conversation begins, or begins anew",
    "message.customer": "text, message_id, intent, confidence, base_intent, emotion, score, entities (names)",
    "message.bot": "text, response (its name in domain.yml), buttons (how many), custom (type of a card)",
    "message.agent": "text, agent",
    "action": "name, policy, confidence: what the policies decided",
    "form": "name of the flow that begins, or null when it ends",
    "task.done": "flow, outcome (done, left: the customer did not want it, failed: it could not be done)",
    "handoff.requested": "reason, category, priority, position",
    "handoff.assigned": "agent, wait_ms, category",
    "handoff.transferred": "agent, to (an agent or null), category",
    "handoff.returned": "agent, to (queue or bot), reason",
    "handoff.cancelled": "the customer did not wait",
    "handoff.ticket": "ticket, state (open: nobody was there; taken), category, agent",
    "conversation.closed": "by (agent, customer, time), agent, resolved",
    "sla.breached": "limit_s, level, late_s, category, agent",
    "alert": "reason (risk_word, emotion), agent, words, score",
    "rating": "stars 1-5 or null, solved true, false or null, comment, agent",
    "experiment.exposed": "experiment, variant",
    "offer": "offer, script, segment, outcome (shown, clicked, declined, ordered, ignored)",
    "order": "no, status (placed, paid, shipped, delivered, cancelled), amount_fen",
    "agent.presence": "agent, status",
}


@dataclass(frozen=True)
class Event:
    """`id` is the same however often the event is told; `at` is aware UTC; `actor` customer, bot or an agent's name."""

    kind: str
    conversation_id: str
    at: datetime
    id: str = ""
    channel: str = ""
    actor: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of event {self.kind!r}; kinds stand in bot.events.KINDS")
        if self.at.tzinfo is None:
            raise ValueError("an event's time needs a time zone")
        if not self.id:
            object.__setattr__(self, "id", self._fingerprint())

    def _fingerprint(self) -> str:
        told = [self.kind, self.conversation_id, self.at.timestamp(), self.actor, dict(self.data)]
        text = json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def to_json(self) -> str:
        """One line of JSON."""
        body = {
            "id": self.id,
            "kind": self.kind,
            "conversation_id": self.conversation_id,
            "at": self.at.astimezone(timezone.utc).isoformat(),
            "channel": self.channel,
            "actor": self.actor,
            "data": dict(self.data),
        }
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str | bytes) -> "Event":
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is no event.
        """
        try:
            body = json.loads(line)
            at = datetime.fromisoformat(body["at"])
            return cls(
                body["kind"], body["conversation_id"], at, body["id"], body["channel"], body["actor"], body["data"]
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no event: {error}") from error
