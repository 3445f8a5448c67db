"""The quicker ways against Rasa's own: the same results, whatever comes in."""

import ast
import asyncio
import copy
import gc
import inspect
import itertools
import json
import logging
import random
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
import rasa.core.actions.action
from rasa.core.actions.action import ActionExtractSlots, RemoteAction
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.core.policies.rule_policy import RulePolicy
from rasa.core.processor import MessageProcessor
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    EntitiesAdded,
    Event,
    FollowupAction,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.slots import BooleanSlot, CategoricalSlot, FloatSlot, ListSlot, Slot, TextSlot
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.utils.endpoints import EndpointConfig

from bot.runtime.lean import (
    calls,
    domains,
    events,
    garbage,
    graphs,
    make_lean,
    mappings,
    notes,
    parsing,
    rules,
    slots,
    states,
    threads,
    trackers,
)

DOMAIN = Domain.from_dict(
    {
        "intents": ["ask", "yes"],
        "entities": ["product"],
        "slots": {
            "a": {"type": "text", "mappings": [{"type": "custom"}]},
            "b": {"type": "bool", "mappings": [{"type": "custom"}]},
            "c": {"type": "text", "influence_conversation": False, "mappings": [{"type": "custom"}]},
        },
        "actions": ["action_x", "action_y"],
        "forms": {"form": {"required_slots": ["a"]}},
    }
)


@pytest.fixture(autouse=True)
def rasas_own_afterwards(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(DialogueStateTracker, "past_states", states.RASAS_OWN)
    monkeypatch.setattr(DialogueStateTracker, "copy", trackers.RASAS_COPY)
    monkeypatch.setattr(DialogueStateTracker, "current_state", trackers.RASAS_STATE)
    monkeypatch.setattr(DialogueStateTracker, "_set_slot", slots.RASAS_SET)
    monkeypatch.setattr(DialogueStateTracker, "_reset_slots", slots.RASAS_RESET)
    monkeypatch.setattr(Event, "resolve_by_type", staticmethod(events.RASAS_OWN))
    monkeypatch.setattr(rasa.core.actions.action, "SlotMapping", mappings.RASAS_OWN)
    monkeypatch.setattr(Domain, "does_custom_action_explicitly_need_domain", calls.RASAS_OWN)
    monkeypatch.setattr(DaskGraphRunner, "run", graphs.RASAS_OWN)
    monkeypatch.setattr(RulePolicy, "_get_possible_keys", rules.RASAS_OWN)
    monkeypatch.setattr(Domain, "is_empty", domains.RASAS_OWN)
    for module in notes.MODULES:
        monkeypatch.setattr(module, "copy", copy)
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    if "__copy__" in vars(Slot):
        del Slot.__copy__  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "slot",
    [
        TextSlot("t", [{"type": "custom"}], initial_value="x"),
        BooleanSlot("b", []),
        FloatSlot("f", [], min_value=1.0, max_value=9.0),
        ListSlot("l", [], initial_value=[1]),
        CategoricalSlot("c", [], values=["One", "two"]),
    ],
)
def test_a_slot_of_one_tracker_is_set_for_itself_alone(slot: Slot) -> None:
    before = copy.copy(slot)
    slots.quicken()
    first, second = (DialogueStateTracker(name, [slot]) for name in "ab")
    first._set_slot(slot.name, None)
    second._set_slot(slot.name, True)
    second._reset_slots()
    assert first.slots[slot.name].value is None and first.slots[slot.name].has_been_set
    assert type(second.slots[slot.name]) is type(slot) and vars(second.slots[slot.name]) == vars(before) == vars(slot)


