"""Whole pipelines by Rasa's own training: cached at the second run, and with Rasa's featurizer in place of ours."""

import logging
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.core.agent import Agent
from rasa.model_training import train_nlu

from bot.nlu.encoder import _cache
from bot.settings import Settings
from tests.unit.nlu.conftest import Tiny

_OURS = "bot.nlu.featurizer.ChineseBertFeaturizer"
_EXAMPLES = {
    "ask_stock": ["[iphone14](product)有货吗", "这款手机现在有货吗？", "256G什么时候有货", "有货"],
    "greet": ["你好", "你好你好", "好", "你"],
}


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Trains a pipeline with the given featurizer in an empty folder; answers the model's path."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_cache, "get_settings", lambda: Settings.construct(var=tmp_path))
    examples = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts)} for intent, texts in _EXAMPLES.items()
    ]
    Path("nlu.yml").write_text(yaml.dump({"version": "3.1", "nlu": examples}, allow_unicode=True), encoding="utf8")

    def run(featurizer: dict[str, Any]) -> str:
        pipeline = [
            {"name": "bot.nlu.tokenizer.ChineseTokenizer"},
            featurizer,
            {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 2},
            {"name": "LogisticRegressionClassifier"},
            {"name": "bot.nlu.catalogue.CatalogueEntityExtractor", "url": f"sqlite:///{tmp_path}/shop.db"},
        ]
        config = {"recipe": "default.v1", "language": "zh", "assistant_id": "t", "pipeline": pipeline, "policies": []}
        Path("config.yml").write_text(yaml.dump(config), encoding="utf8")
        model = train_nlu("config.yml", "nlu.yml", "models")
        assert model
        return model

    return run


@pytest.mark.slow
async def test_trains_talks_and_takes_the_cache_at_the_second_run(train: Any, tiny_bert: Tiny, caplog) -> None:
    featurizer = {"name": _OURS, "source": str(tiny_bert.folder)}
    model = train(featurizer)
    with caplog.at_level(logging.INFO, logger="rasa.engine.training.hooks"):
        train(featurizer)
        assert "Restored component 'LogisticRegressionClassifier' from cache" in caplog.text
        caplog.clear()
        train({**featurizer, "pooling": "cls"})
        assert "Restored component 'LogisticRegressionClassifier'" not in caplog.text
    agent = Agent.load(model)
    for text in ("有货吗 2台", "   ", "", "😊", "好" * 10_000):
        parsed = await agent.parse_message(text)
        assert parsed["text"] == text.strip() and parsed["intent"]["name"] in (*_EXAMPLES, None)
    parsed = await agent.parse_message("要2台")
    assert [(e["entity"], e["value"]) for e in parsed["entities"]] == [("quantity", 2)]


@pytest.mark.slow
async def test_rasas_own_featurizer_fits_in_our_place(train: Any, tiny_bert: Tiny) -> None:
    model = train({"name": "LanguageModelFeaturizer", "model_name": "bert", "model_weights": str(tiny_bert.folder)})
    parsed = await Agent.load(model).parse_message("这款手机有货吗 3台")
    assert parsed["intent"]["name"] in _EXAMPLES
    assert [(e["entity"], e["value"]) for e in parsed["entities"]] == [("quantity", 3)]
