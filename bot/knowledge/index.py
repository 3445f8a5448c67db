"""The searchable form of the entries; made once for a version and never changed."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from bot.knowledge.background import BACKGROUND
from bot.knowledge.bundles import Centres, Ways, middle
from bot.knowledge.entries import Entry
from bot.knowledge.ranking import SIGNS, WEIGHTS, Weights, scores
from bot.knowledge.vectors import unit
from bot.knowledge.words import ProductNames, WordIndex, documents, fold

CANDIDATES = 100
LARGE = 5000  # more entries are looked through in fewer dimensions first; the candidates are weighed in all of them
DIMENSIONS = 128
_SAMPLE = 4000
VectorsOf = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Question:
    """A question with the unit vector (d,) of its text, and the same without the products that it names."""

    text: str
    vector: np.ndarray
    aspect: str
    aspect_vector: np.ndarray
    products: frozenset[str] = frozenset()


def questions(texts: Sequence[str], vectors_of: VectorsOf, names: ProductNames) -> list[Question]:
    """Texts ready to be asked."""
    aspects = [names.rest(text) for text in texts]
    vectors = vectors_of([*texts, *aspects])
    rows = zip(texts, vectors[: len(texts)], aspects, vectors[len(texts) :], strict=True)
    return [Question(*row, names.named(row[0])) for row in rows]


@dataclass(frozen=True)
class Ranked:
    """Entries by their places in `Index.entries`, best first: their signs (n, 8) and scores (n,)."""

    places: np.ndarray
    signs: np.ndarray
    scores: np.ndarray


@dataclass(frozen=True)
class Index:
    """Entries with their vectors and words.

    `ways` are all ways to ask, `aspects` what they say without the products that they name; `answers` (n, d) the
    answers, `words` both.
    """

    entries: Sequence[Entry]
    ways: Ways
    aspects: Centres
    answers: np.ndarray
    words: WordIndex
    weights: Weights = WEIGHTS
    version: int = 0
    _fixed: np.ndarray = field(init=False, repr=False)
    _basis: np.ndarray | None = field(init=False, repr=False)
    _of_product: dict[str, np.ndarray] = field(init=False, repr=False)
    _of_tag: dict[str, np.ndarray] = field(init=False, repr=False)
    _bounded: list[int] = field(init=False, repr=False)
    _has_product: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare what every search multiplies with."""
        # One product for two signs: both are linear in the question's vector.
        fixed = np.float32(self.weights.centre) * self.ways.centres + np.float32(self.weights.answer) * self.answers
        fixed = fixed.astype(np.float32)
        basis = _principal(fixed) if len(fixed) > LARGE else None
        bounded = [i for i, entry in enumerate(self.entries) if entry.valid_from or entry.valid_until]
        object.__setattr__(self, "_fixed", np.ascontiguousarray(fixed if basis is None else fixed @ basis))
        object.__setattr__(self, "_basis", basis)
        object.__setattr__(self, "_of_product", _places(entry.products for entry in self.entries))
        object.__setattr__(self, "_of_tag", _places(entry.tags for entry in self.entries))
        object.__setattr__(self, "_bounded", bounded)
        object.__setattr__(self, "_has_product", np.array([bool(entry.products) for entry in self.entries], bool))

    @classmethod
    def build(
        cls,
        entries: Sequence[Entry],
        vectors_of: VectorsOf,
        names: ProductNames,
        version: int = 0,
        weights: Weights = WEIGHTS,
    ) -> "Index":
        """An index of `entries`; `vectors_of` gives unit vectors (n, d) of texts."""
        texts = [text for entry in entries for text in entry.questions]
        vectors = (
            vectors_of(texts),
            vectors_of([names.rest(text) for text in texts]),
            vectors_of([embedded_answer(entry) for entry in entries]),
            vectors_of(BACKGROUND),
        )
        return cls.of_vectors(entries, *vectors, version, weights)

    @classmethod
    def of_vectors(
        cls,
        entries: Sequence[Entry],
        ways: np.ndarray,
        aspects: np.ndarray,
        answers: np.ndarray,
        background: np.ndarray,
        version: int = 0,
        weights: Weights = WEIGHTS,
    ) -> "Index":
        """`build` with the unit vectors at hand."""
        starts = np.cumsum([0, *(len(entry.questions) for entry in entries)])
        words = WordIndex(documents((entry.questions, entry.answer) for entry in entries))
        about_answers = unit(answers - middle(answers, background)).astype(np.float16)
        ways_, aspects_ = Ways.of(ways, starts, background), Centres.of(aspects, starts, background)
        return cls(entries, ways_, aspects_, about_answers, words, weights, version)

    def rank(self, question: Question, allowed: np.ndarray | None = None, limit: int = 10) -> Ranked:
        """The best `limit` entries; `allowed` (n,) bool says which may be found (all by default)."""
        if not len(self.entries):
            return Ranked(np.zeros(0, int), np.zeros((0, len(SIGNS))), np.zeros(0))
        asked, aspect = self.ways.about(question.vector), self.aspects.about(question.aspect_vector)
        words = self.words.coverage(question.text)
        aspect_words = words if question.aspect == question.text else self.words.coverage(question.aspect)
        product = self._product_sign(question.products)
        first = self._fixed @ (asked if self._basis is None else asked @ self._basis)
        first += np.float32(self.weights.words) * words.astype(np.float32)
        if product is not None:
            first += np.float32(self.weights.product) * product
        if allowed is not None:
            first = np.where(allowed, first, -np.inf)
        count = min(max(CANDIDATES, limit), len(first))
        places = np.argpartition(-first, count - 1)[:count] if count < len(first) else np.arange(len(first))
        places = places[np.isfinite(first[places])]
        signs = np.stack(
            [
                self.ways.centres[places].astype(np.float32) @ asked,
                self.ways.nearest(places, asked),
                self.answers[places].astype(np.float32) @ asked,
                words[places],
                product[places] if product is not None else np.zeros(len(places)),
                self.aspects.centres[places].astype(np.float32) @ aspect,
                aspect_words[places],
            ],
            axis=1,
        )
        found = scores(signs, self.weights)
        order = np.argsort(-found, kind="stable")[:limit]
        # Only trust needs the last sign, and only of the best.
        return Ranked(
            places[order], np.column_stack([signs[order], self._way_words(question, places[order])]), found[order]
        )

    def _way_words(self, question: Question, places: np.ndarray) -> np.ndarray:
        """The largest part of the words of a way to ask that the question has, shape (len(places),)."""
        ways = (self.entries[place].questions for place in places)
        return np.array([max(self.words.share(way, question.text) for way in some) for some in ways])

    def allowed(self, moment: datetime, tags: Collection[str] | None = None) -> np.ndarray | None:
        """(n,) bool: entries valid at `moment` with one of `tags` (None: any); None when that is all of them."""
        if not tags and not len(self._bounded):
            return None
        allowed = np.ones(len(self.entries), bool)
        allowed[[place for place in self._bounded if not self.entries[place].valid_at(moment)]] = False
        if tags:
            places = [self._of_tag[tag] for tag in set(tags) if tag in self._of_tag]
            tagged = np.zeros(len(self.entries), bool)
            tagged[np.concatenate(places) if places else np.zeros(0, int)] = True
            allowed &= tagged
        return allowed

    def _product_sign(self, products: Collection[str]) -> np.ndarray | None:
        """1 for entries about a product that the question names, -1 for those about others only."""
        if not products:
            return None
        sign = np.where(self._has_product, np.float32(-1), np.float32(0))
        for product in products:
            sign[self._of_product.get(product, np.zeros(0, int))] = 1.0
        return sign


def _places(keys: Iterable[Collection[str]]) -> dict[str, np.ndarray]:
    found: dict[str, list[int]] = {}
    for place, some in enumerate(keys):
        for key in some:
            found.setdefault(key, []).append(place)
    return {key: np.array(places) for key, places in found.items()}


def _principal(rows: np.ndarray) -> np.ndarray:
    """The directions (d, DIMENSIONS) in which a sample of the rows differs most."""
    sample = rows[np.random.default_rng(0).permutation(len(rows))[:_SAMPLE]]
    return np.linalg.svd(sample, full_matrices=False)[2][:DIMENSIONS].T.astype(np.float32)


def embedded_answer(entry: Entry) -> str:
    """What of an answer is embedded: its words without live fields."""
    return " ".join(fold(entry.answer).split()) or entry.question
