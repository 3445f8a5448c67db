"""A message's words without what only tells which goods or which order: the same request sounds the same."""

import re
from collections.abc import Iterable, Iterator

from bot.nlu.catalogue._match import Folded, Match, fold, resolve
from bot.nlu.catalogue._patterns import find_ids
from bot.nlu.catalogue._terms import TermMatcher

GOODS, ORDER, PHONE = "这款", "这单", "手机号"
_WORDS = {"product": GOODS, "variant": GOODS, "order_number": ORDER, "code": ORDER, "phone": PHONE}
_MODEL = re.compile(r"[0-9]|[a-z]{2}")  # as iPhone or P50, but not T恤
_GAP = re.compile(r"[\s的,，、/]*")
# 订单号DX…, 手机号是170…: the words say already what the number is.
_SAID = re.compile(r"(?:单号?|编号|号码|手机号?|电话)\s*(?:是|为|:|：)?\s*$")
_GIVEN_ONLY = re.compile(
    rf"\W*(?:{GOODS}|{ORDER}|{PHONE}"
    r"|(?:我的?|这是|就是)?(?:(?:订|运)?单号?|编号|号码|手机号?码?|电话号?码?)\W*(?:是|为)?)\W*"
)

Span = tuple[int, int, str]


class Mask:
    """Puts a neutral word for names of the catalogue and for numbers of orders and phones.

    Plain words for a kind of goods (电视, 奶粉) stay: they are part of what is asked. A name takes the attributes that
    stand beside it along (iPhone 14 256G 午夜色).
    """

    def __init__(self, matcher: TermMatcher | None) -> None:
        """Without a matcher only numbers are replaced."""
        self.matcher = matcher

    def __call__(self, text: str) -> str:
        """`text` in neutral words; a message that is nothing but a number or a name stays as it is."""
        folded = fold(text)
        matches = list(find_ids(folded))
        if self.matcher is not None:
            matches += self.matcher.find(text)
        spans = list(_joined(text, self._spans(folded, resolve(matches))))
        if not spans:
            return text
        parts, at = [], 0
        for start, end, word in spans:
            parts.append(text[at:start])
            if word == GOODS or not _SAID.search(text[:start]):
                parts.append(word)
            at = end
        rest = "".join([*parts, text[at:]])
        return text if _GIVEN_ONLY.fullmatch(rest) else rest

    def _spans(self, folded: Folded, matches: Iterable[Match]) -> Iterator[Span]:
        for match in matches:
            word = _WORDS.get(match.entity, "")
            written = fold(folded.original[match.start : match.end], spaces=False).text
            if match.entity == "product" and not (_MODEL.search(written) or self._is_name(written)):
                continue
            if word or match.entity in self._attributes():
                yield match.start, match.end, word

    def _is_name(self, written: str) -> bool:
        return self.matcher is not None and written in self.matcher.names

    def _attributes(self) -> frozenset[str]:
        return self.matcher.attributes if self.matcher is not None else frozenset()


def _joined(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Names together with the attributes beside them; attributes that stand alone are none of our business."""
    group: list[Span] = []
    for span in spans:
        if group and not (_GAP.fullmatch(text[group[-1][1] : span[0]]) and _together(group, span)):
            yield from _closed(group)
            group = []
        group.append(span)
    yield from _closed(group)


def _together(group: list[Span], span: Span) -> bool:
    words = {one[2] for one in (*group, span)} - {""}
    return words <= {GOODS} and not (span[2] and any(one[2] for one in group))


def _closed(group: list[Span]) -> Iterator[Span]:
    word = next((one[2] for one in group if one[2]), "")
    if word:
        yield group[0][0], group[-1][1], word
