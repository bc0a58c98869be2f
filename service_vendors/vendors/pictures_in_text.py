"""Pictures written into a text: ``Vote! [https://example.org/poster.png]``.

Campaign scripts that come from Spoke carry their pictures so. A vendor that sends pictures takes
them out of the text; to one that does not, they are text.
"""

from __future__ import annotations

import re
from typing import Final

from service_vendors import segments

_ONE: Final = r"\[\s*(?:https?://[^\s\[\]/:?#@][^\s\[\]]*)\s*\]"
_PICTURE: Final = re.compile(_ONE, re.IGNORECASE)
_ADDRESS: Final = re.compile(r"https?://[^\s\[\]]+", re.IGNORECASE)
_SEVERAL: Final = re.compile(rf"[ \t]*{_ONE}(?:[ \t]*{_ONE})*[ \t]*", re.IGNORECASE)


def take_out(text: str) -> tuple[str, tuple[str, ...]]:
    """What is left of a text without its pictures, and their addresses in the order they stood.

    The words around a picture stay apart if they were. A text without pictures is returned as it
    is, blanks and all; so is what looks like an address and names no host.
    """
    addresses: list[str] = []

    def taken(found: re.Match[str]) -> str:
        addresses.extend(_ADDRESS.findall(found[0]))
        blanks = _PICTURE.sub("", found[0])
        return " " if blanks and _is_between_words(found) else ""

    rest = _SEVERAL.sub(taken, text)
    return (rest.strip(), tuple(addresses)) if addresses else (text, ())


def count_segments(text: str, *, smart_encoding: bool = False) -> segments.SegmentCount:
    """How a text travels when its pictures are taken out of it."""
    return segments.count(take_out(text)[0], smart_encoding=smart_encoding)


def _is_between_words(found: re.Match[str]) -> bool:
    """Whether something stands before and after it on its line."""
    before, after = found.string[: found.start()], found.string[found.end() :]
    return bool(before and after) and not (before[-1].isspace() or after[0].isspace())
