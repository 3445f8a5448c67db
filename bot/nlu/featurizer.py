"""Dense features of Chinese messages from the shared encoder."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import DENSE_FEATURIZABLE_ATTRIBUTES, TOKENS_NAMES
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import ACTION_TEXT, FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from tqdm import tqdm

from bot.nlu.encoder import AUTO, DEFAULT_SOURCE, Encoded, Encoder, EncoderError, cache_key, line_hash, sources_of
from bot.nlu.masking import words_of

# On a training example: whether an encoder was tuned without it, by the place of its sentence feature. An encoder that
# was not tuned is not there.
UNSEEN = "unseen_by_encoder"
_RECORD = "encoder.json"
_CHUNK = 2048  # texts between two steps of the progress bar


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class ChineseBertFeaturizer(DenseFeaturizer, GraphComponent):
    """Sequence features, one vector a token, and a sentence feature from a BERT-like encoder.

    The encoder's pieces and the tokens of the pipeline's tokenizer are aligned by their places in the text, so that
    any tokenizer will do. With `source: auto` each of two encoders gives its features once one is fine-tuned: the
    default one knows the language, the tuned one the corpus. "Training" only notes which encoders there were: a model
    keeps those that it was trained with, until the next training.
    """

    @classmethod
    def required_components(cls) -> list[type]:
        """Components that must stand before it in the pipeline."""
        return [Tokenizer]

    @staticmethod
    def required_packages() -> list[str]:
        """Python packages that it needs beside Rasa."""
        return ["onnx", "onnxruntime", "tokenizers"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Its settings; those of the encoder are described at `Encoder.load`."""
        return {
            **DenseFeaturizer.get_default_config(),
            "source": DEFAULT_SOURCE,
            "quantize": "int8",
            "depth": None,
            "pooling": "mean",
            "layer": "last",
            "prefix": None,
            "max_pieces": 256,
            # Batches at once, 0 for as many as there are cores. By default one while serving, which leaves the other
            # cores to other messages, and all in training.
            "threads": None,
            "cache_size": 1024,
            "batch_size": 32,
            # Token vectors are for DIET and the like; without them training is quicker and much smaller.
            "sequence": True,
        }

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Check what the encoder does not check itself."""
        for name, least in {"batch_size": 1, "max_pieces": 8, "threads": 0, "cache_size": 0}.items():
            value = config.get(name, least)
            if name == "threads" and value is None:
                continue
            if not isinstance(value, int) or value < least:
                raise InvalidConfigException(
                    f"ChineseBertFeaturizer 的 {name} 应为不小于 {least} 的整数，不能是 {value}"
                )

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str:
        """Another encoder behind the same setting makes `rasa train` compute the features again."""
        settings = {**cls.get_default_config(), **config}
        keys = (cache_key(one, settings["quantize"], settings["depth"]) for one in sources_of(settings["source"]))
        return " ".join(keys)

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> "ChineseBertFeaturizer":
        """Open the encoder; the first time builds it."""
        return cls(config, execution_context, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> "ChineseBertFeaturizer":
        """Open the encoders that the model was trained with."""
        keys = None
        if config["source"] == AUTO:
            with model_storage.read_from(resource) as folder:
                noted = json.loads((folder / _RECORD).read_text(encoding="utf8"))
            keys = noted.get("keys") or [noted["key"]]  # models of one encoder noted it so; one may be rolled back to
        return cls(config, execution_context, model_storage, resource, keys)

    def __init__(
        self,
        config: dict[str, Any],
        execution_context: ExecutionContext,
        model_storage: ModelStorage,
        resource: Resource,
        keys: Sequence[str] | None = None,
    ) -> None:
        """Open the encoders that the configuration names, or those with `keys`.

        Raises:
            InvalidConfigException: it cannot be had; the message is in Chinese.
        """
        super().__init__(execution_context.node_name, config)
        self.validate_config(config)
        self._model_storage, self._resource, self._keys = model_storage, resource, keys
        self._encoders = self._open(serving=True)

    def _open(self, *, serving: bool) -> list[Encoder]:
        names = ("quantize", "depth", "pooling", "layer", "prefix", "max_pieces", "cache_size")
        settings, threads = {name: self._config[name] for name in names}, self._config["threads"]
        if threads is None:
            threads = 1 if serving else 0
        try:
            if self._keys is not None:
                load = partial(Encoder.load, self._config["source"], **settings, threads=threads)
                return [load(key=key) for key in self._keys]
            return [Encoder.load(one, **settings, threads=threads) for one in sources_of(self._config["source"])]
        except EncoderError as error:
            raise InvalidConfigException(str(error)) from error

    def train(self, training_data: TrainingData) -> Resource:
        """Note the encoders in the model."""
        keys = [encoder.folder.name for encoder in self._encoders]
        with self._model_storage.write_to(self._resource) as folder:
            (folder / _RECORD).write_text(json.dumps({"keys": keys}), encoding="utf8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Set the features of all training examples, and whether a tuned encoder has left them out."""
        for encoder in self._open(serving=False):
            _mark_unseen(encoder, training_data.training_examples)
            for attribute in DENSE_FEATURIZABLE_ATTRIBUTES:
                self._featurize_all(encoder, training_data.training_examples, attribute)
        return training_data

    def _featurize_all(self, encoder: Encoder, examples: list[Message], attribute: str) -> None:
        # Neighbours of about the same length make full batches.
        examples = sorted((one for one in examples if one.get(attribute)), key=lambda one: len(one.get(attribute)))
        chunks = range(0, len(examples), _CHUNK)
        # The bar shows on a terminal only.
        for start in tqdm(chunks, desc=f"编码训练语料 {attribute}", unit_scale=_CHUNK, unit="句", disable=None):
            part = examples[start : start + _CHUNK]
            if self._config["sequence"]:
                self._featurize(encoder, part, attribute)
            else:  # nothing of the pieces is fetched or remembered
                vectors = encoder.sentences(self._heard(part, attribute), self._config["batch_size"])
                for example, vector in zip(part, vectors, strict=True):
                    self.add_features_to_message(None, vector[None, :], attribute, example)

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the features of incoming messages."""
        for attribute in (TEXT, ACTION_TEXT):
            # An empty message gets features too: classifiers cannot do without.
            heard = [message for message in messages if message.get(attribute) is not None]
            for encoder in self._encoders:
                self._featurize(encoder, heard, attribute)
        return messages

    def _heard(self, messages: list[Message], attribute: str) -> list[str]:
        # Token vectors belong to the tokens of the text; a sentence may be heard in neutral words.
        neutral = attribute == TEXT and not self._config["sequence"]
        return [words_of(message) if neutral else message.get(attribute) for message in messages]

    def _featurize(self, encoder: Encoder, messages: list[Message], attribute: str) -> None:
        encodings = encoder.encode(self._heard(messages, attribute), self._config["batch_size"])
        for message, encoded in zip(messages, encodings, strict=True):
            sentence = encoded.sentence[None, :]
            sequence: np.ndarray | None = None
            if self._config["sequence"]:
                tokens = message.get(TOKENS_NAMES[attribute])
                sequence = align(tokens, encoded) if tokens else sentence
            self.add_features_to_message(sequence, sentence, attribute, message)


def _mark_unseen(encoder: Encoder, examples: list[Message]) -> None:
    """Note on each example whether the encoder was tuned without it, before the encoder adds its features."""
    if encoder.unseen is None:
        return
    for example in examples:
        place = len(sentence_features(example))
        left_out = line_hash(example.get(TEXT) or "") in encoder.unseen
        example.set(UNSEEN, {**(example.get(UNSEEN) or {}), place: left_out})


def sentence_features(message: Message) -> list[Features]:
    """The dense sentence features of a message's text, in the order of the encoders that gave them."""
    return [
        one
        for one in message.features
        if one.attribute == TEXT and one.type == FEATURE_TYPE_SENTENCE and one.is_dense()
    ]


def align(tokens: list[Token], encoded: Encoded) -> np.ndarray:
    """One vector a token, (len(tokens), d): the mean of the pieces that overlap it, else the nearest piece.

    A text without a single piece gives its sentence vector to every token.
    """
    if not len(encoded.pieces):
        return np.repeat(encoded.sentence[None, :], len(tokens), axis=0)
    starts, ends = np.array(encoded.offsets).T
    token_starts = np.array([token.start for token in tokens])[:, None]
    token_ends = np.array([token.end for token in tokens])[:, None]
    share = ((starts < token_ends) & (ends > token_starts)).astype(np.float32)
    distance = np.abs((starts + ends) - (token_starts + token_ends))
    lonely = np.flatnonzero(share.sum(axis=1) == 0)
    share[lonely, distance[lonely].argmin(axis=1)] = 1
    return (share / share.sum(axis=1, keepdims=True)) @ encoded.pieces