def test_slots_are_set_as_rasa_sets_them(caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(5)
    conversations = [[random_event(chance) for _ in range(25)] for _ in range(40)]
    conversations += [[*events, AllSlotsReset(), SlotSet("a", "y"), SlotSet("none", 1)] for events in conversations]

    def played() -> list[list[dict[str, Any]]]:
        made = [DialogueStateTracker.from_events("c", events, slots=DOMAIN.slots) for events in conversations]
        return [[vars(slot) for slot in tracker.slots.values()] for tracker in made]

    expected, complaints = played(), len(caplog.records)
    slots.quicken()
    assert played() == expected and len(caplog.records) == 2 * complaints > 0
    assert not any(slot.has_been_set for slot in DOMAIN.slots)
    free = DialogueStateTracker("c", None)
    free._set_slot("any", 1)
    assert free.get_slot("any") == 1


def test_the_domain_goes_to_who_asks_for_it_and_not_to_every_form() -> None:
    actions: list[Any] = ["action_x", "validate_a", {"action_y": {"send_domain": True}}]
    actions += [{"validate_b": {"send_domain": True}}, {"validate_c": {"send_domain": False}}]
    domain = Domain.from_dict({"actions": actions})
    endpoint = EndpointConfig("http://127.0.0.1/webhook", enable_selective_domain=True)

    def sent() -> list[str]:
        tracker = DialogueStateTracker("c", domain.slots)
        names = ("action_x", "action_y", "validate_a", "validate_b", "validate_c")
        calls_of = {name: RemoteAction(name, endpoint)._action_call_format(tracker, domain) for name in names}
        return [name for name, call in calls_of.items() if "domain" in call]

    assert sent() == ["action_y", "validate_a", "validate_b"]
    calls.quicken()
    assert sent() == sent() == ["action_y", "validate_b"]
    assert "domain" in RemoteAction("action_x", EndpointConfig("x"))._action_call_format(
        DialogueStateTracker("c", domain.slots), domain
    )


def test_an_empty_domain_is_known_as_one() -> None:
    domains.quicken()
    for domain in (DOMAIN, Domain.empty(), Domain.from_dict({}), Domain.from_dict({"intents": ["ask"]})):
        assert domain.is_empty() == domains.RASAS_OWN(domain)
    assert Domain.empty().is_empty() and not DOMAIN.is_empty()


@pytest.mark.parametrize("module", notes.MODULES, ids=lambda module: str(module.__name__))
def test_rasa_copies_for_its_debug_log_alone(module: Any) -> None:
    def copies(tree: ast.AST) -> int:
        return sum(isinstance(node, ast.Name) and node.id == "copy" for node in ast.walk(tree))

    tree = ast.parse(inspect.getsource(module))
    noted = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("structlogger.debug", "logger.debug")
    ]
    assert copies(tree) == sum(map(copies, noted)) > 0


def test_what_nobody_notes_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    notes.quicken()
    said = [UserUttered("有货吗")]
    for level, copied in ((logging.INFO, None), (logging.DEBUG, said)):
        monkeypatch.setattr(notes._LOG, "level", level)
        notes._LOG.manager._clear_cache()  # type: ignore[attr-defined]
        for module in notes.MODULES:
            made = module.copy.deepcopy(said)
            assert made == copied and made is not said
    monkeypatch.undo()
    notes._LOG.manager._clear_cache()  # type: ignore[attr-defined]


def random_event(chance: random.Random) -> Event:
    makers: list[Callable[[], Event]] = [
        lambda: UserUttered("有货吗", {"name": chance.choice(["ask", "yes"]), "confidence": 1.0}),
        lambda: UserUttered("苹果", {"name": "ask"}, [{"entity": "product", "value": "P1", "start": 0, "end": 2}]),
        lambda: ActionExecuted(chance.choice(["action_listen", "action_x"]), hide_rule_turn=chance.random() < 0.3),
        lambda: ActionExecuted("form", hide_rule_turn=chance.random() < 0.3),
        lambda: ActionExecuted("action_y", hide_rule_turn=True),
        lambda: SlotSet(chance.choice("abc"), chance.choice([None, "x", True])),
        lambda: ActiveLoop(chance.choice(["form", None])),
        lambda: BotUttered("好"),
        lambda: ActionExecutionRejected("form"),
        lambda: FollowupAction("action_x"),
        lambda: EntitiesAdded([{"entity": "product", "value": "P2"}]),
        lambda: UserUtteranceReverted(),
        lambda: ActionReverted(),
        lambda: chance.choice([Restarted, SessionStarted])(),
    ]  # fmt: skip
    weights = [4, 2, 6, 3, 2, 4, 2, 2, 1, 1, 1, 0.5, 0.5, 0.3]
    return chance.choices(makers, weights)[0]()


