"""The report as one Chinese page that needs nothing from outside."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sklearn.metrics import precision_recall_fscore_support

from bot.nlu.judge._messages import LabelledMessage
from bot.nlu.judge._parsing import NOTHING, Prediction
from bot.nlu.judge._problem import JudgeError
from bot.nlu.judge._scores import Bin, Scores, reliability
from bot.nlu.judge._text import figures, percent
from bot.nlu.taxonomy import Taxonomy


@dataclass(frozen=True)
class Judged:
    """All that one run of the judge knows."""

    messages: Sequence[LabelledMessage]
    predictions: Sequence[Prediction]
    scores: Scores
    taxonomy: Taxonomy
    threshold: float

    def labels(self, tier: str) -> tuple[list[str], list[str]]:
        """What people and the model say on the "business" or "emotion" tier, where people say something."""
        pairs = [
            (getattr(m, tier), getattr(p, tier) or NOTHING)
            for m, p in zip(self.messages, self.predictions, strict=True)
            if getattr(m, tier)
        ]
        return [e for e, _ in pairs], [p for _, p in pairs]

    def bins(self) -> list[Bin]:
        """The reliability curve."""
        known = [(m, p) for m, p in zip(self.messages, self.predictions, strict=True) if m.business]
        return reliability([p.confidence for _, p in known], [p.business == m.business for m, p in known])


def confusion_table(expected: Sequence[str], predicted: Sequence[str], order: Sequence[str]) -> dict[str, Any]:
    """Ready to draw: `labels` of the columns (in `order`, others last), and a row for each label that is expected."""
    present = {*expected, *predicted}
    labels = [label for label in order if label in present] + sorted(present - set(order))
    pairs, totals = Counter(zip(expected, predicted, strict=True)), Counter(expected)
    rows = [
        {"label": e, "total": totals[e], "cells": [(pairs[e, p], pairs[e, p] / totals[e]) for p in labels]}
        for e in labels
        if totals[e]
    ]
    return {"labels": labels, "rows": rows}


def write_page(judged: Judged, file: Path, model: Path, moment: datetime, out: Path) -> None:
    """Write the page to `out`; `moment` is shown as it is.

    Raises:
        JudgeError: the file cannot be written.
    """
    taxonomy = judged.taxonomy
    business, emotion = judged.labels("business"), judged.labels("emotion")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    content = environment.get_template("page.html").render(
        figures=figures(judged.scores, judged.threshold),
        confusions=judged.scores.confusions,
        business=confusion_table(*business, list(taxonomy.base_of)) if business[0] else None,
        emotion=confusion_table(*emotion, taxonomy.emotions) if set(emotion[1]) - {NOTHING} else None,
        intents=_per_label(*business),
        bins=judged.bins() if business[0] else [],
        threshold=judged.threshold,
        title=lambda label: taxonomy.titles.get(label, label),
        base=lambda label: taxonomy.base_of.get(label, ""),
        percent=percent,
        file=file.name,
        model=model.name,
        moment=f"{moment:%Y-%m-%d %H:%M}",
    )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(content, encoding="utf8")
    except OSError as error:
        raise JudgeError(f"网页写不进 {out}：{error.strerror}，请换一个位置") from None


def _per_label(expected: Sequence[str], predicted: Sequence[str]) -> list[tuple[str, int, float, float, float]]:
    """(label, messages, precision, recall, F1), the worst F1 first."""
    if not expected:
        return []
    labels = sorted(set(expected))
    precision, recall, f1, support = precision_recall_fscore_support(
        expected, predicted, labels=labels, zero_division=0
    )
    rows = zip(labels, map(int, support), map(float, precision), map(float, recall), map(float, f1), strict=True)
    return sorted(rows, key=lambda row: (row[4], row[0]))
