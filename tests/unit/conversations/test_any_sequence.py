"""Any sequence of messages, crashes, claims and returns keeps the promises: one owner; no message lost, doubled or
reordered; no word of the bot while a person owns the conversation; a closed one begins anew.

The machine plays customer, bot, channel and agents. A crash is a worker that stops between two steps and comes back
with a new name on the same database.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot import conversations
from bot.conversations import Bus, IllegalMove, NotYours, Request, Store
from bot.db import engine_for, upgrade

AGENTS = ("anna", "bert")
_FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
_template: Path | None = None


def empty_store(folder: str) -> Store:
    global _template
    if _template is None:
        _template = Path(tempfile.mkdtemp()) / "chat.db"
        upgrade(f"sqlite:///{_template}", "conversations")
        with engine_for(f"sqlite:///{_template}").connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        engine_for(f"sqlite:///{_template}").dispose()
    shutil.copy(_template, Path(folder) / "chat.db")
    return Store(f"sqlite:///{folder}/chat.db", Bus())


class OneConversation(RuleBasedStateMachine):
    """`said` is what each side said, in order, as this machine knows it: (author, text)."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(dir=_FAST)
        self.store = empty_store(self.folder.name)
        self.chat = conversations.open_conversation(self.store, "test", "customer", address={"to": "customer"})
        for agent in AGENTS:
            conversations.save_agent(self.store, agent, agent, capacity=1)
            conversations.set_presence(self.store, agent, "online")
        self.owner, self.agent, self.pending, self.fresh = "bot", "", False, False
        self.count = 0
        self.said: list[tuple[str, str]] = []
        self.for_bot: list[str] = []  # customer's texts that the bot must still answer, in order
        self.answered: list[str] = []
        self.thinking: Any = None  # the message that a worker of the bot holds
        self.worker = "host/1/first"
        self.arrived: list[str] = []
        self.sending: Any = None

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self._drain()
            self._check_log()
            engine_for(self.store.url).dispose()
            self.folder.cleanup()

    def _text(self, who: str) -> str:
        self.count += 1
        return f"{who}{self.count}"

    # ── the customer ──
    @rule(times=st.integers(1, 3))
    def customer_writes(self, times: int) -> None:
        """The platform delivers the same message up to three times."""
        text = self._text("customer")
        request = {"text": text, "metadata": {}}
        got = [
            conversations.receive(self.store, self.chat, {"text": text}, client_id=text, request=request)
            for _ in range(times)
        ]
        assert [g.new for g in got] == [True] + [False] * (times - 1) and len({g.number for g in got}) == 1
        self.said.append(("customer", text))
        if self.owner == "closed":
            self.owner = "bot"
            assert got[0].request["fresh"] is True
        else:
            assert "fresh" not in got[0].request
        assert got[0].route == ("bot" if self.owner == "bot" else "person")
        if self.owner == "bot":
            self.for_bot.append(text)

    @rule()
    def customer_cancels(self) -> None:
        assert conversations.cancel(self.store, self.chat) is (self.owner == "waiting")
        self.pending = False
        if self.owner == "waiting":
            self.owner = "bot"

    # ── the bot ──
    @precondition(lambda self: self.thinking is None)
    @rule()
    def bot_takes(self) -> None:
        waiting = conversations.take(self.store, self.chat, self.worker)
        assert [m.content["text"] for m in waiting] == self.for_bot
        self.thinking = waiting[0] if waiting else None

    @precondition(lambda self: self.thinking is not None)
    @rule(replies=st.integers(0, 2), crash=st.booleans())
    def bot_answers(self, replies: int, crash: bool) -> None:
        """With `crash` the worker dies after the commit, before it knows: a new one tries the same turn again."""
        message, self.thinking = self.thinking, None
        texts = [self._text("bot") for _ in range(replies)]
        for attempt in range(2 if crash else 1):
            stored = conversations.finish(self.store, self.chat, message.number, [{"text": text} for text in texts])
            heard = self.for_bot[:1] == [message.content["text"]] and attempt == 0
            assert len(stored) == (replies if heard else 0)
            if heard:
                self.for_bot.pop(0)
                self.said.extend(("bot", text) for text in texts)
                self.answered.append(message.content["text"])
                if self.pending:
                    self._now_waiting()

    @rule()
    def bot_crashes(self) -> None:
        """Before it answered: whatever it held comes back to its successor."""
        self.thinking = None
        conversations.take(self.store, self.chat, self.worker, lease=-1)
        self.count += 1
        self.worker = f"host/1/{self.count}"

    @rule()
    def bot_reminds(self) -> None:
        text = self._text("bot")
        stored = conversations.say(self.store, self.chat, {"text": text})
        assert (stored is None) is (self.owner in ("waiting", "agent"))
        if stored is not None:
            self.said.append(("bot", text))

    @rule(times=st.integers(1, 2))
    def person_wanted(self, times: int) -> None:
        for _ in range(times):
            try:
                state = conversations.request_person(self.store, self.chat, Request("request_human"))
            except IllegalMove:
                assert self.owner == "closed"
                return
            if self.owner == "bot" and self.for_bot:
                assert state == "pending"
                self.pending = True
            elif self.owner == "bot":
                self._now_waiting()
                assert state == "waiting"
            else:
                assert state == self.owner

    # The usual ways, so that chance goes far enough into them.
    @precondition(lambda self: self.owner in ("bot", "closed") and self.thinking is None)
    @rule(messages=st.integers(1, 3), wants_person=st.booleans())
    def bot_is_asked(self, messages: int, wants_person: bool) -> None:
        for _ in range(messages):
            self.customer_writes(1)
        self.bot_takes()
        if wants_person:
            self.person_wanted(1)

    @precondition(lambda self: self.thinking is not None)
    @rule(replies=st.integers(1, 2), crash=st.booleans())
    def bot_is_asked_and_answers(self, replies: int, crash: bool) -> None:
        self.bot_answers(replies, crash)

    @precondition(lambda self: self.owner == "agent")
    @rule(how=st.sampled_from(["give_back", "close"]))
    def the_owner_is_done(self, how: str) -> None:
        self.leaves(self.agent, how)

    @precondition(lambda self: self.owner == "bot" and not self.for_bot)
    @rule(agent=st.sampled_from(AGENTS))
    def a_person_comes_while_the_customer_writes(self, agent: str) -> None:
        self.person_wanted(1)
        self.customer_writes(1)
        self.claims(agent)
        self.agent_writes(agent, 1)
        self.customer_writes(1)

    def _now_waiting(self) -> None:
        self.owner, self.pending, self.for_bot = "waiting", False, []

    # ── the desk ──
    @rule(agent=st.sampled_from(AGENTS))
    def claims(self, agent: str) -> None:
        try:
            assert conversations.claim(self.store, self.chat, agent)
            assert self.owner == "waiting"
            self.owner, self.agent = "agent", agent
        except IllegalMove:
            assert self.owner != "waiting"

    @rule(agent=st.sampled_from(AGENTS))
    def steps_in(self, agent: str) -> None:
        conversations.take_over(self.store, self.chat, agent)
        self.owner, self.agent, self.pending, self.for_bot = "agent", agent, False, []

    @rule(agent=st.sampled_from(AGENTS), times=st.integers(1, 2))
    def agent_writes(self, agent: str, times: int) -> None:
        text = self._text("agent")
        mine = self.owner == "agent" and self.agent == agent
        for _ in range(times):
            try:
                conversations.agent_says(self.store, self.chat, agent, {"text": text}, client_id=text)
                assert mine
            except NotYours:
                assert not mine
        if mine:
            self.said.append(("agent", text))

    @rule(agent=st.sampled_from(AGENTS), how=st.sampled_from(["give_back", "close", "transfer", "return"]))
    def leaves(self, agent: str, how: str) -> None:
        mine = self.owner == "agent" and self.agent == agent
        if how == "return":
            done = conversations.return_to_queue(self.store, self.chat, agent_id=agent, reason="offline")
            assert done is mine
        else:
            try:
                getattr(conversations, how)(self.store, self.chat, agent)
                assert mine
            except NotYours:
                assert not mine
        if mine:
            self.owner = {"give_back": "bot", "close": "closed"}.get(how, "waiting")
            self.agent = ""

    @rule()
    def nobody_is_there(self) -> None:
        assert (conversations.ticket_instead(self.store, self.chat) is not None) is (self.owner == "waiting")
        if self.owner == "waiting":
            self.owner = "bot"

    # ── the channel ──
    @rule(crash=st.booleans())
    def channel_sends(self, crash: bool) -> None:
        """With `crash` it dies before the platform has the message."""
        for out in conversations.take_outgoing(self.store, "test", f"host/2/{self.count}"):
            if crash:
                conversations.try_again(self.store, out, "crashed", -1)
            else:
                self.arrived.append(out.message.content["text"])
                conversations.sent(self.store, out)

    def _drain(self) -> None:
        while found := conversations.take_outgoing(self.store, "test", "host/2/last"):
            for out in found:
                self.arrived.append(out.message.content["text"])
                conversations.sent(self.store, out)
        assert self.arrived == [text for author, text in self.said if author != "customer"]

    # ── what holds: the owner at any time, the log at the end, which tells of all times ──
    @invariant()
    def there_is_one_owner(self) -> None:
        if hasattr(self, "store"):
            who = conversations.customer_views(self.store, [self.chat])[self.chat]
            assert (who.owner, who.agent or "") == (self.owner, self.agent if self.owner == "agent" else "")

    def _check_log(self) -> None:
        log = conversations.history(self.store, self.chat, limit=10_000)
        assert [(m.author, m.content["text"]) for m in log] == self.said
        numbers = [m.number for m in conversations.history(self.store, self.chat, limit=10_000, notes=True)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(self.answered) == len(set(self.answered))
        open_chats = [agent.open_chats for agent in conversations.list_agents(self.store)]
        assert sum(open_chats) == (1 if self.owner == "agent" else 0)
        owner = "bot"
        for event in conversations.events_after(self.store, 0, limit=10_000):
            if event.kind == "owner":
                owner = event.data["owner"]
            elif event.kind == "message" and event.data["author"] == "bot":
                assert owner in ("bot", "closed")  # silent while a person owned it


OneConversation.TestCase.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnySequence = OneConversation.TestCase
