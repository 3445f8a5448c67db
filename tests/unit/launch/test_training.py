"""Training on a large corpus: what is done once or quicker leaves the data as Rasa reads it."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils import io, validation
from rasa.shared.utils.validation import YamlValidationException
from scipy import sparse
from tarsafe import TarSafe

from bot.launch import training


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `make train` does to Rasa, undone afterwards."""
    changed = {
        Message: ("__hash__", "fingerprint"),
        Features: ("fingerprint",),
        TrainingData: ("merge",),
        TrainingDataImporter: ("load_from_config",),
        RasaFileImporter: ("get_domain", "get_nlu_data"),
        validation: ("validate_yaml_schema",),
        TarSafe: ("gzopen",),
    }
    for owner, names in changed.items():
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))
    for change in training.CHANGES:
        change()
    yield


def message() -> Message:
    entities = [{"entity": "product", "start": 0, "end": 2, "value": "手机"}]
    metadata = {"intent": {"emotion": "impatient", "score": 2}}
    return Message({"text": "手机呢", "intent": "ask_stock", "entities": entities, "metadata": metadata})


def test_duplicates_go_and_what_only_looks_alike_stays(quick: None) -> None:
    without = Message({"text": "手机呢", "intent": "ask_stock"})
    elsewhere = Message({"text": "手机呢", "intent": "greet"})
    merged = TrainingData([message(), without]).merge(None, TrainingData([message(), elsewhere]))
    assert merged.training_examples == [message(), without, elsewhere]


def test_merged_data_hold_all_else_as_well(quick: None) -> None:
    one = TrainingData(
        [message()], {"苹果": "iPhone"}, [{"name": "a", "pattern": "b"}], [{"name": "c"}], {"utter_a": []}
    )
    other = TrainingData([], {"华为": "Mate"}, [{"name": "d", "pattern": "e"}], [{"name": "f"}], {"utter_b": []})
    merged = one.merge(other)
    assert merged.entity_synonyms == {"苹果": "iPhone", "华为": "Mate"}
    assert [feature["name"] for feature in merged.regex_features] == ["a", "d"]
    assert [table["name"] for table in merged.lookup_tables] == ["c", "f"]
    assert set(merged.responses) == {"utter_a", "utter_b"}


def test_equal_messages_have_one_fingerprint_and_whatever_differs_another(quick: None) -> None:
    def with_(feature: Features | None = None, **data: object) -> Message:
        one = message()
        for name, value in data.items():
            one.set(name, value)
        if feature:
            one.add_features(feature)
        return one

    def dense(*numbers: float) -> Features:
        return Features(np.array([numbers], np.float32), "sentence", "text", "encoder")

    different = [
        with_(),
        with_(intent="greet"),
        with_(note=1),
        with_(note="1"),
        with_(metadata={"intent": {"emotion": "impatient", "score": 1}}),
        with_(text_tokens=[Token("手机", 0), Token("呢", 2)]),
        with_(text_tokens=[Token("手", 0), Token("机呢", 1)]),
        with_(text_tokens=[Token("手机", 0, data={"pos": "n"}), Token("呢", 2)]),
        with_(dense(1, 2)),
        with_(dense(2, 1)),
        with_(Features(np.array([[1], [2]], np.float32), "sequence", "text", "encoder")),
        with_(Features(sparse.csr_matrix(np.eye(2)), "sentence", "text", "encoder")),
    ]
    assert len({one.fingerprint() for one in different}) == len(different)
    turned = Message(dict(reversed(message().data.items())))
    assert turned.fingerprint() == message().fingerprint() and turned == message()
    assert with_(dense(1, 2)).fingerprint() == with_(dense(1, 2)).fingerprint()


def test_a_changed_message_has_another_fingerprint(quick: None) -> None:
    one = message()
    before = one.fingerprint()
    one.set("note", "后加的")
    assert one.fingerprint() != before


def test_a_mistake_is_told_with_its_line_as_rasa_does(quick: None) -> None:
    wrong = 'version: "3.1"\nnlu:\n- intent: greet\n  exampels: |\n    - 你好\n'
    read = io.read_yaml
    with pytest.raises(YamlValidationException, match=r"(?s)exampels.*Line 3|Line 3.*exampels"):
        validation.validate_yaml_schema(wrong, "shared/nlu/training_data/schemas/nlu.yml")
    assert io.read_yaml is read
    validation.validate_yaml_schema(wrong.replace("exampels", "examples"), "shared/nlu/training_data/schemas/nlu.yml")


def test_a_packed_model_opens(quick: None, tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"0" * 10_000)
    with TarSafe.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "weights", arcname="weights")
    assert (tmp_path / "model.tar.gz").stat().st_size < 1_000
    with TarSafe.open(tmp_path / "model.tar.gz", "r:gz") as tar:
        assert tar.extractfile("weights").read() == b"0" * 10_000


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
