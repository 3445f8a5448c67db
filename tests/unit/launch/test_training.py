"""Training on a large corpus: what is done once or quicker leaves the data as Rasa reads it."""

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.launch import training


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `make train` does to Rasa, undone afterwards."""
    monkeypatch.setattr(Message, "__hash__", Message.__hash__)
    monkeypatch.setattr(Message, "__deepcopy__", None, raising=False)
    monkeypatch.setattr(TrainingDataImporter, "load_from_config", TrainingDataImporter.load_from_config)
    training.read_once()
    training.hash_by_words()
    training.copy_quickly()
    yield


def message() -> Message:
    entities = [{"entity": "product", "start": 0, "end": 2, "value": "手机"}]
    metadata = {"intent": {"emotion": "impatient", "score": 2}}
    return Message({"text": "手机呢", "intent": "ask_stock", "entities": entities, "metadata": metadata})


def test_a_copy_is_equal_and_shares_nothing_that_changes(quick: None) -> None:
    one = message()
    other = copy.deepcopy(one)
    assert vars(other) == vars(one) and other == one
    other.get("entities")[0]["value"] = "电脑"
    other.get("metadata")["intent"]["score"] = 1
    other.set("note", "后加的", add_to_output=True)
    assert one == message() and one.output_properties == {"text"}


def test_duplicates_go_and_what_only_looks_alike_stays(quick: None) -> None:
    without = Message({"text": "手机呢", "intent": "ask_stock"})
    elsewhere = Message({"text": "手机呢", "intent": "greet"})
    merged = TrainingData([message(), without]).merge(TrainingData([message(), elsewhere]))
    assert merged.training_examples == [message(), without, elsewhere]


def test_files_are_read_once_for_all_who_name_them_alike(quick: None, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("recipe: default.v1\nassistant_id: a\nlanguage: zh\n", encoding="utf8")
    (tmp_path / "domain.yml").write_text('version: "3.1"\nintents: [greet]\n', encoding="utf8")
    lines = 'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - 你好\n    - 在吗\n'
    (tmp_path / "nlu.yml").write_text(lines, encoding="utf8")

    def load() -> TrainingDataImporter:
        paths = [str(tmp_path / name) for name in ("config.yml", "domain.yml", "nlu.yml")]
        return TrainingDataImporter.load_from_config(paths[0], paths[1], [paths[2]])

    assert load() is load()
    assert [one.get("text") for one in load().get_nlu_data().intent_examples] == ["你好", "在吗"]
