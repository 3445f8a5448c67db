"""Entries that tell today's figures of one variant do not answer questions about another one."""

import re
import unicodedata

from bot.knowledge.entries import Entry
from bot.knowledge.fields import FIELD
from bot.shop import Catalogue


def tells_of_another(entry: Entry, text: str, catalogue: Catalogue) -> bool:
    """Whether `text` names a variant (128G, 星光色) that is none of those whose figures `entry` tells."""
    arguments = {match.partition(":")[2].strip() for match in FIELD.findall(entry.answer)}
    told = [catalogue.variants[sku] for sku in arguments if sku in catalogue.variants]
    if not told:
        return False
    tight = _tight(text)
    for attribute in {name for variant in told for name in variant.attributes}:
        values = {variant.attributes[attribute] for variant in told if attribute in variant.attributes}
        if not (_named(tight, attribute, catalogue) or values) & values:
            return True
    return False


def _named(tight: str, attribute: str, catalogue: Catalogue) -> set[str]:
    """The values of `attribute` that a text means, of words inside longer words only the longer."""
    words: dict[str, set[str]] = {}
    for variant in catalogue.variants.values():
        if attribute in variant.attributes:
            value = variant.attributes[attribute]
            words.setdefault(_tight(value), set()).add(value)
    for (name, alias), meant in catalogue.aliases.items():
        if name == attribute:
            words.setdefault(_tight(alias), set()).update(meant)
    longest_first = sorted(filter(None, words), key=len, reverse=True)
    found = re.findall("|".join(map(re.escape, longest_first)) or r"(?!)", tight)
    return {value for word in found for value in words[word]}


def _tight(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()
