"""The whole judge on a small trained model: figures, page, floors."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from bot.cli import main

_LINES = {
    "greet": ["你好", "您好呀", "在吗", "哈喽"],
    "ask_stock": ["有货吗", "还有没有货", "现货有吗", "什么时候到货"],
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from rasa.model_training import train_nlu

    folder = tmp_path_factory.mktemp("judged")
    nlu = [{"intent": name, "examples": "".join(f"- {line}\n" for line in lines)} for name, lines in _LINES.items()]
    pipeline = [{"name": "KeywordIntentClassifier"}, {"name": "FallbackClassifier", "threshold": 0.85}]
    config = {"recipe": "default.v1", "language": "zh", "assistant_id": "t", "pipeline": pipeline, "policies": []}
    for name, content in {"nlu": {"version": "3.1", "nlu": nlu}, "config": config}.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # Rasa keeps its cache of components where it runs
        return folder / train_nlu("config.yml", "nlu.yml", "models")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = ["text\tbusiness\temotion", "您好呀\tgreet\tcalm", "<b>有货吗</b>\tgreet\t-", "还有没有货？？\task_stock\t-"]
    path = tmp_path / "messages.tsv"
    path.write_text("\n".join(rows), encoding="utf8")
    return path


class _Resources(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.add(tag)
        self.outside += [value for name, value in attrs if name in ("src", "href") and value]


@pytest.mark.slow
def test_json_is_the_only_output(model: Path, file: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["eval", str(file), "--model", str(model), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["n"], report["business_accuracy"], report["base_accuracy"]) == (3, 2 / 3, 2 / 3)
    assert (report["coverage"], report["ece"]) == (1.0, pytest.approx(1 / 3))  # keywords are always sure
    assert report["parse_ms_median"] > 0 and report["emotion_macro_f1"] is None
    assert report["confusions"][0]["examples"] == ["<b>有货吗</b>"]


@pytest.mark.slow
def test_page_needs_nothing_from_outside_and_shows_messages_as_text(model: Path, file: Path, tmp_path: Path) -> None:
    page = tmp_path / "reports" / "page.html"
    assert main(["eval", str(file), "--model", str(model.parent), "--html", str(page)]) == 0
    content = page.read_text(encoding="utf8")
    found = _Resources()
    found.feed(content)
    assert not found.outside and not re.search(r"url\(|@import|https?://", content)
    assert {"svg", "circle"} <= found.tags and "script" not in found.tags
    assert "&lt;b&gt;有货吗&lt;/b&gt;" in content and "<b>有货吗" not in content
    assert "应为打招呼，识别成有没有货：1 条，占 50.0%" in content


@pytest.mark.slow
def test_a_missed_floor_fails_the_build(model: Path, file: Path, capsys: pytest.CaptureFixture) -> None:
    arguments = ["eval", str(file), "--model", str(model), "--floor"]
    assert main([*arguments, "business=0.6"]) == 0
    assert main([*arguments, "business=0.7"]) == 1
    assert "business 是 0.6667，低于要求的 0.7" in capsys.readouterr().err


def test_a_missing_or_broken_model_is_one_line(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["eval", str(file), "--model", str(tmp_path / "none.tar.gz")]) == 1
    assert "没有模型" in capsys.readouterr().err
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"not an archive")
    assert main(["eval", str(file), "--model", str(broken)]) == 1
    assert "打不开" in capsys.readouterr().err
