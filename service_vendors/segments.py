"""Segments: what a text is cut into on its way, and what vendors bill.

3GPP TS 23.038 (alphabets) and 23.040 (concatenation): one segment holds 140 bytes; of a longer
message each segment gives 6 of them to the header that ties them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import regex

# The GSM 7-bit default alphabet and its extension table; an extended character takes two septets.
_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")

# What word processors write, and the character on every keyboard that says the same.
_PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʼʻ`´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f", " "),
        **dict.fromkeys("\u200b\u200d\u2060\ufeff", ""),
        "…": "...",
        "•": "*",
        "‹": "<",
        "›": ">",
        "⁄": "/",
    }
)


class Encoding(StrEnum):
    """The alphabet a text travels in."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


# Units (septets or 16-bit code units) of a message that fits one segment, and of each of several.
_CAPACITY: Final = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """How a text travels.

    ``units`` are septets (GSM-7) or 16-bit code units (UCS-2), ``per_segment`` is how many of
    them one of its segments holds, ``characters`` is what a person counts.
    """

    encoding: Encoding
    segments: int
    units: int
    per_segment: int
    characters: int


def count(text: str, *, smart_encoding: bool = False) -> SegmentCount:
    """How a text travels; with ``smart_encoding``, after its typographic characters became plain.

    An empty text takes one segment, as vendors bill it.
    """
    text = plain(text) if smart_encoding else text
    encoding = Encoding.GSM7 if is_gsm7(text) else Encoding.UCS2
    clusters = regex.findall(r"\X", text)
    # Nothing that a person sees as one character is torn apart; in GSM-7 that is an escape pair.
    pieces = text if encoding is Encoding.GSM7 else clusters
    sizes = [_units(piece, encoding) for piece in pieces]
    single, multiple = _CAPACITY[encoding]
    total = sum(sizes)
    if total <= single:
        return SegmentCount(encoding, 1, total, single, len(clusters))
    return SegmentCount(encoding, _packed(sizes, multiple), total, multiple, len(clusters))


def is_gsm7(text: str) -> bool:
    """Whether every character is in the GSM 7-bit alphabet or its extension table."""
    return all(character in _BASIC or character in _EXTENDED for character in text)


def plain(text: str) -> str:
    """A text with curly quotes, dashes and the like replaced by what GSM-7 has for them."""
    return text.translate(_PLAIN)


def _units(piece: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if piece in _EXTENDED else 1
    return len(piece.encode("utf-16-le")) // 2


def _packed(sizes: list[int], capacity: int) -> int:
    """How many segments pieces of these sizes fill, in their order, none of them split.

    A piece that is larger than a whole segment (a pile of combining marks) is split all the same.
    """
    segments, free = 1, capacity
    for size in sizes:
        rest = size
        if rest > free:
            segments, free = segments + 1, capacity
        while rest > capacity:
            rest -= capacity
            segments += 1
        free -= rest
    return segments
