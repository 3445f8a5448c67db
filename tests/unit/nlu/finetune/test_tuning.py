"""A tiny BERT is tuned: it learns, it can be stopped at any moment, and it refuses what does not fit."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from bot.nlu.encoder import Encoder, line_hash
from bot.nlu.encoder._sources import read_bundle
from bot.nlu.finetune import FinetuneError, Options, training
from bot.nlu.finetune._batches import Batches
from bot.nlu.finetune._checkpoint import Job
from bot.nlu.finetune._lines import read_lines
from bot.nlu.finetune._result import publish
from bot.nlu.finetune._trainer import Trainer
from bot.nlu.finetune._workplace import workplace
from tests.unit.nlu.conftest import TEXTS, Tiny
from tests.unit.nlu.finetune.conftest import OPTIONS, write_corpus

pytestmark = pytest.mark.usefixtures("house")


def tune(tiny: Tiny, corpus: Path, out: Path, options: Options = OPTIONS, **more: Any) -> training.Result:
    return training.finetune(out, str(tiny.folder), corpus, options, precision="float32", **more)


def weights(folder: Path) -> dict[str, np.ndarray]:
    return load_file(folder / "model.safetensors")


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let something happen before the step with a given number, once."""

    def at(number: int, happen: Any) -> None:
        step, waiting = Trainer.step, [number]

        def wrapped(self: Trainer, batch: Any, which: int) -> float:
            if which in waiting:
                waiting.clear()
                happen()
            return step(self, batch, which)

        monkeypatch.setattr(Trainer, "step", wrapped)

    return at


def crash() -> None:
    raise MemoryError("the power is gone")


