"""What is up to date, and what a missing tool or a full disk says."""

import errno
import os
from pathlib import Path

import pytest

from bot.launch import steps as preparing
from bot.launch.problems import LaunchError, explain
from bot.settings import Settings


@pytest.fixture
def path_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put scripts of the given names and contents alone on the PATH."""

    def put(**scripts: str) -> None:
        for name, content in scripts.items():
            script = tmp_path / name
            script.write_text(f"#!/bin/sh\n{content}\n")
            script.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

    return put


def test_newest_looks_below_folders_and_ignores_compiled_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name, moment in (("a/old.yml", 100), ("a/new.yml", 200), ("a/newer.pyc", 300)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (moment, moment))
    assert preparing.newest([tmp_path / "a", tmp_path / "missing"]) == 200


@pytest.mark.parametrize(("model", "source", "trains"), [(200, 100, False), (100, 200, True), (None, 100, True)])
def test_trains_only_when_no_model_is_newer_than_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: int | None, source: int, trains: bool
) -> None:
    monkeypatch.setattr(preparing, "ROOT", tmp_path)
    monkeypatch.setattr(preparing, "MODELS", tmp_path / "models")
    (tmp_path / "models").mkdir()
    (tmp_path / "domain.yml").touch()
    os.utime(tmp_path / "domain.yml", (source, source))
    if model is not None:
        (tmp_path / "models" / "m.tar.gz").touch()
        os.utime(tmp_path / "models" / "m.tar.gz", (model, model))
    monkeypatch.setattr(preparing, "get_settings", lambda: Settings(var=tmp_path / "var"))
    ran: list[object] = []
    monkeypatch.setattr(preparing, "run_step", lambda command, **_: ran.append(command))
    preparing.train_model()
    assert bool(ran) is trains


def test_a_new_tuned_encoder_makes_the_model_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparing, "ROOT", tmp_path)
    monkeypatch.setattr(preparing, "MODELS", tmp_path / "models")
    monkeypatch.setattr(preparing, "get_settings", lambda: Settings(var=tmp_path / "var"))
    ran: list[object] = []
    monkeypatch.setattr(preparing, "run_step", lambda command, **_: ran.append(command))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.tar.gz").touch()
    preparing.train_model()
    assert not ran
    (tmp_path / "var" / "finetuned").mkdir(parents=True)
    (tmp_path / "var" / "finetuned" / "model.safetensors").touch()
    os.utime(tmp_path / "models" / "m.tar.gz", (100, 100))
    preparing.train_model()
    assert ran


def test_every_page_is_a_source_of_the_web_step() -> None:
    assert {page.name for page in preparing.WEB.glob("*.html")} <= set(preparing.WEB_SOURCES)


def test_missing_node_says_what_to_install(path_with) -> None:
    path_with()
    with pytest.raises(LaunchError, match=r"没有找到 Node.*Node 20\.19"):
        preparing.require_node()


def test_old_node_is_refused_with_its_version(path_with) -> None:
    path_with(node="echo v20.18.1", npm="")
    with pytest.raises(LaunchError, match=r"v20\.18\.1，太旧"):
        preparing.require_node()


def test_a_failing_step_raises_its_advice() -> None:
    with pytest.raises(LaunchError, match="照做"):
        preparing.run_step(["false"], failed="照做")


def test_too_little_room_is_said_before_the_step(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match=r"磁盘只剩 .* MB"):
        preparing.check_room(tmp_path, 10**9)


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "磁盘满了"), (errno.EACCES, "没有权限"), (errno.EIO, "系统错误")]
)
def test_system_errors_become_advice(number: int, words: str) -> None:
    assert words in str(explain(OSError(number, os.strerror(number), "x")))
