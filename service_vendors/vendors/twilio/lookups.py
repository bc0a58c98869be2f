"""What Twilio knows of a contact's number: whether it is one, and of what kind.

https://www.twilio.com/docs/lookup/v2-api, https://www.twilio.com/docs/lookup/v2-api/line-type-intelligence
"""

from __future__ import annotations

from abc import ABC
from typing import Any, Final

from service_vendors import phone
from service_vendors.exceptions import (
    PermanentVendorError,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.types import ContactInfo, LookupStatus
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.twilio import answers, errors
from service_vendors.vendors.twilio.areas import home_of
from service_vendors.vendors.twilio.transport import client

# The packages that are asked for. Each has its price, which is in prices.py.
LINE_TYPE: Final = "line_type_intelligence"
CALLER_NAME: Final = "caller_name"

# The line types that take no texts. Of all others some do, so they are tried.
LANDLINE: Final = "landline"

# Reasons why a package is empty that are not about the number. Nothing is learned from them.
TRY_LATER: Final = frozenset({60608, 60611, 60613, 60616})
NOT_ALLOWED: Final = frozenset({60606})
LATER: Final = "Twilio could not look this number up now. Try again later."
NOT_ENABLED: Final = (
    "Twilio does not let this account look numbers up. Allow Lookup's Line Type Intelligence in "
    "the Twilio console."
)


class WithLookups(ServiceVendor, ABC):
    """The part of the vendor that looks numbers up."""

    async def get_contact_info(self, contact_number: str, *, lookup_name: bool) -> ContactInfo:
        """Carrier, line type and, if wanted, the name of a number's holder.

        That Twilio knows no such number is an answer, too. A number whose kind nobody knows
        counts as one that takes texts; ``error_code`` then says why it is not known. Raises
        TransientVendorError when it may be known later, VendorNotConfigured.
        """
        if not phone.is_e164(contact_number):
            return ContactInfo(contact_number, LookupStatus.INVALID)
        home = home_of(self.account)
        fields = f"{LINE_TYPE},{CALLER_NAME}" if lookup_name else LINE_TYPE
        lookup = client(self.account).lookups.v2.phone_numbers(contact_number)
        try:
            with answers.reading():
                return _read(contact_number, await lookup.fetch_async(fields=fields), home)
        except PermanentVendorError as error:
            if error.code != errors.NOT_FOUND:
                raise
            return ContactInfo(contact_number, LookupStatus.INVALID, error_code=error.code)


def _read(contact_number: str, found: Any, home: str) -> ContactInfo:
    """What an answer says of a number. Each part of it may be missing."""
    if not isinstance(found.valid, bool):
        raise ValueError(answers.UNREADABLE)
    if not found.valid:
        return ContactInfo(contact_number, LookupStatus.INVALID)
    line, name = found.line_type_intelligence or {}, found.caller_name or {}
    line_type, error_code = str(line.get("type") or ""), line.get("error_code")
    if not line_type and error_code in NOT_ALLOWED:
        raise VendorNotConfigured(NOT_ENABLED, code=error_code)
    if not line_type and error_code in TRY_LATER:
        raise TransientVendorError(LATER, code=error_code)
    country = str(found.country_code or "").upper()
    return ContactInfo(
        contact_number=contact_number,
        status=_status(line_type, is_foreign=bool(country) and country != home),
        carrier=str(line.get("carrier_name") or ""),
        line_type=line_type,
        lookup_name=str(name.get("caller_name") or ""),
        error_code=error_code,
    )


def _status(line_type: str, *, is_foreign: bool) -> LookupStatus:
    if is_foreign:
        return LookupStatus.FOREIGN
    return LookupStatus.LANDLINE if line_type == LANDLINE else LookupStatus.TEXTABLE
