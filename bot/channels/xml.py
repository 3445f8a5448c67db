"""XML from outside: small, without document types and entities, flat enough for a message."""

from typing import Any
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from bot.channels.checks import Refused

LARGEST = 64 * 1024  # bytes; the platforms' messages have a few hundred
_DEEPEST = 5
_ALLOWED_CONTROLS = "\t\n\r"


def parse(body: bytes) -> dict[str, Any]:
    """The children of the root by tag: texts, or dicts of their own children; of repeated tags the last one.

    Raises:
        Refused: no XML, too large, too deep, or with a document type.
    """
    if len(body) > LARGEST:
        raise Refused("XML is too large", 413)
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):  # LookupError: an encoding nobody knows
        raise Refused("not acceptable XML", 400) from None
    found = _content(root, 0)
    if not isinstance(found, dict):
        raise Refused("XML without content", 400)
    return found


def _content(element: Element, depth: int) -> Any:
    if not len(element):
        return element.text or ""
    if depth >= _DEEPEST:
        raise Refused("XML is too deep", 400)
    return {str(child.tag): _content(child, depth + 1) for child in element}


def text_of(fields: dict[str, Any], name: str) -> str:
    """The text under `name`, "" where there is none."""
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""


def render(root: str, fields: dict[str, Any]) -> str:
    """XML of nested dicts, lists of dicts and texts; numbers are written plainly."""
    return f"<{root}>{_render(fields)}</{root}>"


def _render(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(
            f"<{tag}>{_render(part)}</{tag}>"
            for tag, item in value.items()
            for part in (item if isinstance(item, list) else [item])
        )
    if isinstance(value, int):
        return str(value)
    # Control characters do not exist in XML 1.0, not even escaped.
    return escape("".join(c for c in str(value) if c >= " " or c in _ALLOWED_CONTROLS))
