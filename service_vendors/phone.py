"""Phone numbers: E.164 inside the program, whatever a person typed; and what is no phone number
but sends texts all the same.

Numbering rules are those of ``phonenumbers``. Its geocoder is never imported here: it would cost
every worker some 180 MB.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

# Longer than any way of writing a number; what is longer is not worth parsing.
MOST_CHARACTERS: Final = 50

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
# Of the right length whatever the libraries know; most numbers come like this already.
_NANP: Final = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")
_SHORT_CODE: Final = re.compile(r"[0-9]{3,6}")
# 3GPP TS 23.040: up to eleven characters, at least one of them a letter.
_ALPHANUMERIC: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &.+_-]{1,11}")


class InvalidPhoneNumber(ValueError):
    """What was typed is no phone number; the text says what to do."""


class SenderKind(StrEnum):
    """What a message can be sent from."""

    LONG_CODE = "long code"
    TOLL_FREE = "toll-free"
    SHORT_CODE = "short code"
    ALPHANUMERIC = "alphanumeric"


def to_e164(text: str, country: str = "US") -> str:
    """The number a person typed, as E.164.

    ``country`` (ISO 3166) is that of numbers typed without a country code. A number counts when
    its length is right: new area codes are texted before every library knows them.
    Raises InvalidPhoneNumber.
    """
    if _NANP.fullmatch(text):
        return text
    if len(text) <= MOST_CHARACTERS:
        try:
            number = phonenumbers.parse(text, country.upper() or None)
        except phonenumbers.NumberParseException:
            number = None
        if number is not None and not number.extension and _is_long_enough(number):
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    shown = text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + "…"
    raise InvalidPhoneNumber(
        f"{shown!r} is not a phone number. Write it with its area code, like (212) 555-0123, "
        "or with its country code, like +44 20 7946 0018."
    )


def is_e164(text: str) -> bool:
    """Whether a text is written as E.164: a plus, the country code, 7 to 15 digits in all."""
    return _E164.fullmatch(text) is not None


def national(number: str) -> str:
    """A number the way people of its country write it; with the country code outside of +1.

    What is not E.164 (a short code, a name) is returned as it is.
    """
    if not is_e164(number):
        return number
    parsed = phonenumbers.parse(number)
    is_nanp = parsed.country_code == 1
    style = PhoneNumberFormat.NATIONAL if is_nanp else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def area_code(number: str) -> str:
    """The area code of a number of the North American Numbering Plan, or ""."""
    return number[2:5] if re.fullmatch(r"\+1[2-9][0-9]{9}", number) else ""


def beginning(area_code: str, country: str) -> str:
    """What an area's numbers begin with: "+1212" for 212 in the US, "+4420" for 020 in GB.

    Raises InvalidPhoneNumber when it is no area code.
    """
    code, region = area_code.strip(), country.strip().upper()
    calling_code = phonenumbers.country_code_for_region(region)
    if calling_code == 1:
        if not re.fullmatch(r"[2-9][0-9]{2}", code):
            raise InvalidPhoneNumber("An area code has three digits, like 212 or, toll-free, 833.")
    elif not (calling_code and re.fullmatch(r"[0-9]{1,8}", code)):
        raise InvalidPhoneNumber(
            "What numbers of an area begin with is written in digits, like 20 for London."
        )
    # In most countries a zero is dialled before it, which is no part of the number.
    if phonenumbers.ndd_prefix_for_region(region, True) == "0":
        code = code.removeprefix("0")
    return f"+{calling_code}{code}"


def country_of(number: str) -> str:
    """The ISO 3166 code of a number's country, or "" when no one country can be told."""
    if not is_e164(number):
        return ""
    parsed = phonenumbers.parse(number)
    # Fictional and future numbers are nobody's yet; their country code still tells, if it is one's.
    regions = phonenumbers.region_codes_for_country_code(parsed.country_code or 0)
    found = phonenumbers.region_code_for_number(parsed)
    found = found or (regions[0] if regions else "")
    return "" if found in {None, phonenumbers.UNKNOWN_REGION, "001"} else str(found)


def mask(number: str) -> str:
    """A number for the log: enough to see where it belongs, too little to call it."""
    if not is_e164(number):
        return "•••"
    keep = 5 if area_code(number) else 3
    return f"{number[:keep]}•••{number[-2:]}"


def sender_kind(sender: str) -> SenderKind:
    """What kind of sender a text names. Raises InvalidPhoneNumber when it can be none."""
    if is_e164(sender):
        kind = phonenumbers.number_type(phonenumbers.parse(sender))
        return SenderKind.TOLL_FREE if kind == PhoneNumberType.TOLL_FREE else SenderKind.LONG_CODE
    if _SHORT_CODE.fullmatch(sender):
        return SenderKind.SHORT_CODE
    if _ALPHANUMERIC.fullmatch(sender):
        return SenderKind.ALPHANUMERIC
    raise InvalidPhoneNumber(
        f"{sender[:MOST_CHARACTERS]!r} cannot send texts: it is neither a phone number, nor a "
        "short code of 3 to 6 digits, nor a name of up to 11 letters and digits."
    )


def normalize_sender(text: str, country: str = "US") -> str:
    """A sender as vendors know it: E.164, or a short code or name as it is.

    Raises InvalidPhoneNumber; an empty sender is never made of one that was given.
    """
    text = text.strip()
    if _SHORT_CODE.fullmatch(text) or _ALPHANUMERIC.fullmatch(text):
        return text
    return to_e164(text, country)


def _is_long_enough(number: PhoneNumber) -> bool:
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    reason = phonenumbers.is_possible_number_with_reason(number)
    return is_e164(e164) and reason == ValidationResult.IS_POSSIBLE
