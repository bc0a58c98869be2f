"""What Vonage knows of a contact's number.

Identity Insights (https://developer.vonage.com/en/api/identity-insights) knows carriers and kinds
of lines; it wants an application. Number Insight (https://developer.vonage.com/en/api/number-insight)
knows the same, and names in the United States, and tells for free whether a number can exist at
all; Vonage ends it on ENDS.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from service_vendors import conf
from service_vendors.exceptions import TransientVendorError, UnsupportedFeature, VendorNotConfigured
from service_vendors.types import ContactInfo, Feature, LookupStatus
from service_vendors.vendors.base import ServiceVendor
from service_vendors.vendors.nexmo import api

ENDS: Final = date(2027, 2, 4)
IDENTITY_INSIGHTS: Final = f"{api.INSIGHTS}/identity-insights/v1/requests"
NUMBER_INSIGHT: Final = f"{api.API}/ni"
ENDED: Final = f"Vonage ended its free look-up on {ENDS.isoformat()}."
NEEDS_APPLICATION: Final = (
    f"Vonage ended the look-up that needs no application on {ENDS.isoformat()}. Fill in the "
    "Application ID and the Private key."
)

# Number Insight's ``status``: too fast; the number is none; the key is none; no credit.
BUSY: Final = 1
NOT_A_NUMBER: Final = frozenset({3, 5, 999})
REFUSED_KEY: Final = 4
NO_CREDIT: Final = 9

_NOTHING: Final = frozenset({"", "unknown", "null", "none"})


class WithLookups(ServiceVendor, ABC):
    """The part of the vendor that looks numbers up."""

    async def get_contact_info(self, contact_number: str, *, lookup_name: bool) -> ContactInfo:
        """Carrier and kind of line; with ``lookup_name`` the holder's name, where it is told.

        Only Number Insight tells names; with an application it is not asked.
        """
        if api.has_application(self.account):
            return await self._by_identity_insights(contact_number)
        if _has_ended():
            raise VendorNotConfigured(NEEDS_APPLICATION)
        params = {"cnam": "true"} if lookup_name else {}
        found = await self._number_insight("standard", contact_number, params)
        if int(found["status"]) in NOT_A_NUMBER:
            return ContactInfo(contact_number, LookupStatus.INVALID)
        carrier = _first(found, "current_carrier", "original_carrier")
        return _info(
            contact_number,
            home=self._home(),
            country=str(found.get("country_code", "")),
            line_type=str(carrier.get("network_type") or ""),
            carrier=str(carrier.get("name") or ""),
            name=str(found.get("caller_name") or "") if lookup_name else "",
        )

    async def get_free_contact_info(self, contact_number: str) -> ContactInfo:
        """Whether it is a number at all, and of which country: free, and blind for landlines."""
        if _has_ended():
            raise UnsupportedFeature(ENDED)
        found = await self._number_insight("basic", contact_number, {})
        if int(found["status"]) in NOT_A_NUMBER:
            return ContactInfo(contact_number, LookupStatus.INVALID)
        return _info(contact_number, home=self._home(), country=str(found.get("country_code", "")))

    def _home(self) -> str:
        """The country whose numbers are texted."""
        return (self.account.country or conf.text("PHONE_NUMBER_COUNTRY")).upper()

    async def _by_identity_insights(self, contact_number: str) -> ContactInfo:
        insights: Mapping[str, Any] = {
            "format": {},
            "current_carrier": {},
            "original_carrier": {},
        }
        asked = {"phone_number": contact_number.removeprefix("+"), "insights": insights}
        answer = await api.call_as_application(self.account, IDENTITY_INSIGHTS, asked)
        found = answer.get("insights")
        if not isinstance(found, dict):
            raise TransientVendorError(api.UNREADABLE)
        form = _first(found, "format")
        if form.get("is_format_valid") is False or _code(form) == "INVALID_NUMBER_FORMAT":
            return ContactInfo(contact_number, LookupStatus.INVALID)
        # Carriers that Vonage cannot ask about a number today are still those that it began with.
        carrier = _first(found, "current_carrier", "original_carrier")
        return _info(
            contact_number,
            home=self._home(),
            country=str(form.get("country_code") or carrier.get("country_code") or ""),
            line_type=str(carrier.get("network_type") or "").lower(),
            carrier=str(carrier.get("name") or ""),
        )

    async def _number_insight(
        self, level: str, contact_number: str, params: Mapping[str, str]
    ) -> dict[str, Any]:
        """An answer of Number Insight about a number, or that it is none.

        Raises VendorNotConfigured and TransientVendorError.
        """
        asked = {"number": contact_number.removeprefix("+"), **params}
        found = await api.call(self.account, "GET", f"{NUMBER_INSIGHT}/{level}/json", params=asked)
        try:
            status = int(found["status"])
        except (KeyError, TypeError, ValueError):
            raise TransientVendorError(api.UNREADABLE) from None
        if status in {REFUSED_KEY, NO_CREDIT}:
            raise api.refusal(status)
        if status != 0 and status not in NOT_A_NUMBER:
            raise TransientVendorError(f"Vonage did not look this up (status {status}).")
        return found


def free_features() -> frozenset[Feature]:
    """The free look-up, as long as Vonage offers it."""
    return frozenset() if _has_ended() else frozenset({Feature.FREE_LOOKUP})


def _has_ended() -> bool:
    return datetime.now(UTC).date() >= ENDS


def _info(
    contact_number: str,
    *,
    home: str,
    country: str,
    line_type: str = "",
    carrier: str = "",
    name: str = "",
) -> ContactInfo:
    """What was found out, and what follows for texting."""
    status = LookupStatus.TEXTABLE
    if country and country.upper() != home:
        status = LookupStatus.FOREIGN
    elif line_type.startswith(("landline", "pager")):
        status = LookupStatus.LANDLINE
    return ContactInfo(
        contact_number=contact_number,
        status=status,
        carrier=carrier,
        line_type="" if line_type in _NOTHING else line_type,
        lookup_name="" if name.lower() in _NOTHING else name,
    )


def _first(found: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The first of these that says what kind of line it is; else the first that is there."""
    there = [one for name in names if isinstance(one := found.get(name), dict)]
    telling = (one for one in there if str(one.get("network_type") or "").lower() not in _NOTHING)
    return next(telling, there[0] if there else {})


def _code(insight: Mapping[str, Any]) -> str:
    status = insight.get("status")
    return str(status.get("code", "")) if isinstance(status, dict) else ""
