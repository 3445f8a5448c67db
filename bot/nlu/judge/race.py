"""`python -m bot bench-nlu`: this pipeline beside stock ones, trained on the same lines, judged on the same file."""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bot.nlu.judge._corpus_lines import Line, read_corpus
from bot.nlu.judge._messages import read_messages
from bot.nlu.judge._problem import JudgeError
from bot.nlu.judge._rivals import RIVALS, Rival, rivals, template_pipeline
from bot.nlu.judge._text import percent
from bot.nlu.taxonomy import load_taxonomy
from bot.settings import ROOT

__all__ = ["RIVALS", "nlu_data", "race", "read_corpus", "subsample", "template_pipeline"]

_HEADER = ("方案", "基础意图", "业务意图", "训练秒数", "单条毫秒", "训练内存 MB", "运行内存 MB", "说明")


@dataclass(frozen=True)
class Row:
    """A rival's figures; None where they do not tell or the rival failed, which `note` then says."""

    name: str
    note: str
    base: float | None = None
    business: float | None = None
    seconds: float | None = None
    milliseconds: float | None = None
    train_mb: float | None = None
    serve_mb: float | None = None

    def cells(self) -> list[str]:
        """As the table shows them."""
        numbers = ((self.seconds, 0), (self.milliseconds, 1), (self.train_mb, 0), (self.serve_mb, 0))
        shown = ["—" if value is None else f"{value:.{digits}f}" for value, digits in numbers]
        return [self.name, percent(self.base), percent(self.business), *shown, self.note]


def race(
    file: Path, *, lines: int, epochs: int, only: Sequence[str], out: Path, corpus: Path = ROOT / "data" / "nlu"
) -> None:
    """Train and judge each rival, print the table and write it to `out` as markdown.

    Args:
        file: labelled messages, as for `eval`.
        lines: how many lines of the corpus to train on, chosen evenly; 0 means all.
        epochs: of DIET.
        only: keys of `RIVALS`; all by default.
        out: the markdown file.
        corpus: folder of the training lines.

    Raises:
        JudgeError: the file or the corpus cannot be read.
    """
    count = len(read_messages(file, load_taxonomy()))
    chosen = subsample(read_corpus(corpus), lines)
    if not chosen:
        raise JudgeError(f"{corpus} 里没有训练语料")
    rows = []
    with rivals(only, epochs, "".join(line.text for line in chosen), _say) as entered:
        for number, rival in enumerate(entered, start=1):
            _say(f"▶ [{number}/{len(entered)}] {rival.name}")
            rows.append(run(rival, chosen, file))
            _say(f"  {'，'.join(f'{n} {c}' for n, c in zip(_HEADER[1:], rows[-1].cells()[1:], strict=True))}")
    table = markdown(rows, f"训练 {len(chosen)} 行，考核 {file.name} 的 {count} 条消息，{os.cpu_count()} 个 CPU 核")
    print(table)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(table + "\n", encoding="utf8")
    _say(f"表格已写到 {out}")


def subsample(lines: Sequence[Line], count: int) -> list[Line]:
    """About `count` lines (all for 0), from each intent in proportion and evenly spread, at least two each."""
    if not count or count >= len(lines):
        return list(lines)
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.intent].append(line)
    chosen = []
    for own in groups.values():
        share = min(max(2, round(count * len(own) / len(lines))), len(own))
        chosen += [own[place] for place in np.linspace(0, len(own) - 1, share).round().astype(int)]
    return chosen


def nlu_data(lines: Sequence[Line]) -> dict[str, Any]:
    """Rasa NLU data with the emotions as the corpus has them."""
    blocks: dict[tuple[str, str, Any], list[str]] = defaultdict(list)
    for line in lines:
        blocks[line.intent, line.emotion, line.score].append(f"- {line.text}\n")
    nlu = [
        {"intent": intent, "metadata": {"emotion": emotion, "score": score}, "examples": "".join(texts)}
        for (intent, emotion, score), texts in blocks.items()
    ]
    return {"version": "3.1", "nlu": nlu}


def run(rival: Rival, lines: Sequence[Line], file: Path) -> Row:
    """Both laps of one rival, each in a fresh process and a fresh folder, so that no cache helps."""
    row = Row(rival.name, rival.note)
    config = {"recipe": "default.v1", "language": "zh", "assistant_id": "bench", "pipeline": rival.pipeline}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for stem, content in {"nlu": nlu_data(lines), "config": {**config, "policies": []}}.items():
            text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
            (folder / f"{stem}.yml").write_text(text, encoding="utf8")
        try:
            trained = _lap(folder, "train", "config.yml", "nlu.yml", "models")
            row = replace(row, seconds=trained["seconds"], train_mb=trained["peak_mb"])
            judged = _lap(folder, "judge", trained["model"], str(file.resolve()))
        except JudgeError as error:
            return replace(row, note=f"失败：{error}")
    if not rival.blind:
        row = replace(row, base=judged["base_accuracy"], business=judged["business_accuracy"])
    return replace(row, milliseconds=judged["parse_ms_median"], serve_mb=judged["peak_mb"])


def _lap(folder: Path, *arguments: str) -> dict[str, Any]:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONWARNINGS": "ignore",
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    out = folder / f"{arguments[0]}.json"
    command = [sys.executable, "-m", "bot.nlu.judge._racer", *arguments, str(out)]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if result.returncode != 0 or not out.exists():
        last = (result.stderr.strip() or result.stdout.strip() or "没有输出").splitlines()[-1]
        raise JudgeError(f"{'训练' if arguments[0] == 'train' else '考核'}没有完成（{last[:200]}）")
    return dict(json.loads(out.read_text(encoding="utf8")))


def markdown(rows: Sequence[Row], heading: str) -> str:
    """The table under its heading."""
    table = [_HEADER, ["---", *["---:"] * 6, "---"], *(row.cells() for row in rows)]
    return "\n".join(
        [heading, "", *("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |" for cells in table)]
    )


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
