"""The pipelines of the race."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.settings import ROOT

Pipeline = list[dict[str, Any]]
_BERT = "bert-base-chinese"
_FILES = ["config.json", "vocab.txt", "tokenizer_config.json", "tf_model.h5"]
_VOCABULARY = 21_128  # of bert-base-chinese; its shape is what the speed depends on


@dataclass(frozen=True)
class Rival:
    """One row of the table; `blind` ones run on random weights, so that only their speed tells."""

    name: str
    pipeline: Pipeline
    blind: bool = False
    note: str = ""


@contextmanager
def rivals(only: Sequence[str], epochs: int, characters: str, say: Callable[[str], None]) -> Iterator[list[Rival]]:
    """The rivals whose keys are in `only` (all of them by default), with what they need on disk until the end.

    Args:
        only: keys of `RIVALS`.
        epochs: of DIET.
        characters: what a made-up vocabulary must hold.
        say: is told what is prepared.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        yield [RIVALS[key](Path(scratch), epochs, characters, say) for key in only or RIVALS]


def _ours(_: Path, __: int, ___: str, ____: Callable[[str], None]) -> Rival:
    return Rival("店小二（config.yml）", yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf8"))["pipeline"])


def _template(_: Path, epochs: int, __: str, ___: Callable[[str], None]) -> Rival:
    return Rival(
        "Jieba + CountVectors + DIET（Rasa 模板）",
        template_pipeline(epochs),
        note=f"DIET {epochs} 轮",
    )


def template_pipeline(epochs: int) -> Pipeline:
    """The pipeline that a new Rasa project gets, with Jieba for Chinese; DIET for intents alone, trained `epochs`."""
    return [
        {"name": "JiebaTokenizer"},
        {"name": "RegexFeaturizer"},
        {"name": "LexicalSyntacticFeaturizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        _diet(epochs),
    ]


def _language_model(scratch: Path, epochs: int, characters: str, say: Callable[[str], None]) -> Rival:
    folder, blind = _hub_bert(), False
    if folder is None:
        say(f"  连不上 Hugging Face，按 {_BERT} 的形状造随机权重，只比速度")
        folder, blind = _random_bert(scratch / "bert", characters), True
    pipeline: Pipeline = [
        {"name": "JiebaTokenizer"},
        {"name": "LanguageModelFeaturizer", "model_name": "bert", "model_weights": str(folder)},
        _diet(epochs),
    ]
    weights = "随机权重，只比速度" if blind else _BERT
    return Rival("LanguageModelFeaturizer + DIET", pipeline, blind, f"{weights}，DIET {epochs} 轮")


def _keywords(_: Path, __: int, ___: str, ____: Callable[[str], None]) -> Rival:
    return Rival("关键词规则", [{"name": "bot.nlu.judge.keyword_rules.KeywordRules"}], note="不需要训练")


RIVALS: dict[str, Callable[[Path, int, str, Callable[[str], None]], Rival]] = {
    "ours": _ours,
    "template": _template,
    "bert": _language_model,
    "keywords": _keywords,
}


def _diet(epochs: int) -> dict[str, Any]:
    return {"name": "DIETClassifier", "epochs": epochs, "constrain_similarities": True, "entity_recognition": False}


def _hub_bert() -> Path | None:
    """The folder of the real weights, from the cache or the hub; None when neither has them."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError
    from requests import RequestException

    for offline in (True, False):
        try:
            found = snapshot_download(_BERT, allow_patterns=_FILES, etag_timeout=5, local_files_only=offline)
        except (HfHubHTTPError, RequestException, OSError):
            continue
        if all((Path(found) / name).is_file() for name in ("config.json", "vocab.txt", "tf_model.h5")):
            return Path(found)
    return None


def _random_bert(folder: Path, characters: str) -> Path:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from transformers import BertConfig, TFBertModel

    # Rasa takes BERT's own ids 101 and 102 of [CLS] and [SEP] for granted.
    words = ["[PAD]", *(f"[unused{i}]" for i in range(1, 100)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += sorted({c for c in characters.lower() if not c.isspace()})[: _VOCABULARY - len(words)]
    words += [f"[extra{i}]" for i in range(_VOCABULARY - len(words))]
    model = TFBertModel(BertConfig(vocab_size=_VOCABULARY))
    model.build()
    model.save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf8")
    return folder
