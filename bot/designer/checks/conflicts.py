"""Rules and stories that contradict each other, by Rasa's own policies, without training any understanding.

`rasa data validate stories` compares stories with stories only (rasa#6973); rules are compared in training, where the
first contradiction ends it with a traceback (rasa#10217). Here the same comparisons run, and all of them are told.
"""

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Iterator
from typing import Any

from bot.designer.findings import Finding
from bot.designer.project import Block, Project

LISTEN = "action_listen"
# Rasa's names for sources of a prediction that are no rule of the project.
DEFAULT_PREFIXES = ("handling default intent", "handling active loops")
DEFAULT_HISTORY = 5


def check_conflicts(project: Project) -> list[Finding]:
    """Contradictions between rules, between rules and stories, and between stories; rules that are not complete."""
    blocks = project.of_kind("rule", "story")
    if "domain.yml" in project.broken or not blocks:
        return []
    with _quietly():
        try:
            found = _Places(blocks)
            domain, trackers = _trackers(project, blocks)
            return [*_rules(domain, trackers, found), *_stories(project, domain, trackers, found)]
        except Exception as error:  # whatever Rasa stumbles over, a designer gets a line
            text = f"Rasa 读不了规则和故事，没有检查冲突。先改好别的问题再试（{_first_line(error)}）"
            return [Finding("data", 0, "error", "rasa", text)]


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the logs, warnings and progress bars that Rasa and TensorFlow give to people who train models."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.disable(before)


class _Places:
    """Where the blocks stand by their names; Rasa joins those of stories that go on in each other."""

    def __init__(self, blocks: list[Block]) -> None:
        self._blocks = {block.name: block for block in blocks}

    def of(self, tracker: str) -> tuple[str, int]:
        block = self._blocks.get(tracker) or self._blocks.get(tracker.split(" > ")[-1])
        return (block.file, block.line) if block else ("data", 0)

    def told(self, name: str) -> str:
        """The block in words, with its place."""
        if name.startswith(DEFAULT_PREFIXES):
            return "Rasa 自带的规则（" + name.rpartition(" - ")[2] + "）"
        file, line = self.of(name)
        return f"“{name}”（{file}:{line}）" if line else f"“{name}”"


def _trackers(project: Project, blocks: list[Block]) -> tuple[Any, list[Any]]:
    from rasa.shared.core.domain import Domain
    from rasa.shared.core.generator import TrainingDataGenerator
    from rasa.shared.core.training_data.loading import load_data_from_files
    from rasa.shared.core.training_data.structures import StoryGraph

    domain = Domain.from_file(str(project.root / "domain.yml"))
    files = dict.fromkeys(str(project.root / block.file) for block in blocks)
    graph = StoryGraph(load_data_from_files(list(files), domain))
    # As in training, where Rasa completes the domain with what stories alone name.
    domain = domain.merge(Domain.from_dict({"actions": []}))
    generator = TrainingDataGenerator(
        graph, domain, remove_duplicates=True, augmentation_factor=0, use_story_concatenation=False
    )
    return domain, generator.generate()


def _rules(domain: Any, trackers: list[Any], places: _Places) -> list[Finding]:
    from rasa.core.policies.rule_policy import RulePolicy
    from rasa.engine.graph import ExecutionContext, GraphSchema
    from rasa.engine.storage.resource import Resource

    findings: list[Finding] = []

    class Telling(RulePolicy):
        """Keeps what Rasa would raise."""

        def persist(self) -> None:
            pass

        def _check_prediction(self, tracker: Any, predicted: Any, gold: Any, source: Any) -> list[str]:
            if super()._check_prediction(tracker, predicted, gold, source):
                rules = sorted({rule for rule, action in self._rules_sources[source] if action != gold})
                findings.append(_contradiction(places, tracker, predicted, gold, rules, self._fallback_action_name))
            return []

        @staticmethod
        def _error_messages_from_fingerprints(action: Any, slots: Any, loops: Any, rule: str) -> list[str]:
            for text in _incomplete(action, slots, loops, rule):
                findings.append(Finding(*places.of(rule), "error", "incomplete_rule", text))
            return []

    # Rules of more than one turn are told by check_blocks.
    config = {**Telling.get_default_config(), "restrict_rules": False}
    context = ExecutionContext(GraphSchema({}))
    Telling(config, None, Resource("check"), context).train(trackers, domain)
    return findings


def _contradiction(
    places: _Places, tracker: Any, predicted: str, gold: str, rules: list[str], fallback: str
) -> Finding:
    name = tracker.sender_id
    kind = "规则" if tracker.is_rule_tracker else "故事"
    others = "、".join(places.told(rule) for rule in rules if rule != name) or "它自己的另一步"
    then = "" if predicted == fallback else f"，那里是{_in_words(predicted)}"
    text = (
        f"{kind}“{name}”在这里{_in_words(gold)}，与规则{others}矛盾{then}。"
        "同样的情况只能有一种做法：改成一样，或给其中一条加上 condition"
    )
    return Finding(*places.of(name), "error", "rule_conflict", text)


def _incomplete(action: str | None, slots: set[str], loops: set[str | None], rule: str) -> Iterator[str]:
    if action and slots:
        names = "、".join(sorted(slots))
        yield (
            f"规则“{rule}”里动作 {action} 之后没有写词槽 {names}，别的规则写了。"
            "请加上 slot_was_set，或者（是最后一步时）写 wait_for_user_input: false"
        )
    if action and loops:
        yield (
            f"规则“{rule}”里表单 {action} 之后没有写 active_loop，别的规则写了。"
            f"请加上 - active_loop: {action} 或 - active_loop: null"
        )


def _stories(project: Project, domain: Any, trackers: list[Any], places: _Places) -> Iterator[Finding]:
    from rasa.core.training.story_conflict import find_story_conflicts

    stories = [tracker for tracker in trackers if not tracker.is_rule_tracker]
    for conflict in find_story_conflicts(stories, domain, _history(project)):
        actions = conflict._conflicting_actions  # the public text names three stories at most
        first = next(iter(actions.values()))[0]
        ways = "；".join(
            f"{_in_words(action)}：{'、'.join(places.told(name) for name in dict.fromkeys(names))}"
            for action, names in actions.items()
        )
        text = f"故事互相矛盾，前面都一样，接下来却不同——{ways}。请改成一样，或让前面的话有区别"
        yield Finding(*places.of(first), "error", "story_conflict", text)


def _history(project: Project) -> int:
    """How many turns the policy of config.yml that learns stories looks back."""
    policies = (project.contents.get("config.yml") or {}).get("policies") or []
    found = [p.get("max_history") for p in policies if isinstance(p, dict)]
    return next((int(h) for h in found if isinstance(h, int)), DEFAULT_HISTORY)


def _in_words(action: str) -> str:
    return "等顾客说话" if action == LISTEN else f"做 {action}"


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]
