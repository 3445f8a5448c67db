"""Words of texts: an inverted index over character n-grams, and products named in a question."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from bot.knowledge.fields import FIELD
from bot.shop import Catalogue

_PIECE = re.compile(r"[a-z0-9.+]+|[\u3400-\u9fff]+|[^\W_]+")
_COMMON = 0.2  # of a large store, terms in more of its entries than this tell nothing and cost time
_LARGE = 2000


def fold(text: str) -> str:
    """Half width, lower case, without live fields."""
    return unicodedata.normalize("NFKC", FIELD.sub(" ", text)).lower()


def terms(text: str) -> list[str]:
    """Chinese characters and pairs of them; Latin words and numbers whole."""
    found: list[str] = []
    for piece in _PIECE.findall(fold(text)):
        if piece[0].isascii():
            found.append(piece.strip(".") or piece)
        else:
            found += piece
            found += map("".join, pairwise(piece))
    return found


class WordIndex:
    """Which of some documents have the words of a question, weighed by how rare the words are (idf)."""

    def __init__(self, documents: Sequence[str]) -> None:
        """Index `documents`; it answers by their places."""
        self.size = len(documents)
        self._places: dict[str, int] = {}
        self._rows = sparse.csc_matrix((self.size, 0), dtype=np.float32)
        self._idf = np.zeros(0)
        self._unknown = float(np.log(1 + self.size) + 1)
        if not any(terms(document) for document in documents):
            return
        vectorizer = CountVectorizer(analyzer=terms, binary=True, dtype=np.float32)
        self._rows = vectorizer.fit_transform(documents).tocsc()
        self._places = vectorizer.vocabulary_
        counts = np.diff(self._rows.indptr)
        self._idf = np.log((1 + self.size) / (1 + counts)) + 1
        if self.size > _LARGE:
            self._idf[counts > _COMMON * self.size] = 0.0

    def coverage(self, question: str) -> np.ndarray:
        """For each document the weighed part of the question's terms that it has, from 0 to 1, shape (size,)."""
        wanted = sorted(set(terms(question)))
        known = [self._places[term] for term in wanted if term in self._places]
        known = [place for place in known if self._idf[place]]
        total = self._idf[known].sum() + self._unknown * sum(term not in self._places for term in wanted)
        if not known:
            return np.zeros(self.size)
        starts, ends = self._rows.indptr[known], self._rows.indptr[np.add(known, 1)]
        rows = np.concatenate([self._rows.indices[a:b] for a, b in zip(starts, ends, strict=True)])
        weights = np.repeat(self._idf[known], ends - starts)
        return np.bincount(rows, weights, minlength=self.size) / total

    def share(self, text: str, question: str) -> float:
        """The weighed part of the terms of `text` that the question has, from 0 to 1."""
        wanted = set(terms(text))
        whole = sum(map(self._weight, wanted))
        return sum(map(self._weight, wanted.intersection(terms(question)))) / whole if whole else 0.0

    def _weight(self, term: str) -> float:
        place = self._places.get(term)
        return self._unknown if place is None else float(self._idf[place])


class ProductNames:
    """Products that a text names, by name or alias."""

    def __init__(self, catalogue: Catalogue | None) -> None:
        """Learn the names of `catalogue`; None knows no product."""
        self._meant: dict[str, set[str]] = {}
        for product in catalogue.products.values() if catalogue else ():
            for name in (product.name, *product.aliases):
                self._meant.setdefault(_tight(name), set()).add(product.id)
        self._meant.pop("", None)
        longest_first = sorted(self._meant, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def named(self, text: str) -> frozenset[str]:
        """The ids of the products named; of names inside longer names only the longer counts."""
        found = self._pattern.findall(_tight(text))
        return frozenset(id_ for name in found for id_ in self._meant[name])

    def rest(self, text: str) -> str:
        """What `text` says about the products it names: 去屑吗 of 洗发水去屑吗; the whole text when it names none."""
        left = self._pattern.sub(" ", _tight(text)).strip()
        return left if left and left != _tight(text) else text

    @property
    def key(self) -> int:
        """Another number when other names are known."""
        return hash(frozenset((name, id_) for name, ids in self._meant.items() for id_ in ids))


def _tight(text: str) -> str:
    return re.sub(r"\s+", "", fold(text))


def documents(entries: Iterable[tuple[Sequence[str], str]]) -> list[str]:
    """One document an entry: its questions and its answer."""
    return ["\n".join([*questions, answer]) for questions, answer in entries]
