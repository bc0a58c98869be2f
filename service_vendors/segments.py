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

# What word processors and phones write, and the character on every keyboard that says the same; as
# vendors replace them who offer "smart encoding". What is left out here, they leave as it is.
_PLAIN: Final = str.maketrans(
    {
        **{chr(0xFF01 + n): chr(ord("!") + n) for n in range(94)},  # as wide as a Chinese character
        **dict.fromkeys(
            "\u201c\u201d\u201e\u201f\u00ab\u00bb\u02ba\u02ee\u275d\u275e\u301d\u301e", '"'
        ),
        **dict.fromkeys("\u2018\u2019\u201b\u2017`\u00b4\u275b\u275c", "'"),
        **dict.fromkeys("\u02b9\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb\u0313\u0314", "'"),
        **dict.fromkeys("\u2010\u2013\u2014\u2015\u2022\u2043\ufe63", "-"),
        **dict.fromkeys("\u00f7\u2044\u2215\u29f8\u0337\u0338", "/"),
        **dict.fromkeys("\u201a\u3001\uff64\ufe50\ufe51\u0326", ","),
        **dict.fromkeys("\u3002\uff61\ufe52", "."),
        **dict.fromkeys("\u2217\u204e\u229b\u2731\u2732\u2733\ufe61", "*"),
        **dict.fromkeys("\u02dc\u02f7\u0303\u0330\u223c", "~"),
        **dict.fromkeys("\u02c6\u0302", "^"),
        **dict.fromkeys("\u2223\u23d0", "|"),
        **dict.fromkeys("\u00a0\u202f\u205f\u3000\u2028\u2029", " "),
        **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),  # of many widths
        **dict.fromkeys("\u200b\u2060\ufeff", ""),
        "\u0332": "_",
        "\u02d6": "+",
        "\u2026": "...",
        "\u203c": "!!",
        "\u00bc": "1/4",
        "\u00bd": "1/2",
        "\u00be": "3/4",
        "\u2039": ">",
        "\u203a": "<",
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