def test_states_are_those_of_rasa_at_every_point_of_any_conversation() -> None:
    chance = random.Random(7)
    for _ in range(60):
        tracker = DialogueStateTracker("c", DOMAIN.slots, max_event_history=chance.choice([None, 6]))
        for _ in range(25):
            tracker.update(random_event(chance), DOMAIN)
            for options in ((False, False, None), (False, True, {"rule_only_slots": ["b"]}), (True, False, None)):
                expected = states.RASAS_OWN(tracker, DOMAIN, *options)
                for _ in range(2):
                    found = states._past_states(tracker, DOMAIN, *options)
                    assert found == expected
                    for state in found:  # whoever gets them may change them
                        state.pop("user", None)
                        state.setdefault("slots", {})["a"] = "spoilt"


def test_a_conversation_is_played_once_and_then_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[Event] = []
    own = DialogueStateTracker.update

    def update(self: DialogueStateTracker, event: Event, domain: Domain | None = None) -> None:
        played.append(event)
        own(self, event, domain)

    states.quicken()
    first = [ActionExecuted("action_listen"), UserUttered("x", {"name": "ask"}), SlotSet("a", "x")]
    tracker = DialogueStateTracker.from_events("c", first, DOMAIN.slots)
    monkeypatch.setattr(DialogueStateTracker, "update", update)
    tracker.past_states(DOMAIN)
    tracker.past_states(DOMAIN, ignore_rule_only_turns=True)
    assert len(played) == 3
    new: list[Event] = [ActionExecuted("action_x"), SlotSet("b", True), ActionExecuted("action_listen")]
    for event in new:
        own(tracker, event)
    assert tracker.past_states(DOMAIN)[-1]["slots"]["b"] and played[3:] == new
    own(tracker, ActionReverted())
    tracker.past_states(DOMAIN)
    assert len(played) > 6
    assert "_replay_kept" not in vars(tracker.copy())


def test_copies_and_dumps_are_those_of_rasa() -> None:
    slots.quicken()
    chance = random.Random(5)
    for _ in range(60):
        tracker = DialogueStateTracker("c", DOMAIN.slots, max_event_history=chance.choice([None, None, 40]))
        for _ in range(25):
            tracker.update(random_event(chance), DOMAIN)
            expected, found = trackers.RASAS_COPY(tracker), trackers._copy(tracker)
            assert found == expected and list(found.events) == list(expected.events)
            assert set(vars(found)) == set(vars(expected))
            for name in set(vars(found)) - {"slots"}:
                assert getattr(found, name) == getattr(expected, name), name
            assert {n: vars(s) for n, s in found.slots.items()} == {n: vars(s) for n, s in expected.slots.items()}
            for verbosity in EventVerbosity:
                assert trackers._current_state(found, verbosity) == trackers.RASAS_STATE(expected, verbosity)
            found.update(SlotSet("a", "only here"))
            found.update(ActiveLoop(None))
            assert len(tracker.events) == len(expected.events) and tracker.get_slot("a") == expected.get_slot("a")
            assert tracker.active_loop == expected.active_loop


def test_event_classes_are_found_by_name() -> None:
    for name in ("user", "action", "slot", "bot"):
        assert events._resolve_by_type(name) is events._resolve_by_type(name) is events.RASAS_OWN(name)
    assert events._resolve_by_type("unknown", SlotSet) is SlotSet
    with pytest.raises(ValueError, match="unknown"):
        events._resolve_by_type("unknown")


async def test_slots_are_filled_as_rasa_fills_them(monkeypatch: pytest.MonkeyPatch) -> None:
    custom = [{"type": "custom"}]
    domain = Domain.from_dict(
        {
            "intents": ["ask"],
            "entities": ["product"],
            "slots": {
                "ours": {"type": "text", "mappings": custom},
                "product": {"type": "text", "mappings": [*custom, {"type": "from_entity", "entity": "product"}]},
                "words": {"type": "text", "mappings": [{"type": "from_text"}]},
                "asked": {"type": "text", "mappings": [{"type": "custom", "action": "action_fill"}]},
            },
            "actions": ["action_fill"],
        }
    )
    called: list[str] = []

    async def run(self: RemoteAction, *_: Any) -> list[Event]:
        called.append(self.name())
        return [SlotSet("asked", "yes")]

    monkeypatch.setattr(RemoteAction, "run", run)
    message = UserUttered("苹果有货吗", {"name": "ask"}, [{"entity": "product", "value": "P1", "start": 0, "end": 2}])
    filled = []
    for quick in (False, True):
        monkeypatch.setattr(rasa.core.actions.action, "SlotMapping", mappings.RASAS_OWN)
        if quick:
            mappings.quicken()
        tracker = DialogueStateTracker.from_events("c", [ActionExecuted("action_listen"), message], domain.slots)
        channel, nlg = CollectingOutputChannel(), TemplatedNaturalLanguageGenerator({})
        found = await ActionExtractSlots(None).run(channel, nlg, tracker, domain)
        filled.append([(event.key, event.value) for event in found if isinstance(event, SlotSet)])
    assert filled[0] == filled[1] == [("product", "P1"), ("words", "苹果有货吗"), ("asked", "yes")]
    assert called == ["action_fill"] * 2


