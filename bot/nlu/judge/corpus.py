"""`python -m bot corpus check`: whether the training lines are sound."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bot.nlu.encoder import Encoder, EncoderError
from bot.nlu.judge._alike import alike_intents
from bot.nlu.judge._corpus_checks import (
    Limits,
    check_counts,
    check_duplicates,
    check_families,
    check_labels,
    check_leaks,
    show,
)
from bot.nlu.judge._corpus_lines import Line, normalise, read_corpus
from bot.nlu.judge._findings import Finding, Report
from bot.nlu.judge._messages import read_messages
from bot.nlu.judge._near import Encode, families, near_pairs
from bot.nlu.judge._problem import JudgeError
from bot.nlu.taxonomy import Taxonomy, load_taxonomy
from bot.settings import ROOT


def check(corpus: Path, held_out: Path, *, as_json: bool = False) -> None:
    """Print what is wrong with the lines in `corpus`; those in `held_out` must not be among them.

    Raises:
        JudgeError: there are errors, or files that cannot be read.
    """
    taxonomy = load_taxonomy()
    report = check_corpus(read_corpus(corpus), read_held_out(held_out, taxonomy), taxonomy, _encode)
    print(json.dumps(report.as_dict(), ensure_ascii=False, indent=1) if as_json else report.as_text(taxonomy.titles))
    if report.errors:
        raise JudgeError(f"语料有 {len(report.errors)} 个错误，请改好再提交")


def read_held_out(folder: Path, taxonomy: Taxonomy) -> list[Line]:
    """The lines of the Rasa files and the labelled TSV files in `folder`; none when it does not exist."""
    lines = read_corpus(folder)
    for file in sorted(folder.rglob("*.tsv")):
        shown = file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
        for m in read_messages(file, taxonomy):
            lines.append(Line(m.text, m.business or "-", m.emotion or "-", None, shown, m.number))
    return lines


def check_corpus(
    lines: Sequence[Line], held_out: Sequence[Line], taxonomy: Taxonomy, encode: Encode, limits: Limits | None = None
) -> Report:
    """All checks; the findings come sorted, the worst of a kind first."""
    limits = limits or Limits()
    counts = Counter(line.intent for line in lines)
    intents = {name: counts[name] for name in [*taxonomy.base_of, *sorted(set(counts) - set(taxonomy.base_of))]}
    findings = [
        *check_counts(lines, intents, taxonomy, limits),
        *check_labels(lines),
        *check_duplicates(lines),
        *check_leaks(lines, held_out),
        *_near(lines, held_out, encode, limits),
        *_alike(lines, limits),
        *check_families(lines),
    ]
    return Report(len(lines), intents, dict(Counter(line.emotion for line in lines).most_common()), findings)


def _near(lines: Sequence[Line], held_out: Sequence[Line], encode: Encode, limits: Limits) -> Iterator[Finding]:
    # Of lines with the same text only the first counts: the others are duplicates.
    distinct = list({normalise(line.text): line for line in reversed([*lines, *held_out])}.values())[::-1]
    tests = {id(line) for line in held_out}
    within = []
    for pair in near_pairs([line.text for line in distinct], encode, limits.near):
        first, second = distinct[pair.first], distinct[pair.second]
        places = [f"{show(line)}（{line.intent}）" for line in (first, second)]
        known = [id(line) in tests for line in (first, second)]
        if any(known):
            if not all(known):
                yield Finding("与测试集的句子几乎一样", False, f"相似度 {pair.cosine:.3f}", places)
        elif first.intent == second.intent:
            within.append(pair)
        else:
            kind = "不同意图里几乎一样" if pair.cosine >= limits.same else "不同意图里很像"
            yield Finding(kind, pair.cosine >= limits.same, f"相似度 {pair.cosine:.3f}", places)
    for rows in families(within):
        own = [distinct[row] for row in rows]
        yield Finding("同一意图里几乎一样", False, f"{own[0].intent}，{len(own)} 句", [show(line) for line in own])


def _alike(lines: Sequence[Line], limits: Limits) -> Iterator[Finding]:
    for pair in alike_intents([line.text for line in lines], [line.intent for line in lines], limits.alike):
        message = f"{pair.intent} 有 {100 * pair.share:.0f}% 像 {pair.other}，例如："
        yield Finding("意图太像", False, message, [show(lines[row]) for row in pair.rows])


def _encode(texts: Sequence[str]) -> np.ndarray:
    try:
        return Encoder.load(progress=lambda text: print(text, file=sys.stderr)).sentences(texts)
    except EncoderError as error:
        raise JudgeError(str(error)) from error
