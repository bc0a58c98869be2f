"""Where numbers are bought: a country, what its numbers begin with, and Twilio's lists of them.

https://www.twilio.com/docs/phone-numbers/api/availablephonenumber-resource
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from service_vendors import conf, phone
from service_vendors.exceptions import PermanentVendorError
from service_vendors.types import VendorAccount

# Calls to these cost the callee. Each is an "area" of its own, which Twilio lists elsewhere.
TOLL_FREE: Final = frozenset({"800", "833", "844", "855", "866", "877", "888"})
NORTH_AMERICA: Final = "+1"


@dataclass(frozen=True, slots=True)
class Area:
    """Numbers of a country that begin alike. ``kinds`` are Twilio's lists of them, best first."""

    country: str
    beginning: str
    kinds: tuple[str, ...]

    def has(self, number: object) -> bool:
        """Whether this is a number of the area."""
        return (
            isinstance(number, str) and phone.is_e164(number) and number.startswith(self.beginning)
        )

    def asked_for(self) -> dict[str, Any]:
        """How Twilio is asked for the area. Only North America has area codes, for Twilio."""
        if self.beginning.startswith(NORTH_AMERICA):
            return {"area_code": int(self.beginning.removeprefix(NORTH_AMERICA))}
        return {"contains": self.beginning}


def area_of(area_code: str, account: VendorAccount) -> Area:
    """The area that somebody means. Raises PermanentVendorError when there can be none."""
    country = home_of(account)
    try:
        beginning = phone.beginning(area_code, country)
    except phone.InvalidPhoneNumber as error:
        raise PermanentVendorError(str(error)) from None
    if not beginning.startswith(NORTH_AMERICA):
        return Area(country, beginning, ("mobile", "local"))
    is_toll_free = beginning.removeprefix(NORTH_AMERICA) in TOLL_FREE
    return Area(country, beginning, ("toll_free",) if is_toll_free else ("local",))


def home_of(account: VendorAccount) -> str:
    """The country of an account's numbers and contacts, ISO 3166."""
    return (account.country or conf.text("PHONE_NUMBER_COUNTRY")).strip().upper()
