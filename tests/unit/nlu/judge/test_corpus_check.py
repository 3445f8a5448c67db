"""The corpus check: each fault is planted in a small sound corpus and must be found, and nothing else."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.cli import main
from bot.nlu.judge import JudgeError
from bot.nlu.judge import corpus as judge_corpus
from bot.nlu.judge._corpus_checks import Limits
from bot.nlu.judge._corpus_lines import Line, normalise, read_corpus
from bot.nlu.judge._findings import Report
from bot.nlu.judge.corpus import check_corpus, read_held_out
from bot.nlu.taxonomy import Taxonomy

TAXONOMY = Taxonomy({"greet": "other", "ask_stock": "presale"}, {"greet": "打招呼"}, ("calm", "impatient"))
LIMITS = Limits(per_intent=1, total=6, alike=2)  # so few lines cannot be told apart
SOUND = {
    "greet": ["老板早上好呀", "哈喽有人吗", "嗨", "晚上好打扰一下"],
    "ask_stock": ["蓝色那款仓库还剩几台", "现货多不多", "啥时候补货", "广州能调一件过来不"],
}


def encode(texts: Sequence[str]) -> np.ndarray:
    """Bags of characters: texts with the same characters are one."""
    letters = sorted(set("".join(texts)))
    return np.array([[text.count(letter) for letter in letters] for text in texts], float)


def line(text: str, intent: str = "greet", number: int = 99, emotion: str = "calm", score: int = 3) -> Line:
    return Line(text, intent, emotion, score, Path(f"{intent}.yml"), number)


def check(extra: Sequence[Line] = (), held_out: Sequence[Line] = ()) -> Report:
    lines = [line(text, intent, n) for intent, texts in SOUND.items() for n, text in enumerate(texts, start=1)]
    return check_corpus([*lines, *extra], held_out, TAXONOMY, encode, LIMITS)


def test_a_sound_corpus_is_passed() -> None:
    report = check()
    assert report.findings == [] and (report.lines, report.intents) == (8, {"greet": 4, "ask_stock": 4})
    assert "✓ 没有发现问题" in report.as_text(TAXONOMY.titles)


@pytest.mark.parametrize(
    ("extra", "held_out", "kind", "error", "places"),
    [
        ([line("嗨", "ask_stock")], [], "不同意图里重复", True, ["greet.yml:3  嗨", "ask_stock.yml:99  嗨"]),
        ([line("嗨")], [], "同一意图里重复", False, ["greet.yml:3  嗨", "greet.yml:99  嗨"]),
        ([line("嗨", emotion="impatient", score=2)], [], "同一句话情感不同", False,
         ["greet.yml:3  嗨", "greet.yml:99  嗨"]),
        ([line("现货 多不多！")], [], "不同意图里只差标点、空格或大小写", True,
         ["ask_stock.yml:2  现货多不多", "greet.yml:99  现货 多不多！"]),
        ([line("补货啥时候")], [], "不同意图里几乎一样", True,
         ["ask_stock.yml:3  啥时候补货（ask_stock）", "greet.yml:99  补货啥时候（greet）"]),
        ([line("补货啥时候", "ask_stock")], [], "同一意图里几乎一样", False,
         ["ask_stock.yml:3  啥时候补货", "ask_stock.yml:99  补货啥时候"]),
        ([], [line("嗨~", number=7)], "测试集的句子进了训练语料", True, ["greet.yml:3  嗨", "greet.yml:7  嗨~"]),
        ([], [line("有人吗哈喽", number=7)], "与测试集的句子几乎一样", False,
         ["greet.yml:2  哈喽有人吗（greet）", "greet.yml:7  有人吗哈喽（greet）"]),
        ([line("急", emotion="impatient", score=4)], [], "情感标注有误", True, ["greet.yml:99  急"]),
        ([line("嗷", emotion="angry")], [], "情感标注有误", True, ["greet.yml:99  嗷"]),
        ([line("嗯嗯", "nods")], [], "不认识的意图", True, ["nods.yml:99  嗯嗯"]),
        ([line(f"{word}怎么录指纹", number=n) for n, word in enumerate(["门锁", "考勤机", "保险柜"])], [],
         "模板句", False,
         ["greet.yml:0  门锁怎么录指纹", "greet.yml:1  考勤机怎么录指纹", "greet.yml:2  保险柜怎么录指纹"]),
    ],
)  # fmt: skip
def test_each_fault_is_found_with_its_places(
    extra: list[Line], held_out: list[Line], kind: str, error: bool, places: list[str]
) -> None:
    (finding,) = check(extra, held_out).findings
    assert (finding.kind, finding.error, finding.places) == (kind, error, places)


def test_a_question_and_its_answer_are_not_duplicates() -> None:
    assert normalise("没了") == normalise("没 了。") != normalise("没了？") == normalise("没了 ?!")
    assert normalise("ＯＫ") == normalise("ok") and normalise("👍") != normalise("👎")


def test_too_few_lines_are_errors() -> None:
    report = check_corpus([line("你好")], [], TAXONOMY, encode, Limits(per_intent=2, total=3))
    assert [f.message for f in report.errors] == [
        "一共 1 行，至少要 3 行",
        "ask_stock 只有 0 行，至少要 2 行",
        "greet 只有 1 行，至少要 2 行",
    ]


def test_intents_that_cannot_be_told_apart_are_named() -> None:
    extra = [line(f"{a}{b}{c}", ("greet", "ask_stock")[(i // 2) % 2]) for i, (a, b, c) in enumerate(_shuffles(40))]
    report = check_corpus(extra, [], TAXONOMY, lambda texts: np.eye(len(texts)), Limits(0, 0, alike=0.2))
    found = [f for f in report.findings if f.kind == "意图太像"]
    assert found and not any(f.error for f in found) and all(len(f.places) == 3 for f in found)


def _shuffles(count: int) -> list[list[str]]:
    random = np.random.default_rng(3)
    return [list(random.choice(list("货仓台件色款量期"), 3, replace=False)) for _ in range(count)]


def test_places_are_the_lines_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        'version: "3.1"\nnlu:\n'
        "- intent: ask_stock\n  metadata: {emotion: impatient, score: 2}\n  examples: |\n    - 有货吗\n\n"
        '    - [iphone 14](product)呢\n    - 来[一台]{"entity": "quantity", "value": "1"}\n'
        "- synonym: x\n  examples: |\n    - y\n"
        "- intent: greet\n  examples:\n  - text: |\n      - 你好\n    metadata: {emotion: satisfied, score: 4}\n",
        encoding="utf8",
    )
    rows = [(one.number, one.text, one.intent, one.emotion, one.score) for one in read_corpus(tmp_path)]
    assert rows == [
        (6, "有货吗", "ask_stock", "impatient", 2),
        (8, "iphone 14呢", "ask_stock", "impatient", 2),
        (9, "来一台", "ask_stock", "impatient", 2),
        (16, "你好", "greet", "satisfied", 4),
    ]


def test_a_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("nlu:\n- intent: [greet\n", encoding="utf8")
    with pytest.raises(JudgeError, match=r"a\.yml 第 \d 行不是正确的 YAML"):
        read_corpus(tmp_path)


def test_labelled_files_are_held_out_too(tmp_path: Path) -> None:
    (tmp_path / "real.tsv").write_text("text\tbusiness\n\n你好\tgreet\n", encoding="utf8")
    (held,) = read_held_out(tmp_path, TAXONOMY)
    assert (held.text, held.intent, held.number) == ("你好", "greet", 3)


def test_the_command_fails_on_errors_and_prints_pure_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(judge_corpus, "_encode", encode)
    nlu = "nlu:\n- intent: greet\n  examples: |\n    - 你好\n- intent: thank\n  examples: |\n    - 你好\n"
    (tmp_path / "nlu.yml").write_text(nlu, encoding="utf8")
    arguments = ["corpus", "check", "--json", "--corpus", str(tmp_path), "--held-out", str(tmp_path / "none")]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert report["lines"] == 2 and {"不同意图里重复", "行数不够"} == {e["kind"] for e in report["errors"]}
    assert "改好再提交" in captured.err
