"""Numbers that are not texted because of what is known of them, and why, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from service_vendors import conf
from service_vendors.configuration import get_config
from service_vendors.models import Organization, OrganizationContact
from service_vendors.models.among import Among
from service_vendors.types import LookupStatus

WORDS: Final[Mapping[LookupStatus, str]] = {
    LookupStatus.LANDLINE: "This number is a landline, which takes no texts.",
    LookupStatus.INVALID: "This number does not work. Correct it.",
    LookupStatus.FOREIGN: "This number is outside the country that the organization texts in.",
    LookupStatus.UNSUBSCRIBED: "This contact unsubscribed at the vendor. "
    "They can come back by texting START.",
}
_NEGATIVE: Final = {status.value: words for status, words in WORDS.items()}


def texts_anyway(organization: Organization) -> bool:
    """Whether the organization texts numbers in spite of what is known of them."""
    row = conf.SETTINGS["TEXT_DESPITE_LOOKUP"]
    return bool(conf.convert(row, get_config(row.name, organization)))


def refusals(organization: Organization, numbers: Collection[str]) -> dict[str, str]:
    """Those of the numbers that are not texted, each with the reason."""
    if not numbers or texts_anyway(organization):
        return {}
    # Who texted START came back, whatever the vendor said before.
    came_back = OrganizationContact.SubscribeStatus.SUBSCRIBED
    found = (
        OrganizationContact.objects.filter(
            Among("contact_number", numbers),
            organization=organization,
            status_code__in=_NEGATIVE,
        )
        .exclude(status_code=LookupStatus.UNSUBSCRIBED.value, subscribe_status=came_back)
        .values_list("contact_number", "status_code")
    )
    return {number: _NEGATIVE[code] for number, code in found if code is not None}
