"""In which time zones a contact may be, by ZIP code or by phone number.

Both are hints, and a prefix may span zones: then all of them are told, and whoever uses them is
to be right in each.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone as phone_zones

# A number that could be in more zones than this tells nothing: toll-free, or a whole country's.
MOST_ZONES: Final = 4

_EASTERN, _CENTRAL, _MOUNTAIN = "America/New_York", "America/Chicago", "America/Denver"
_PACIFIC, _ARIZONA, _ALASKA = "America/Los_Angeles", "America/Phoenix", "America/Anchorage"
_MICRONESIA = ("Pacific/Chuuk", "Pacific/Guam", "Pacific/Majuro", "Pacific/Palau", "Pacific/Saipan")

# The first three digits of United States ZIP codes, first and last of each run. Derived from the
# zones of all 42,789 ZIP codes in https://pypi.org/project/zipcodes/ 3.0.0 (November 2026), with
# zones of the same clock taken together.
_ZIP_PREFIXES: Final[tuple[tuple[int, int, tuple[str, ...]], ...]] = (
    (5, 5, (_EASTERN,)),
    (6, 7, ("America/Puerto_Rico",)),
    (8, 8, ("America/St_Thomas",)),
    (9, 9, ("America/Puerto_Rico",)),
    (10, 323, (_EASTERN,)),
    (324, 324, (_CENTRAL, _EASTERN)),
    (325, 325, (_CENTRAL,)),
    (326, 349, (_EASTERN,)),
    (350, 372, (_CENTRAL,)),
    (373, 374, (_CENTRAL, _EASTERN)),
    (375, 375, (_CENTRAL,)),
    (376, 376, (_EASTERN,)),
    (377, 377, (_CENTRAL, _EASTERN)),
    (378, 379, (_EASTERN,)),
    (380, 397, (_CENTRAL,)),
    (398, 400, (_EASTERN,)),
    (401, 401, (_CENTRAL, _EASTERN)),
    (402, 418, (_EASTERN,)),
    (420, 424, (_CENTRAL,)),
    (425, 425, (_EASTERN,)),
    (426, 427, (_CENTRAL, _EASTERN)),
    (430, 462, (_EASTERN,)),
    (463, 464, (_CENTRAL,)),
    (465, 465, (_CENTRAL, _EASTERN)),
    (466, 468, (_EASTERN,)),
    (469, 469, (_CENTRAL, _EASTERN)),
    (470, 474, (_EASTERN,)),
    (475, 475, (_CENTRAL, _EASTERN)),
    (476, 477, (_CENTRAL,)),
    (478, 478, (_EASTERN,)),
    (479, 479, (_CENTRAL, _EASTERN)),
    (480, 497, (_EASTERN,)),
    (498, 499, (_CENTRAL, _EASTERN)),
    (500, 567, (_CENTRAL,)),
    (569, 569, (_EASTERN,)),
    (570, 574, (_CENTRAL,)),
    (575, 576, (_CENTRAL, _MOUNTAIN)),
    (577, 577, (_MOUNTAIN,)),
    (580, 584, (_CENTRAL,)),
    (585, 586, (_CENTRAL, _MOUNTAIN)),
    (587, 588, (_CENTRAL,)),
    (590, 599, (_MOUNTAIN,)),
    (600, 676, (_CENTRAL,)),
    (677, 678, (_CENTRAL, _MOUNTAIN)),
    (679, 689, (_CENTRAL,)),
    (690, 692, (_CENTRAL, _MOUNTAIN)),
    (693, 693, (_MOUNTAIN,)),
    (700, 797, (_CENTRAL,)),
    (798, 799, (_CENTRAL, _MOUNTAIN)),
    (800, 834, (_MOUNTAIN,)),
    (835, 835, (_MOUNTAIN, _PACIFIC)),
    (836, 837, (_MOUNTAIN,)),
    (838, 838, (_PACIFIC,)),
    (840, 847, (_MOUNTAIN,)),
    (850, 859, (_ARIZONA,)),
    (860, 860, (_ARIZONA, _MOUNTAIN)),
    (863, 864, (_ARIZONA,)),
    (865, 865, (_ARIZONA, _MOUNTAIN)),
    (870, 885, (_MOUNTAIN,)),
    (888, 888, (_EASTERN,)),
    (889, 961, (_PACIFIC,)),
    (967, 967, ("Pacific/Honolulu", "Pacific/Pago_Pago")),
    (968, 968, ("Pacific/Honolulu",)),
    (969, 969, _MICRONESIA),
    (970, 978, (_PACIFIC,)),
    (979, 979, (_MOUNTAIN, _PACIFIC)),
    (980, 994, (_PACIFIC,)),
    (995, 995, ("America/Adak", _ALASKA)),
    (996, 999, (_ALASKA,)),
)
_ZIP: Final = re.compile(r"\s*([0-9]{3})[0-9]{2}(?:-?[0-9]{4})?\s*")


def zone(name: str) -> ZoneInfo | None:
    """The time zone of this name (IANA's), or None."""
    try:
        return ZoneInfo(name.strip()) if name.strip() else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def of_zip(code: str) -> tuple[ZoneInfo, ...]:
    """The zones of a United States ZIP code, five digits or nine; none for anything else."""
    found = _ZIP.fullmatch(code)
    if found is None:
        return ()
    prefix = int(found[1])
    names = next((zones for first, last, zones in _ZIP_PREFIXES if first <= prefix <= last), ())
    return tuple(map(ZoneInfo, names))


@lru_cache(maxsize=65_536)
def of_number(number: str) -> tuple[ZoneInfo, ...]:
    """The zones that an E.164 number's area code or country is in; none where that says little."""
    try:
        names = phone_zones.time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    if len(names) > MOST_ZONES:
        return ()
    return tuple(found for name in names if (found := zone(name)))
