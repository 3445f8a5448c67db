"""The index that this process searches, renewed while it runs when the entries or the products' names change."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bot.knowledge.index import Index, Question, questions
from bot.knowledge.store import entries_version, load_entries
from bot.knowledge.vectors import SentenceEncoder, shared_encoder, unit, vectors_of
from bot.knowledge.words import ProductNames
from bot.shop import Catalogue, current_catalogue

RECHECK_SECONDS = 1.0
_MARGIN_SECONDS = 0.1  # of a search that begins just before a recheck is due
PATIENCE_SECONDS = 2.0  # a renewal that takes longer goes on beside the questions, answered by the old index

logger = logging.getLogger(__name__)


@dataclass
class CurrentIndex:
    """One store's index in this process; safe to share between threads."""

    url: str
    shop_url: str
    encoder: SentenceEncoder
    _checked: float = float("-inf")
    _index: Index | None = None
    _names: ProductNames = field(default_factory=lambda: ProductNames(None))
    _catalogue: Catalogue | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _renewal: threading.Thread | None = None

    def get(self) -> tuple[Index, ProductNames]:
        """The index, at most about a second behind the store, and the names that questions are read by.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: at the first call, when the store cannot be read.
        """
        with self._lock:
            if self._index is None:
                self._renew()
            elif time.monotonic() - self._checked >= RECHECK_SECONDS and not self._renewing():
                self._checked = time.monotonic()
                if self._stale():
                    self._renewal = threading.Thread(target=self._renew_or_log, daemon=True, name="knowledge-index")
                    self._renewal.start()
                    self._renewal.join(PATIENCE_SECONDS)
            assert self._index is not None
            return self._index, self._names

    @property
    def checked(self) -> bool:
        """Whether the next search need not look whether entries or names have changed."""
        return time.monotonic() - self._checked < RECHECK_SECONDS - _MARGIN_SECONDS and not self._renewing()

    def question(self, text: str) -> Question:
        """`text` ready to be asked."""
        _, names = self.get()
        return questions([text], lambda texts: unit(self.encoder.sentences(texts)), names)[0]

    def _renewing(self) -> bool:
        return self._renewal is not None and self._renewal.is_alive()

    def _stale(self) -> bool:
        assert self._index is not None
        try:
            version = entries_version(self.url)
            catalogue = current_catalogue(self.shop_url)
        except Exception as error:
            logger.warning("知识库暂时读不到，先用内存里的：%s", error)
            return False
        if version != self._index.version:
            return True
        # Most imports change prices and stock only; the names are compared once for each catalogue.
        renamed = catalogue is not self._catalogue and ProductNames(catalogue).key != self._names.key
        self._catalogue = catalogue if not renamed else self._catalogue
        return renamed

    def _renew_or_log(self) -> None:
        try:
            self._renew()
        except Exception:
            logger.exception("知识库没有更新成功，先用原来的，稍后再试")

    def _renew(self) -> None:
        version, entries = load_entries(self.url)
        catalogue = current_catalogue(self.shop_url)
        names = ProductNames(catalogue)

        def vectors(texts: Sequence[str]) -> np.ndarray:
            return vectors_of(self.url, texts, self.encoder)

        index = Index.build(entries, vectors, names, version)
        self._index, self._names, self._catalogue = index, names, catalogue
        self._checked = time.monotonic()


_indexes: dict[tuple[str, str], CurrentIndex] = {}
_lock = threading.Lock()


def current_index(url: str, shop_url: str) -> CurrentIndex:
    """The one of this process for a store and its shop."""
    with _lock:
        if (url, shop_url) not in _indexes:
            _indexes[url, shop_url] = CurrentIndex(url, shop_url, shared_encoder())
        return _indexes[url, shop_url]
