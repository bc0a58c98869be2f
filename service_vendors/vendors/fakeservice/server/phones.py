"""What the company knows of phone numbers: which exist, which are for sale, whose they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers

from service_vendors.vendors.fakeservice.server import triggers

E164: Final = re.compile(r"\+[1-9]\d{6,14}")

# Exchange 555 with 0100 to 0199 is kept free for fiction in every area code of North America.
_FICTION: Final = "555"
_FICTIONAL_LINES: Final = range(100, 200)
_EXCHANGES: Final = tuple(str(n) for n in range(200, 1000) if n % 100 != 11 and n != 555)


def is_number(value: str) -> bool:
    """Whether this is written like a phone number (E.164)."""
    return E164.fullmatch(value) is not None


def for_sale(area_code: str) -> Iterator[str]:
    """Every number of an area code in the order it is sold: those of fiction first."""
    if _is_area_code(area_code):
        for exchange in (_FICTION, *_EXCHANGES):
            for line in _FICTIONAL_LINES if exchange == _FICTION else range(10_000):
                yield f"+1{area_code}{exchange}{line:04d}"


def is_for_sale(number: str) -> bool:
    """Whether ``for_sale`` yields this number for its area code."""
    found = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", number)
    if found is None or not _is_area_code(found[1]):
        return False
    if found[2] == _FICTION:
        return int(found[3]) in _FICTIONAL_LINES
    return found[2] in _EXCHANGES


def _is_area_code(area_code: str) -> bool:
    """Whether North America has this area code, and calls to it are not free."""
    if not re.fullmatch(r"[2-9]\d\d", area_code):
        return False
    first = phonenumbers.parse(f"+1{area_code}5550100")
    return phonenumbers.number_type(first) == phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE


def describe(number: str) -> dict[str, str] | None:
    """What a look-up tells: country, line type, carrier and name; None for no real number."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    line_type = triggers.line_type(number)
    return {
        "number": number,
        "country": phonenumbers.region_code_for_number(parsed) or "",
        "line_type": line_type,
        "carrier": {"landline": "Copper & Sons", "voip": "Cloud Calls"}.get(line_type, "Airwaves"),
        "name": f"Contact {number[-4:]}",
    }
