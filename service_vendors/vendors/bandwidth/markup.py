"""XML as Bandwidth's Numbers API speaks it: read with entities and DTDs refused, never pasted
together from texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

# A value is a text, what stands inside, or several of either under the same name.
Value = str | int | bool | Mapping[str, "Value"] | Sequence["Value"]

_TRUE: Final = "true"
_FALSE: Final = "false"


class Unreadable(ValueError):
    """What came is no XML that may be read."""


def document(name: str, content: Mapping[str, Value] | str) -> bytes:
    """A whole document; what is None or missing is not written."""
    root = Element(name)
    _fill(root, content)
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True))


def read(body: bytes) -> Element:
    """The root of a document. Raises Unreadable, also for a DTD or an entity."""
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Unreadable(f"This is no XML ({type(error).__name__}).") from None
    return root


def text(element: Element, *names: str) -> str:
    """The text of the first element with one of these names, wherever it stands; "" for none."""
    return next((value for name in names for value in texts(element, name) if value), "")


def texts(element: Element, name: str) -> Iterator[str]:
    """The texts of all elements with this name, wherever they stand."""
    for one in element.iter(name):
        yield (one.text or "").strip()


def _fill(parent: Element, content: Value) -> None:
    if isinstance(content, bool):
        parent.text = _TRUE if content else _FALSE
    elif isinstance(content, str | int):
        parent.text = str(content)
    elif isinstance(content, Mapping):
        for name, value in content.items():
            several = isinstance(value, Sequence) and not isinstance(value, str)
            for one in value if several else (value,):  # type: ignore[union-attr]  # narrowed above
                _fill(SubElement(parent, name), one)