def control_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(("kind", "pooling"), [("tiny_bert", "mean"), ("tiny_roberta", "mean"), ("tiny_bert", "cls")])
def test_loss_falls_and_the_folder_gives_the_networks_own_vectors(
    kind: str, pooling: Any, corpus: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    bundle = read_bundle(str(request.getfixturevalue(kind).folder), progress=lambda _: None)
    lines = read_lines(corpus, 0.1)
    batches = Batches(bundle, lines.texts, np.arange(len(lines.texts)), 8, 64)
    trainer = Trainer(bundle, lines, 40, Options(**{**OPTIONS.as_dict(), "pooling": pooling}))
    losses = [trainer.step(batches.batch(batches.order(0, k // 10)[k % 10]), k) for k in range(40)]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:10])

    publish(trainer.tuned(), Job("", "", {}), {}, tmp_path / "out")
    encoder = Encoder.load(str(tmp_path / "out"), quantize="float32", pooling=pooling, folder=tmp_path)
    for text in TEXTS:
        batch = Batches(bundle, [text], np.array([0]), 1, 64).batch(np.array([0]))
        own = trainer.network(batch.ids, batch.mask).numpy()
        np.testing.assert_allclose(encoder.sentences([text]), own, atol=1e-4)
    before = read_bundle(str(request.getfixturevalue(kind).folder), progress=lambda _: None).weights
    assert not np.allclose(trainer.tuned().weights["1.up.weight"], before["1.up.weight"], atol=1e-3)
    np.testing.assert_array_equal(trainer.tuned().weights["word"], before["word"])


def test_a_result_says_what_it_was_made_of(tiny_bert: Tiny, corpus: Path, tmp_path: Path) -> None:
    options = Options(**{**OPTIONS.as_dict(), "epochs": 6, "prefix": "你好"})
    result = tune(tiny_bert, corpus, tmp_path / "out", options)
    held_out = result.report["held_out"]
    assert result.report["lines"] == 80 and 4 <= held_out <= 12
    assert result.report["intent_accuracy"] > 0.8
    unseen = (tmp_path / "out" / "unseen.txt").read_text().split()
    lines = read_lines(corpus, 0.1)
    assert set(unseen) == {line_hash(t) for t, held in zip(lines.texts, lines.held_out, strict=True) if held}
    encoder = Encoder.load(str(result.folder), folder=tmp_path)
    assert encoder.unseen == set(unseen) and encoder.prefix == "你好"
    assert not list(tmp_path.glob("out.progress/state*"))


@pytest.mark.parametrize(("happen", "error"), [(crash, MemoryError), (control_c, KeyboardInterrupt)])
@pytest.mark.parametrize("number", [3, 12])
def test_an_interrupted_run_ends_as_if_nothing_had_happened(
    happen: Any, error: type[BaseException], number: int, tiny_bert: Tiny, corpus: Path, tmp_path: Path, interrupt: Any
) -> None:
    tune(tiny_bert, corpus, tmp_path / "whole")
    interrupt(number, happen)
    with pytest.raises(error):
        tune(tiny_bert, corpus, tmp_path / "broken", minutes=0)
    assert not (tmp_path / "broken").exists()
    said: list[str] = []
    tune(tiny_bert, corpus, tmp_path / "broken", progress=said.append)
    done = number if happen is crash else number + 1
    assert any(f"第 {done} /" in line for line in said)
    whole, resumed = weights(tmp_path / "whole"), weights(tmp_path / "broken")
    for name, value in whole.items():
        np.testing.assert_allclose(resumed[name], value, atol=1e-5, err_msg=name)


def test_control_c_leaves_the_process_as_it_was(tiny_bert: Tiny, corpus: Path, tmp_path: Path, interrupt: Any) -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupt(1, control_c)
    with pytest.raises(KeyboardInterrupt):
        tune(tiny_bert, corpus, tmp_path / "out")
    assert signal.getsignal(signal.SIGINT) is before


def test_other_lines_or_figures_cannot_go_on(tiny_bert: Tiny, corpus: Path, tmp_path: Path, interrupt: Any) -> None:
    interrupt(3, crash)
    with pytest.raises(MemoryError):
        tune(tiny_bert, corpus, tmp_path / "out", minutes=0)
    with pytest.raises(FinetuneError, match=r"epochs 原是 2.*--restart"):
        tune(tiny_bert, corpus, tmp_path / "out", Options(**{**OPTIONS.as_dict(), "epochs": 3}))
    write_corpus(corpus, lines=42)
    with pytest.raises(FinetuneError, match=r"语料.*变了.*--restart"):
        tune(tiny_bert, corpus, tmp_path / "out")
    assert tune(tiny_bert, corpus, tmp_path / "out", restart=True).report["lines"] == 84


def test_a_damaged_state_is_told(tiny_bert: Tiny, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "out.progress").mkdir()
    (tmp_path / "out.progress" / "state.safetensors").write_bytes(b"nonsense")
    with pytest.raises(FinetuneError, match=r"已损坏.*--restart"):
        tune(tiny_bert, corpus, tmp_path / "out")


def test_a_finished_run_is_not_repeated_until_the_lines_change(
    tiny_bert: Tiny, corpus: Path, tmp_path: Path, interrupt: Any
) -> None:
    first = tune(tiny_bert, corpus, tmp_path / "out")
    interrupt(0, crash)  # any step would fail
    assert tune(tiny_bert, corpus, tmp_path / "out").was_there
    write_corpus(corpus, lines=42)
    with pytest.raises(MemoryError):
        tune(tiny_bert, corpus, tmp_path / "out")
    again = tune(tiny_bert, corpus, tmp_path / "out")
    assert not again.was_there and again.report["id"] != first.report["id"]
    assert json.loads((tmp_path / "out" / "training.json").read_text())["lines"] == 84
    assert {path.name for path in tmp_path.iterdir()} <= {"corpus", "out", "out.progress", "var"}


def test_what_cannot_be_tuned_is_told(tiny_bert: Tiny, corpus: Path, tmp_path: Path) -> None:
    tuned = tune(tiny_bert, corpus, tmp_path / "tuned").folder
    for source, folder, says in [
        (str(tuned), corpus, "从原来的编码器开始"),
        (str(tiny_bert.folder), tmp_path / "empty", "至少要有两个意图"),
        ("package:other", corpus, "没有自带权重"),
    ]:
        with pytest.raises(FinetuneError, match=says):
            training.finetune(tmp_path / "out", source, folder, OPTIONS, precision="float32")
    with pytest.raises(FinetuneError, match="1 到 100"):
        Options(epochs=0)


def test_two_at_once_do_not_mix(tiny_bert: Tiny, corpus: Path, tmp_path: Path) -> None:
    with workplace(tmp_path / "out"), pytest.raises(FinetuneError, match="另一个微调"):
        tune(tiny_bert, corpus, tmp_path / "out")
