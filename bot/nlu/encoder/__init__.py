"""The encoder that all share: texts to token vectors and a sentence vector.

encoder = Encoder.load()                     # built at first use, kept in var/encoders
encoded = encoder.encode(["有货吗"])[0]       # .sentence (d,), .pieces (n, d), .offsets
"""

from bot.nlu.encoder._cache import build, cache_key
from bot.nlu.encoder._model import EncoderError
from bot.nlu.encoder._runtime import Encoded, Encoder
from bot.nlu.encoder._sources import AUTO, DEFAULT_SOURCE, sources_of
from bot.nlu.encoder._unseen import line_hash

__all__ = [
    "AUTO",
    "DEFAULT_SOURCE",
    "Encoded",
    "Encoder",
    "EncoderError",
    "build",
    "cache_key",
    "line_hash",
    "sources_of",
]
