"""The taxonomy file, and that the conversation knows the same intents."""

from pathlib import Path

import pytest
import yaml

from bot.nlu.taxonomy import load_taxonomy
from bot.settings import ROOT, SettingsError


def test_domain_and_taxonomy_name_the_same_intents() -> None:
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf8"))
    assert set(domain["intents"]) - {"nlu_fallback"} == set(load_taxonomy().base_of)


def test_training_files_stand_in_the_folder_of_their_base_intent() -> None:
    taxonomy = load_taxonomy()
    files = {path.stem: path.parent.name for path in (ROOT / "data" / "nlu").glob("*/*.yml")}
    assert files == taxonomy.base_of


def test_every_name_has_a_title() -> None:
    taxonomy = load_taxonomy()
    assert set(taxonomy.titles) == {*taxonomy.base_of, *taxonomy.bases, *taxonomy.emotions}
    assert all(taxonomy.titles.values())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("base: {a: {title: 甲, intents: {x: 某}}, b: {title: 乙, intents: {x: 某}}}", "x 出现了两次（a 和 b）"),
        ("base: {a: {title: 甲}}", "a 应有 title 和 intents"),
        ("base: [", "不是正确的 YAML"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "taxonomy.yml"
    path.write_text(content, encoding="utf8")
    with pytest.raises(SettingsError, match=words):
        load_taxonomy(path)


def test_an_unknown_intent_is_named() -> None:
    with pytest.raises(SettingsError, match="ask_moon"):
        load_taxonomy().require(["ask_stock", "ask_moon"])
