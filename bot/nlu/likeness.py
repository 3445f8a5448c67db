"""How alike two texts are in meaning, by the shared encoder."""

import logging
from functools import lru_cache

import numpy as np

from bot.nlu.encoder import Encoder, EncoderError

logger = logging.getLogger(__name__)


@lru_cache(maxsize=1)
def _encoder() -> Encoder | None:
    # One thread: a short text takes milliseconds, and the other cores belong to Rasa.
    try:
        return Encoder.load(threads=1)
    except EncoderError as error:
        logger.warning("不能按意思比较两句话，只比较字面：%s", error)
        return None


def likeness(one: str, other: str) -> float:
    """The cosine of the sentence vectors, from -1 to 1; without an encoder 1 for equal texts and 0 for all others.

    The encoder is loaded at the first call and kept by this process.
    """
    if one == other:
        return 1.0
    encoder = _encoder()
    if encoder is None:
        return 0.0
    a, b = (encoded.sentence for encoded in encoder.encode([one, other]))
    return float(a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-9))