class Policy(RulePolicy):
    """Without a model."""

    def __init__(self) -> None:
        """Nothing is needed to compare rules."""


def random_state(chance: random.Random) -> dict[str, Any]:
    state: dict[str, Any] = {}
    if chance.random() < 0.85:
        names = ["action_listen", "action_x", "form", "should_not_be_set"]
        state["prev_action"] = {"action_name": chance.choice(names)}
    elif chance.random() < 0.3:
        state["prev_action"] = {"action_text": "好"}
    if chance.random() < 0.7:
        state["user"] = {"intent": chance.choice(["ask", "yes"])}
    if chance.random() < 0.4:
        state["slots"] = {"a": chance.choice([[1.0], "should_not_be_set"])}
    if chance.random() < 0.3:
        state["active_loop"] = {"name": chance.choice(["form", "should_not_be_set"])}
    return state


def said(state: dict[str, Any]) -> dict[str, Any]:
    """As a conversation has it: tuples for lists, and nothing that should not be set."""
    found: dict[str, Any] = {}
    for kind, part in state.items():
        kept = {k: tuple(v) if isinstance(v, list) else v for k, v in part.items() if v != "should_not_be_set"}
        if kept:
            found[kind] = kept
    return found


def test_the_rules_that_fit_are_those_of_rasa() -> None:
    chance, fitting = random.Random(11), 0
    for _ in range(150):
        policy = Policy()
        keys = [
            json.dumps([random_state(chance) for _ in range(chance.randint(1, 3))], sort_keys=True) for _ in range(40)
        ]
        lookup = dict.fromkeys(keys, "action_x")
        for _ in range(12):
            past = [said(random_state(chance)) for _ in range(chance.randint(0, 5))]
            if chance.random() < 0.5 and keys:
                past += [said(one) for one in json.loads(chance.choice(keys))]
            expected = rules.RASAS_OWN(policy, lookup, past)
            assert rules._get_possible_keys(policy, lookup, past) == expected
            fitting += bool(expected)
        del lookup[keys[0]]  # as when a policy is trained again
        past = [said(random_state(chance))]
        assert rules._get_possible_keys(policy, lookup, past) == rules.RASAS_OWN(policy, lookup, past)
    assert fitting > 300


def runner_of(nodes: dict[str, dict[str, str]], run: dict[str, Callable[..., Any]]) -> DaskGraphRunner:
    made: Any = object.__new__(DaskGraphRunner)
    schema = {
        name: SchemaNode(needs=needs, uses=object, constructor_name="", fn="", config={}, is_target=True)  # type: ignore[arg-type]
        for name, needs in nodes.items()
    }
    made._graph_schema, made._instantiated_nodes, made._execution_context = GraphSchema(schema), run, None
    return made  # type: ignore[no-any-return]


def test_graphs_give_what_dask_gives() -> None:
    chance = random.Random(3)
    for _ in range(40):
        calls: list[str] = []

        def node(name: str, calls: list[str] = calls) -> Callable[..., Any]:
            def call(*given: Any) -> tuple[str, Any]:
                calls.append(name)
                return name, (name, *given)

            return call

        names = [f"n{i}" for i in range(chance.randint(1, 9))]
        nodes = {
            name: {f"p{k}": chance.choice([*names[:i], "__message__"]) for k in range(chance.randint(0, 3))}
            for i, name in enumerate(names)
        }
        runner = runner_of(nodes, {name: node(name) for name in names})
        targets = chance.sample(names, chance.randint(1, len(names)))
        inputs = {"__message__": ["你好"], "__tracker__": 5}
        expected, often = graphs.RASAS_OWN(runner, inputs, targets), sorted(calls)
        for _ in range(2):
            calls.clear()
            assert graphs._run(runner, inputs, targets) == expected
            assert sorted(calls) == often


