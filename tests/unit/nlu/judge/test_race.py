"""The race: what rivals are trained on, the table, and one real run of the quickest rival."""

from pathlib import Path

import pytest
import yaml

from bot.cli import main
from bot.nlu.judge import _rivals
from bot.nlu.judge._corpus_lines import Line
from bot.nlu.judge._rivals import Rival, rivals
from bot.nlu.judge.race import Row, markdown, nlu_data, race, run, subsample
from bot.nlu.taxonomy import load_taxonomy


def line(text: str, intent: str, emotion: str = "calm", score: int = 3) -> Line:
    return Line(text, intent, emotion, score, Path("x.yml"), 1)


LINES = [line(f"问价{i}", "ask_price") for i in range(80)] + [line(f"你好{i}", "greet") for i in range(20)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "messages.tsv"
    path.write_text("text\tbusiness\n转人工\trequest_human\n这个多少钱\task_price\n呜哇\tchitchat\n", encoding="utf8")
    return path


def test_a_subsample_keeps_the_shares_and_spreads_evenly() -> None:
    chosen = subsample(LINES, 10)
    assert [one.text for one in chosen if one.intent == "greet"] == ["你好0", "你好19"]
    prices = [int(one.text[2:]) for one in chosen if one.intent == "ask_price"]
    assert len(prices) == 8 and (prices[0], prices[-1]) == (0, 79) and prices == sorted(set(prices))
    assert subsample(LINES, 0) == subsample(LINES, 1000) == LINES


def test_training_data_keeps_the_emotions() -> None:
    data = nlu_data([line("有吗", "ask_stock"), line("快说！", "ask_stock", "impatient", 2), line("货呢", "ask_stock")])
    assert data["nlu"] == [
        {"intent": "ask_stock", "metadata": {"emotion": "calm", "score": 3}, "examples": "- 有吗\n- 货呢\n"},
        {"intent": "ask_stock", "metadata": {"emotion": "impatient", "score": 2}, "examples": "- 快说！\n"},
    ]


def test_the_table_leaves_open_what_is_not_known() -> None:
    rows = [Row("甲|乙", "好", 0.9, 0.8, 12.3, 4.56, 700.0, 300.0), Row("丙", "随机权重，只比速度", milliseconds=250.0)]
    *_, first, second = markdown(rows, "标题").splitlines()
    assert first == "| 甲\\|乙 | 90.0% | 80.0% | 12 | 4.6 | 700 | 300 | 好 |"
    assert second == "| 丙 | — | — | — | 250.0 | — | — | 随机权重，只比速度 |"


def test_without_the_hub_bert_runs_blind_on_random_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import BertTokenizer

    def small(folder: Path, characters: str) -> Path:
        folder.mkdir()
        (folder / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", *characters]), encoding="utf8")
        return folder

    monkeypatch.setattr(_rivals, "_hub_bert", lambda: None)
    monkeypatch.setattr(_rivals, "_random_bert", small)
    said: list[str] = []
    with rivals(["bert"], 7, "有货", said.append) as (rival,):
        weights = rival.pipeline[1]["model_weights"]
        assert rival.blind and "随机权重" in rival.note and rival.pipeline[2]["epochs"] == 7
        assert BertTokenizer.from_pretrained(weights).tokenize("有货吗") == ["有", "货", "[UNK]"]
    assert "连不上" in said[0] and not Path(weights).exists()


def test_every_intent_has_keywords_and_no_other() -> None:
    content = yaml.safe_load(Path(_rivals.__file__).with_name("keywords.yml").read_text(encoding="utf8"))
    assert set(content) == set(load_taxonomy().base_of) and all(content.values())


@pytest.mark.slow
def test_a_rival_that_fails_says_why_and_stops_nobody(file: Path) -> None:
    row = run(Rival("坏的", [{"name": "NoSuchComponent"}]), LINES, file)
    assert row.note.startswith("失败：训练没有完成") and row.business is None


@pytest.mark.slow
def test_keyword_rules_run_the_whole_way(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    corpus = tmp_path / "nlu"
    corpus.mkdir()
    (corpus / "nlu.yml").write_text(yaml.safe_dump(nlu_data(LINES), allow_unicode=True), encoding="utf8")
    out = tmp_path / "results" / "bench.md"
    race(file, lines=20, epochs=1, only=["keywords"], out=out, corpus=corpus)
    name, base, business, *numbers, _ = [
        cell.strip() for cell in out.read_text("utf8").splitlines()[-1].split("|")[1:-1]
    ]
    assert (name, base, business) == ("关键词规则", "66.7%", "66.7%")
    assert all(float(number) >= 0 for number in numbers) and float(numbers[-1]) > 50
    assert out.read_text("utf8").strip() in capsys.readouterr().out


def test_unknown_rivals_are_refused(file: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["bench-nlu", str(file), "--only", "gpt"]) == 1
    assert "gpt 不认识" in capsys.readouterr().err
