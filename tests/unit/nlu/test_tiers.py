"""The classifiers of the three tiers as Rasa components."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.emotion import EmotionClassifier, read_emotion
from bot.nlu.emotion_by_intent import EmotionByIntent
from bot.nlu.intent import TieredIntentClassifier

LINES = {
    "ask_stock": ("有货吗", "还有现货没", "什么时候补货"),
    "ask_price": ("多少钱", "什么价", "这个贵不贵"),
    "ask_refund": ("钱退到哪了", "退款没到账", "啥时候退钱"),
}


def message(text: str, vector: list[float] | None = None, **data: Any) -> Message:
    one = Message({TEXT: text, **data})
    features = np.array([vector or [len(text), float("退" in text)]], np.float32)
    one.add_features(Features(features, FEATURE_TYPE_SENTENCE, TEXT, "test"))
    return one


def training_data() -> TrainingData:
    angry = {"intent": {"emotion": "impatient", "score": 2}}
    calm = [message(text, intent=intent) for intent, texts in LINES.items() for text in texts]
    return TrainingData(
        calm + [message(text + "！！急死了", intent=i, metadata=angry) for i, ts in LINES.items() for text in ts]
    )


@pytest.fixture
def trained(tmp_path: Path) -> Any:
    """Train a component and load it again as a server does."""

    def make(component: Any, data: TrainingData, **config: Any) -> Any:
        folder = tmp_path / component.__name__
        folder.mkdir()
        storage = LocalModelStorage.create(folder)
        context = ExecutionContext(GraphSchema({}), model_id="test")
        settings = {**component.get_default_config(), **config}
        resource = component.create(settings, storage, Resource("one"), context).train(data)
        return component.load(settings, storage, resource, context)

    return make


def test_both_tiers_stand_on_the_message_and_in_its_output(trained: Any) -> None:
    component = trained(TieredIntentClassifier, training_data(), min_df=1)
    (done,) = component.process([message("钱什么时候退")])
    assert done.get("intent")["name"] == "ask_refund" and done.get("base_intent")["name"] == "aftersale"
    output = done.as_dict(only_output_properties=True)
    assert {"intent", "intent_ranking", "base_intent", "base_intent_ranking"} <= set(output)


def test_a_base_intent_is_as_likely_as_its_group(trained: Any) -> None:
    component = trained(TieredIntentClassifier, training_data(), min_df=1, ranking_length=0)
    (done,) = component.process([message("多少钱")])
    likely = {one["name"]: one["confidence"] for one in done.get("intent_ranking")}
    bases = {one["name"]: one["confidence"] for one in done.get("base_intent_ranking")}
    assert bases["presale"] == pytest.approx(likely["ask_stock"] + likely["ask_price"])
    assert sum(bases.values()) == pytest.approx(1)


def test_ranking_has_the_length_that_was_asked_for(trained: Any) -> None:
    component = trained(TieredIntentClassifier, training_data(), min_df=1, ranking_length=2)
    (done,) = component.process([message("多少钱")])
    assert len(done.get("intent_ranking")) == 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (TrainingData([message("有货吗", intent="ask_stock")]), "至少要有两个意图"),
        (TrainingData([message("有货吗", intent="ask_stock"), message("月亮", intent="ask_moon")]), "ask_moon"),
    ],
)
def test_unusable_training_data_is_refused_in_chinese(trained: Any, data: TrainingData, words: str) -> None:
    with pytest.raises(InvalidConfigException, match=words):
        trained(TieredIntentClassifier, data)


def test_a_pipeline_without_vectors_is_told_what_is_missing(trained: Any) -> None:
    component = trained(TieredIntentClassifier, training_data(), min_df=1)
    with pytest.raises(InvalidConfigException, match="ChineseBertFeaturizer"):
        component.process([Message({TEXT: "有货吗"})])


@pytest.mark.parametrize(
    ("text", "name", "score"), [("什么时候补货！！急死了", "impatient", 2), ("什么时候补货", "calm", 3)]
)
def test_emotion_with_its_score(trained: Any, text: str, name: str, score: int) -> None:
    (done,) = trained(EmotionClassifier, training_data(), min_df=1).process([message(text)])
    emotion = done.as_dict(only_output_properties=True)["emotion"]
    assert (emotion["name"], emotion["score"]) == (name, score)
    assert 0.5 < emotion["confidence"] <= 1


def test_without_labelled_emotions_everyone_is_calm(trained: Any) -> None:
    data = TrainingData([message(text, intent="ask_stock") for text in LINES["ask_stock"]])
    (done,) = trained(EmotionClassifier, data).process([message("气死我了")])
    assert done.get("emotion") == {"name": "calm", "confidence": 1.0, "score": 3}


def test_a_score_out_of_range_is_refused(trained: Any) -> None:
    wrong = message("气", intent="ask_stock", metadata={"intent": {"emotion": "impatient", "score": 7}})
    with pytest.raises(InvalidConfigException, match="1 到 5"):
        trained(EmotionClassifier, TrainingData([wrong]))


def test_an_emotion_is_as_likely_as_its_scores_together() -> None:
    classes = ["calm:3", "impatient:1", "impatient:2"]
    read = read_emotion(classes, np.array([0.4, 0.25, 0.35]))
    assert read == {"name": "impatient", "confidence": pytest.approx(0.6), "score": 2}


@pytest.mark.parametrize(
    ("intents", "likelier"),
    [
        ({"complain_service": 1.0}, "impatient:2"),
        ({"ask_stock": 1.0}, "calm:3"),
        ({"ask_moon": 0.9}, "calm:3"),
        ({}, "calm:3"),
    ],
)
def test_the_intent_has_a_say_in_the_emotion(intents: dict[str, float], likelier: str) -> None:
    classes = ["calm:3", "impatient:2"]
    labels = ["impatient:2"] * 8 + ["calm:3"] * 2 + ["calm:3"] * 20
    joined = EmotionByIntent.count(classes, labels, ["complain_service"] * 10 + ["ask_stock"] * 20)
    row = joined.join(np.array([0.6, 0.4]), intents)
    assert row.sum() == pytest.approx(1) and classes[int(row.argmax())] == likelier
    if "ask_stock" not in intents and "complain_service" not in intents:
        assert row == pytest.approx([0.6, 0.4])