def test_graphs_fail_as_rasas_do() -> None:
    def breaking(error: Exception) -> Callable[..., Any]:
        def breaks(*_: Any) -> Any:
            raise error

        return breaks

    for error, told in ((RuntimeError("no"), GraphRunError), (KeyError("k"), KeyError)):
        runner = runner_of({"a": {"x": "__message__"}}, {"a": breaking(error)})
        for run in (graphs.RASAS_OWN, graphs._run):
            with pytest.raises(told):
                run(runner, {"__message__": 1}, ["a"])
    for run in (graphs.RASAS_OWN, graphs._run):
        with pytest.raises(GraphRunError):
            run(runner, {"__message__": "a"}, ["a"])


class Understanding:
    """What of a MessageProcessor parses messages."""

    http_interpreter: Any = None

    def __init__(self) -> None:
        self.threads: list[str] = []
        self.error: Exception | None = None

    async def parse(self, message: str, tracker: Any, only_output_properties: bool) -> dict[str, Any]:
        self.threads.append(threading.current_thread().name)
        if self.error:
            raise self.error
        return {"text": message, "about": about.get(), "all": not only_output_properties}


about: ContextVar[str] = ContextVar("about", default="")


async def test_messages_are_understood_one_by_one_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "RASAS_OWN", Understanding.parse)
    own: Any = Understanding()
    about.set("this turn")
    found = await asyncio.gather(*(parsing._parse_message(own, text, None, False) for text in "abc"))  # type: ignore[arg-type]
    assert [one["text"] for one in found] == ["a", "b", "c"] and found[0]["all"]
    assert {one["about"] for one in found} == {"this turn"}  # logs and traces know whose turn it is
    assert len(set(own.threads)) == 1 and own.threads[0].startswith("nlu")
    own.error = ValueError("no")
    with pytest.raises(ValueError, match="no"):
        await parsing._parse_message(own, "d")  # type: ignore[arg-type]
    own.error, own.http_interpreter = None, object()
    await parsing._parse_message(own, "e")  # type: ignore[arg-type]
    assert own.threads[-1] == threading.current_thread().name


async def test_parsing_that_waits_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def waits(*_: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        return {}

    monkeypatch.setattr(parsing, "RASAS_OWN", waits)
    with pytest.raises(RuntimeError, match="waits"):
        await parsing._parse_message(Understanding(), "a")  # type: ignore[arg-type]


def test_what_a_model_brings_is_set_aside_and_what_it_replaces_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Circle:
        """Only the collector can find it."""

        def __init__(self) -> None:
            self.own = self

    started: list[float] = []
    monkeypatch.setattr(garbage, "RASAS_OWN", lambda *_: None)
    monkeypatch.setattr(garbage, "_loads", itertools.count())
    monkeypatch.setattr(threading.Timer, "start", lambda self: started.append(self.interval))
    agent: Any = None
    try:
        old = Circle()
        garbage._load_model(agent)
        assert gc.get_freeze_count() > 1000 and not started
        gone = weakref.ref(old)
        del old
        gc.collect()
        assert gone() is not None  # it was set aside, too
        garbage._load_model(agent)
        assert gone() is None and started == [garbage._LATER]
    finally:
        gc.unfreeze()


def test_all_of_it_is_switched_on_together() -> None:
    make_lean()
    assert DialogueStateTracker.past_states is states._past_states and "__copy__" in vars(Slot)
    assert DaskGraphRunner.run is graphs._run and RulePolicy._get_possible_keys is rules._get_possible_keys
    assert MessageProcessor.parse_message is parsing._parse_message and Agent.load_model is garbage._load_model
    assert DialogueStateTracker.copy is trackers._copy and Event.resolve_by_type is events._resolve_by_type
    assert Domain.is_empty is domains._is_empty and MessageProcessor.__module__ in {m.__name__ for m in notes.MODULES}
    assert sys.getswitchinterval() == pytest.approx(threads.SECONDS) and gc.get_threshold()[0] == garbage.NEW
