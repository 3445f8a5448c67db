"""Write into data/experiments.yml what a manager decides; the file keeps its comments and order."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bot import clock
from bot.experiments.definitions import PATH, load_experiments
from bot.settings import SettingsError


def promote(name: str, variant: str, path: Path = PATH) -> None:
    """From now on everybody gets `variant`, and the experiment stops.

    Raises:
        SettingsError: there is no such experiment or variant.
    """
    _change(path, name, variant, winner=variant, status="stopped")


def start(name: str, path: Path = PATH) -> None:
    """Let the experiment run from now on.

    Raises:
        SettingsError: there is no such experiment, or another one runs at its place.
    """
    _change(path, name, None, winner=None, status="running", started_at=clock.local(clock.now()).isoformat())


def stop(name: str, path: Path = PATH) -> None:
    """End the experiment without a winner.

    Raises:
        SettingsError: there is no such experiment.
    """
    _change(path, name, None, status="stopped")


def _change(path: Path, name: str, variant: str | None, **values: str | None) -> None:
    experiments = load_experiments(path)
    if name not in experiments:
        raise SettingsError(f"{path.name} 里没有“{name}”，现有：{'、'.join(experiments) or '无'}")
    if variant is not None and variant not in experiments[name].variants:
        raise SettingsError(f"{name} 里没有方案“{variant}”，现有：{'、'.join(experiments[name].variants)}")
    yaml: Any = YAML()
    yaml.preserve_quotes, yaml.width = True, 4096
    before = path.read_text(encoding="utf8")
    content = yaml.load(before)
    for key, value in values.items():
        if value is None:
            content[name].pop(key, None)
        else:
            content[name][key] = value
    scratch = path.with_suffix(".new")
    with scratch.open("w", encoding="utf8") as file:
        yaml.dump(content, file)
    try:
        load_experiments(scratch)
    except SettingsError as error:
        scratch.unlink()
        raise SettingsError(str(error).replace(scratch.name, path.name)) from None
    scratch.replace(path)
