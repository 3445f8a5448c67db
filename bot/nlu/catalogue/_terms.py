"""Words of the catalogue found in a text with spaCy's phrase matcher."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import spacy
from spacy.matcher import PhraseMatcher

from bot.nlu.catalogue._match import Folded, Match, fold
from bot.shop import Catalogue

_ENTITIES = {"sku": "variant"}
# "iPhone 14 Pro Max" is not an "iPhone 14 Pro": better no product than another one.
_MODEL = re.compile(r"(?:pro|max|plus|mini|ultra|lite|se|air)(?![a-z])|promax|\+")


class TermMatcher:
    """Finds the terms of one catalogue, whatever their case, width and spaces."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Prepare the matcher; the catalogue's version is kept in `version`."""
        self.version = catalogue.version
        # Spaces are dropped and the blank pipeline makes each character a token, so token and text places are one.
        self._language = spacy.blank("zh")
        self._phrases = PhraseMatcher(self._language.vocab)
        self._meanings: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        for term in catalogue.terms():
            text = fold(term.text, spaces=False).text
            if text:
                self._meanings[text][(_ENTITIES.get(term.label, term.label), term.value)] = None
        # Full names of goods, and the attributes by which their variants differ.
        self.names = frozenset(fold(product.name, spaces=False).text for product in catalogue.products.values())
        self.attributes = frozenset(name for variant in catalogue.variants.values() for name in variant.attributes)
        self._phrases.add("term", [self._language.make_doc(text) for text in self._meanings])
        self._attributes: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for variant in catalogue.variants.values():
            self._attributes[variant.product.id].update(variant.attributes.items())
        for (name, alias), meant in catalogue.aliases.items():
            for pairs in self._attributes.values():
                if any((name, value) in pairs for value in meant):
                    pairs.add((name, alias))

    def find(self, text: str) -> list[Match]:
        """Every match, overlapping ones too; the same span once for each value of its one best label."""
        folded = fold(text, spaces=False)
        spans = list(self._spans(folded))
        whole = [key for key, span in spans if not any(_inside(span, other) for _, other in spans)]
        products = {value for key in whole for label, value in self._meanings[key] if label == "product"}
        return [Match(label, *span, value) for key, span in spans for label, value in self._best(key, products)]

    def _spans(self, folded: Folded) -> Iterator[tuple[str, tuple[int, int]]]:
        document = self._language.make_doc(folded.text)
        for _, start, end in self._phrases(document):
            key = folded.text[start:end]
            if _stands_alone(folded, start, end) and not (self._is_product(key) and _MODEL.match(folded.text, end)):
                yield key, folded.span(start, end)

    def _is_product(self, key: str) -> bool:
        return any(label == "product" for label, _ in self._meanings[key])

    def _best(self, key: str, products: Iterable[str]) -> list[tuple[str, str]]:
        """One word may be a size here and a weight there: the label that the named products have comes first."""
        meanings = list(self._meanings[key])
        fitting = [m for m in meanings if any(m in self._attributes[product] for product in products)]
        label = (fitting or meanings)[0][0]
        return [m for m in meanings if m[0] == label]


def _inside(span: tuple[int, int], other: tuple[int, int]) -> bool:
    return span != other and other[0] <= span[0] and span[1] <= other[1]


def _stands_alone(folded: Folded, start: int, end: int) -> bool:
    """Whether no Latin word or number of the original goes on across the border of the match."""
    if end - start == 1 and not folded.text[start].isascii() and not _named(folded.text, start):
        return False
    letters_only = folded.text[start:end].isascii() and end - start <= 2
    return not (_joined(folded, start - 1, letters_only) or _joined(folded, end - 1, letters_only))


def _named(text: str, at: int) -> bool:
    """Whether a lone character, as 白, is meant as itself: 白的, 要白, but not 明白 or 白天."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    free_before = not before.isalpha() or before in "要换买选拿有成是个件台款双"
    return free_before and (not after.isalpha() or after in "的色款")


def _joined(folded: Folded, left: int, strict: bool) -> bool:
    if left < 0 or left + 1 >= len(folded.text) or folded.places[left + 1] - folded.places[left] > 1:
        return False
    a, b = folded.text[left], folded.text[left + 1]
    if not (a.isascii() and b.isascii() and a.isalnum() and b.isalnum()):
        return False
    return strict or a.isdigit() == b.isdigit()
