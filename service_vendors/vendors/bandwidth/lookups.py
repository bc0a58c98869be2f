"""What Bandwidth knows of a number: a paid lookup, and for free what earlier messages taught."""

from __future__ import annotations

from abc import ABC
from typing import Any, Final

from service_vendors import conf
from service_vendors.exceptions import PermanentVendorError, TransientVendorError
from service_vendors.phone import country_of
from service_vendors.types import ContactInfo, LookupStatus
from service_vendors.vendors.bandwidth import api, errors
from service_vendors.vendors.base import ServiceVendor

_STATUS: Final = {
    "FIXED": LookupStatus.LANDLINE,
    "MOBILE": LookupStatus.TEXTABLE,
    "VOIP": LookupStatus.TEXTABLE,
    "VOIP-FIXED": LookupStatus.TEXTABLE,
}
_WORDS: Final = {
    "FIXED": "landline",
    "MOBILE": "mobile",
    "VOIP": "voip",
    "VOIP-FIXED": "voip",
}
# What the account may have beside the carrier: whether the number was given up since.
DEACTIVATED: Final = "DEACTIVATED"
ACTIVE: Final = "ACTIVE"
NO_MATCH: Final = "NO-MATCH"

MESSAGES_LOOKED_AT: Final = 20


class WithLookups(ServiceVendor, ABC):
    """The part of the vendor that looks numbers up."""

    async def get_contact_info(self, contact_number: str, *, lookup_name: bool) -> ContactInfo:
        """Carrier and line type of a number. Bandwidth tells no names here."""
        if _is_foreign(contact_number):
            return ContactInfo(contact_number, LookupStatus.FOREIGN)
        try:
            answer = await api.json_call(
                self.account,
                "POST",
                api.LOOKUPS,
                "/phoneNumberLookup",
                json={"phoneNumbers": [contact_number]},
            )
        except PermanentVendorError as error:
            if error.code != errors.BAD_REQUEST:
                raise
            return ContactInfo(contact_number, LookupStatus.INVALID, error_code=error.code)
        found = _result(answer, contact_number)
        if found is None:
            if not _is_unknown(answer, contact_number):
                raise TransientVendorError("Bandwidth's lookup did not come to an end.")
            return ContactInfo(contact_number, LookupStatus.INVALID)
        line_type = str(found.get("lineType") or "")
        # What is neither of these may well take texts.
        status = _STATUS.get(line_type, LookupStatus.TEXTABLE)
        is_gone = found.get("deactivationEvent") == DEACTIVATED
        if is_gone and found.get("latestMessageDeliveryStatus") != ACTIVE:
            status = LookupStatus.INVALID
        return ContactInfo(
            contact_number=contact_number,
            status=status,
            carrier=str(found.get("messagingProvider") or found.get("voiceProvider") or ""),
            line_type=_WORDS.get(line_type, line_type.lower()),
        )

    async def get_free_contact_info(self, contact_number: str) -> ContactInfo:
        """What became of the newest messages to a number, and over which carrier.

        A number that was never texted counts as one that takes texts: nothing speaks against it.
        The carrier is told where Bandwidth has switched that on for the account.
        """
        if _is_foreign(contact_number):
            return ContactInfo(contact_number, LookupStatus.FOREIGN)
        params = {
            "destinationTn": contact_number,
            "messageDirection": "OUTBOUND",
            "sort": "receiveTime:desc",
            "limit": str(MESSAGES_LOOKED_AT),
        }
        answer = await api.json_call(self.account, "GET", api.MESSAGING, "/messages", params=params)
        listed = answer.get("messages")
        told = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        carrier = next((str(one["carrierName"]) for one in told if one.get("carrierName")), "")
        status, code = LookupStatus.TEXTABLE, None
        for one in told:  # the newest that ended decides
            if one.get("messageStatus") == "DELIVERED":
                break
            if one.get("errorCode") in errors.CONTACT_STATUS:
                code = int(one["errorCode"])
                status = errors.CONTACT_STATUS[code]
                break
        return ContactInfo(contact_number, status, carrier=carrier, error_code=code)


def _result(answer: dict[str, Any], contact_number: str) -> dict[str, Any] | None:
    """What a lookup says of a number; None where it knows nothing."""
    data = answer.get("data")
    results = data.get("results") if isinstance(data, dict) else None
    for one in results if isinstance(results, list) else ():
        if isinstance(one, dict) and one.get("phoneNumber") == contact_number:
            return one
    return None


def _is_unknown(answer: dict[str, Any], contact_number: str) -> bool:
    """Whether Bandwidth says that nobody has this number, and not that it failed."""
    listed = answer.get("errors")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("code") == NO_MATCH:
            meta = one.get("meta")
            numbers = meta.get("phoneNumbers") if isinstance(meta, dict) else None
            return not isinstance(numbers, list) or contact_number in numbers
    return False


def _is_foreign(contact_number: str) -> bool:
    """Whether a number is of another country; the number itself tells, for free."""
    country = country_of(contact_number)
    return bool(country) and country != conf.text("PHONE_NUMBER_COUNTRY")
