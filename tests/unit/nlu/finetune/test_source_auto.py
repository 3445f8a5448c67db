"""`source: auto`: the default encoder and a tuned one beside it; a model keeps those that it was trained with."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import emotion, intent, panel
from bot.nlu.encoder import EncoderError, _cache, _huggingface, _sources, cache_key, line_hash, sources_of
from bot.nlu.encoder._sources import TRAINING
from bot.nlu.featurizer import ChineseBertFeaturizer, sentence_features
from bot.nlu.finetune._checkpoint import Job
from bot.nlu.finetune._result import publish
from tests.unit.nlu.conftest import TEXTS, Tiny

CONFIG = {**ChineseBertFeaturizer.get_default_config(), "source": "auto", "quantize": "float32", "sequence": False}


@pytest.fixture
def tuned(house: Path, tiny_bert: Tiny, tiny_roberta: Tiny, monkeypatch: pytest.MonkeyPatch) -> Path:
    """var/finetuned, which has left out the first text; a small encoder stands for the default one."""
    for module in (_sources, _cache):
        monkeypatch.setattr(module, "DEFAULT_SOURCE", str(tiny_roberta.folder))
    bundle = dataclasses.replace(_huggingface.read(tiny_bert.folder), unseen=frozenset({line_hash(TEXTS[0])}))
    publish(bundle, Job("", "", {}), {}, house / "finetuned")
    return house / "finetuned"


def messages() -> list[Message]:
    return [Message({TEXT: text, "intent": "ask_stock" if k % 2 else "greet"}) for k, text in enumerate(TEXTS)]


def open_featurizer(storage: Path, how: str, config: dict[str, Any] = CONFIG) -> Any:
    storage.mkdir(exist_ok=True)
    context = ExecutionContext(GraphSchema({}), node_name="featurizer")
    make = getattr(ChineseBertFeaturizer, how)
    return make(config, LocalModelStorage(storage), Resource("featurizer"), context)


def test_auto_is_the_default_alone_until_a_complete_tuned_encoder_is_there(tuned: Path, tiny_roberta: Tiny) -> None:
    default = str(tiny_roberta.folder)
    assert sources_of("auto") == [default, str(tuned)]
    (tuned / TRAINING).unlink()
    assert sources_of("auto") == [default]
    shutil.rmtree(tuned)
    assert sources_of("auto") == [default]
    assert sources_of("hfl/rbt3") == ["hfl/rbt3"]


def test_rasa_trains_again_when_the_tuned_encoder_appears_or_changes(tuned: Path, tiny_bert: Tiny) -> None:
    first = ChineseBertFeaturizer.fingerprint_addon(CONFIG)
    publish(_huggingface.read(tiny_bert.folder), Job("", "", {}), {}, tuned)
    second = ChineseBertFeaturizer.fingerprint_addon(CONFIG)
    shutil.rmtree(tuned)
    assert len({first, second, ChineseBertFeaturizer.fingerprint_addon(CONFIG)}) == 3


def test_a_tuned_encoder_is_the_same_wherever_it_lies(tuned: Path, tmp_path: Path) -> None:
    key = cache_key(str(tuned))
    shutil.copytree(tuned, tmp_path / "copy")
    assert cache_key(str(tmp_path / "copy")) == key and "finetuned" in key
    (tuned / TRAINING).write_text("{", encoding="utf8")
    with pytest.raises(EncoderError, match="已损坏"):
        cache_key(str(tuned))


def test_each_encoder_gives_a_feature_of_its_own(tuned: Path, tiny_bert: Tiny, tmp_path: Path) -> None:
    (both,) = open_featurizer(tmp_path / "both", "create").process(messages()[:1])
    alone = open_featurizer(tmp_path / "one", "create", {**CONFIG, "source": str(tiny_bert.folder)})
    (one,) = alone.process(messages()[:1])
    first, second = sentence_features(both)
    assert first.features.shape != second.features.shape or not np.allclose(first.features, second.features)
    np.testing.assert_allclose(second.features, sentence_features(one)[0].features, atol=1e-5)


def test_a_model_of_one_encoder_as_it_was_noted_before_still_loads(tuned: Path, tmp_path: Path) -> None:
    open_featurizer(tmp_path / "model", "create").train(TrainingData(messages()))
    (record,) = (tmp_path / "model").rglob("encoder.json")
    keys = json.loads(record.read_text(encoding="utf8"))["keys"]
    record.write_text(json.dumps({"key": keys[1]}), encoding="utf8")
    (message,) = open_featurizer(tmp_path / "model", "load").process(messages()[:1])
    assert len(sentence_features(message)) == 1


def test_a_model_keeps_its_encoders_when_another_one_appears(tuned: Path, tmp_path: Path, tiny_roberta: Tiny) -> None:
    trained = open_featurizer(tmp_path / "model", "create")
    trained.train(TrainingData(messages()))
    (expected,) = trained.process(messages()[:1])
    publish(_huggingface.read(tiny_roberta.folder), Job("", "", {}), {}, tuned)
    (loaded,) = open_featurizer(tmp_path / "model", "load").process(messages()[:1])
    for one, other in zip(expected.features, loaded.features, strict=True):
        np.testing.assert_allclose(one.features, other.features, atol=1e-5)
    (other,) = open_featurizer(tmp_path / "fresh", "create").process(messages()[:1])
    assert not np.allclose(other.features[1].features, expected.features[1].features, atol=1e-3)


def test_a_model_without_its_encoder_says_what_to_do(tuned: Path, house: Path, tmp_path: Path) -> None:
    open_featurizer(tmp_path / "model", "create").train(TrainingData(messages()))
    shutil.rmtree(tuned)
    assert open_featurizer(tmp_path / "model", "load")  # still built in var/encoders
    shutil.rmtree(house / "encoders")
    with pytest.raises(InvalidConfigException, match=r"var/finetuned.*make train"):
        open_featurizer(tmp_path / "model", "load")


def test_classifiers_calibrate_on_what_the_encoder_left_out(
    tuned: Path, tiny_bert: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    class Spy(panel.CalibratedLinear):
        def fit(self, texts: Any, vectors: Any, labels: Any, calibrate_on: Any = None) -> Any:
            asked.append(None if calibrate_on is None else calibrate_on.tolist())
            return super().fit(texts, vectors, labels, calibrate_on)

    monkeypatch.setattr(panel, "CalibratedLinear", Spy)

    def train(config: dict[str, Any], name: str) -> None:
        data = TrainingData(messages())
        for example in data.training_examples[2:]:
            example.set("metadata", {"intent": {"emotion": "impatient", "score": 2}})
        open_featurizer(tmp_path / name, "create", config).process_training_data(data)
        for component in (intent.TieredIntentClassifier, emotion.EmotionClassifier):
            settings = {**component.get_default_config(), "min_df": 1}
            context = ExecutionContext(GraphSchema({}), model_id="test")
            storage = LocalModelStorage(tmp_path / name)
            component.create(settings, storage, Resource(component.__name__), context).train(data)

    train(CONFIG, "tuned")
    assert asked == [None, [True, False, False, False]] * 2
    train({**CONFIG, "source": str(tiny_bert.folder)}, "untouched")
    assert asked[4:] == [None, None]
