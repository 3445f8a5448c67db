"""`rasa test nlu` on lines that other hands wrote than the training lines, with a floor that fails the build."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.launch.steps import newest_model
from bot.settings import ROOT

# Of what is answered at the confidence threshold, how much is right; and how much of all is answered right.
PRECISION_FLOOR = 0.93
RECALL_FLOOR = 0.55


@pytest.mark.slow
def test_heldout_lines_stay_above_the_floor(tmp_path: Path) -> None:
    model = newest_model()
    assert model, "没有模型，请先运行 make train"
    command = ["rasa", "test", "nlu", "--nlu", "tests/nlu/heldout.yml", "--model", str(model), "--out", str(tmp_path)]
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false"}
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", *command, "--no-plot"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    report = json.loads((tmp_path / "intent_report.json").read_text(encoding="utf8"))
    reached = report["weighted avg"]
    print(f"precision {reached['precision']:.3f}, recall {reached['recall']:.3f}")
    assert reached["precision"] >= PRECISION_FLOOR
    assert reached["recall"] >= RECALL_FLOOR
