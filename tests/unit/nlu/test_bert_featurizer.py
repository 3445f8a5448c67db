"""Features stand where the tokens stand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import ACTION_TEXT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.encoder import Encoded, Encoder
from bot.nlu.featurizer import ChineseBertFeaturizer, align
from bot.nlu.tokenizer import ChineseTokenizer
from tests.unit.nlu.conftest import TEXTS, Tiny


def _featurizer(folder: Path, tmp_path: Path, **settings: object) -> ChineseBertFeaturizer:
    config = {**ChineseBertFeaturizer.get_default_config(), "source": str(folder), "quantize": "float32", **settings}
    context = ExecutionContext(GraphSchema({}), node_name="featurizer")
    return ChineseBertFeaturizer.create(config, LocalModelStorage(tmp_path), Resource("featurizer"), context)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.nlu.encoder import _cache
    from bot.settings import Settings

    monkeypatch.setattr(_cache, "get_settings", lambda: Settings.construct(var=tmp_path))


def _messages(attribute: str = TEXT) -> list[Message]:
    messages = [Message({attribute: text}) for text in [*TEXTS, "  "]]
    return ChineseTokenizer(ChineseTokenizer.get_default_config()).process(messages)


@pytest.mark.parametrize("attribute", [TEXT, ACTION_TEXT])
def test_one_vector_a_token_and_one_a_sentence(attribute: str, tiny_bert: Tiny, tmp_path: Path) -> None:
    messages = _featurizer(tiny_bert.folder, tmp_path).process(_messages(attribute))
    for message in messages:
        sequence, sentence = message.get_dense_features(attribute, [])
        assert sequence.features.shape == (max(len(message.get(f"{attribute}_tokens")), 1), 32)
        assert sentence.features.shape == (1, 32)


def test_training_and_talking_give_the_same_features(tiny_bert: Tiny, tmp_path: Path) -> None:
    trained, talked = _messages(), _messages()
    _featurizer(tiny_bert.folder, tmp_path, batch_size=2).process_training_data(TrainingData(trained))
    featurizer = _featurizer(tiny_bert.folder, tmp_path, cache_size=0)
    for one, other in zip(trained, talked, strict=True):
        featurizer.process([other])
        for a, b in zip(one.get_dense_features(TEXT, []), other.get_dense_features(TEXT, []), strict=True):
            np.testing.assert_allclose(a.features, b.features, atol=1e-4)


def test_alignment_takes_the_mean_or_the_nearest() -> None:
    pieces = np.array([[1.0, 0], [3.0, 0], [0, 5.0]], np.float32)
    encoded = Encoded(np.array([9.0, 9.0], np.float32), pieces, ((0, 2), (2, 3), (3, 5)))
    tokens = [Token("abc", 0), Token("d", 3), Token("e", 4), Token("g", 7)]
    np.testing.assert_allclose(align(tokens, encoded), [[2, 0], [0, 5], [0, 5], [0, 5]])
    empty = Encoded(encoded.sentence, np.zeros((0, 2), np.float32), ())
    np.testing.assert_allclose(align(tokens[:2], empty), [[9, 9], [9, 9]])


def test_a_changed_model_folder_changes_the_fingerprint(tiny_bert: Tiny, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(tiny_bert.folder, tmp_path / "m")
    before = ChineseBertFeaturizer.fingerprint_addon({"source": str(tmp_path / "m")})
    assert before == ChineseBertFeaturizer.fingerprint_addon({"source": str(tmp_path / "m")})
    (tmp_path / "m" / "vocab.txt").write_text("[UNK]", encoding="utf8")
    assert before != ChineseBertFeaturizer.fingerprint_addon({"source": str(tmp_path / "m")})


@pytest.mark.parametrize("settings", [{"batch_size": 0}, {"pooling": "max"}, {"threads": "two"}, {"quantize": "int3"}])
def test_wrong_settings_are_told(settings: dict[str, object], tiny_bert: Tiny, tmp_path: Path) -> None:
    with pytest.raises(InvalidConfigException, match=r"应为"):
        _featurizer(tiny_bert.folder, tmp_path, **settings)


@pytest.mark.parametrize(("setting", "serving", "training"), [(None, 1, 0), (0, 0, 0), (3, 3, 3)])
def test_a_message_gets_one_core_and_training_all(
    setting: int | None,
    serving: int,
    training: int,
    tiny_bert: Tiny,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []
    load = Encoder.load

    def watched(source: str, **settings: Any) -> Encoder:
        asked.append(settings["threads"])
        return load(source, **settings)

    monkeypatch.setattr(Encoder, "load", watched)
    featurizer = _featurizer(tiny_bert.folder, tmp_path, threads=setting)
    featurizer.process([Message.build(text="有货吗")])
    assert asked == [serving]
    featurizer.process_training_data(TrainingData([Message.build(text="多少钱", intent="ask_price")]))
    assert asked == [serving, training]
