"""Segments, scripts, experiments and wordings of account requests: their own readers say what is wrong."""

from collections.abc import Callable, Iterator
from typing import Any

from bot.designer.findings import Finding, meant
from bot.designer.project import Project
from bot.designer.yaml_lines import Mapping, Sequence, line_of
from bot.settings import SettingsError, load_operations, read_yaml

SEGMENTS, SCRIPTS, REQUESTS = "data/segments.yml", "data/scripts.yml", "data/account_requests.yml"
EXPERIMENTS = "data/experiments.yml"


def check_customers(project: Project) -> Iterator[Finding]:
    """What the shop itself would refuse at its start; a project without these files has nothing to check."""
    from bot.shop.outreach.scripts import read_scripts
    from bot.shop.segments.reader import read_segments

    segments: list[tuple[str, ...]] = []

    def read_first(content: Any) -> None:
        limits = load_operations(project.root / "data" / "operations.yml").customers.limits
        segments.append(tuple(segment.name for segment in read_segments(content, limits)))

    yield from _read(project, SEGMENTS, read_first)
    if segments:
        yield from _read(project, SCRIPTS, lambda content: read_scripts(content, segments[0]))
    if REQUESTS in project.contents:
        from bot.nlu.account_requests import read_wordings

        yield from _read(project, REQUESTS, read_wordings)
    if EXPERIMENTS in project.contents:
        from bot.experiments.definitions import read_experiments

        yield from _read(project, EXPERIMENTS, lambda content: read_experiments(content or {}))


def check_script_responses(project: Project) -> Iterator[Finding]:
    """Responses that a script says but nobody wrote."""
    known = project.section("responses")
    for name, line in said_by_scripts(project):
        if name not in known:
            text = f"话术要说 {name}，但 domain.yml 的 responses 里没有它{meant(name, known) or '，请补上'}"
            yield Finding(SCRIPTS, line, "error", "missing_response", text)


def check_experiment_responses(project: Project) -> Iterator[Finding]:
    """Welcomes that an experiment says but nobody wrote."""
    known = project.section("responses")
    for name, line in said_by_experiments(project):
        if name not in known:
            text = f"实验要说 {name}，但 domain.yml 的 responses 里没有它{meant(name, known) or '，请补上'}"
            yield Finding(EXPERIMENTS, line, "error", "missing_response", text)


def said_by_experiments(project: Project) -> list[tuple[str, int]]:
    """The responses that data/experiments.yml names, with their lines."""
    content = project.contents.get(EXPERIMENTS)
    found = []
    for experiment in content.values() if isinstance(content, Mapping) else ():
        variants = experiment.get("variants") if isinstance(experiment, Mapping) else None
        if isinstance(variants, Mapping) and experiment.get("place") == "welcome":
            values = [v.get("value") for v in variants.values() if isinstance(v, Mapping)]
            found += [(str(value), line_of(value)) for value in values if value is not None]
    return found


def said_by_scripts(project: Project) -> list[tuple[str, int]]:
    """The responses that data/scripts.yml names, with their lines."""
    content = project.contents.get(SCRIPTS)
    listed = content.get("scripts") if isinstance(content, Mapping) else None
    items = listed if isinstance(listed, Sequence) else []
    says = [item.get("say") for item in items if isinstance(item, Mapping)]
    return [(str(name), line_of(name)) for say in says if isinstance(say, Mapping) for name in say.values()]


def _read(project: Project, file: str, reader: Callable[[Any], object]) -> Iterator[Finding]:
    if file not in project.contents:
        return
    try:
        reader(read_yaml(project.root / file))
    except SettingsError as error:
        yield Finding(file, 0, "error", "customers", str(error))
