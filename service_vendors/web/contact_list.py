"""Which contacts the Contacts page lists: a page of numbers at a time, however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from service_vendors import optouts
from service_vendors.models import Campaign, Contact, OptOut, Organization, OrganizationContact
from service_vendors.types import LookupStatus
from service_vendors.web.conversations import names
from service_vendors.web.searching import Search

PAGE: Final = 50
MOST_COUNTED: Final = 10_000
MOST_CAMPAIGNS: Final = 200


class Known(StrEnum):
    """What the list can be narrowed to; the value stands in the address."""

    ALL = ""
    TEXTABLE = "textable"
    LANDLINE = "landline"
    INVALID = "not-working"
    FOREIGN = "abroad"
    UNSUBSCRIBED = "unsubscribed"
    NOTHING = "not-looked-up"
    OPTED_OUT = "opted-out"

    @property
    def label(self) -> str:
        """What the page calls it."""
        return _LABELS.get(self, self.value.replace("-", " ").capitalize())


_LABELS: Final = {Known.ALL: "Everyone", Known.FOREIGN: "Outside the country"}
_STATUS: Final = {
    Known.TEXTABLE: LookupStatus.TEXTABLE.value,
    Known.LANDLINE: LookupStatus.LANDLINE.value,
    Known.INVALID: LookupStatus.INVALID.value,
    Known.FOREIGN: LookupStatus.FOREIGN.value,
    Known.UNSUBSCRIBED: LookupStatus.UNSUBSCRIBED.value,
    Known.NOTHING: None,
}


@dataclass(frozen=True, slots=True)
class ContactLine:
    """One line of the list. The contact is not saved while nothing is known of the number."""

    contact: OrganizationContact
    name: str
    opted_out: bool


@dataclass(frozen=True, slots=True)
class ContactPage:
    """A page of contacts by number; ``next_after`` begins the next one, "" for none.

    ``count`` is how many there are, up to MOST_COUNTED and one; None on later pages.
    """

    lines: list[ContactLine]
    next_after: str
    count: int | None

    @property
    def counts_all(self) -> bool:
        """Whether ``count`` is all there are."""
        return self.count is not None and self.count <= MOST_COUNTED


def contact_page(
    organization: Organization,
    *,
    known: Known = Known.ALL,
    campaign: Campaign | None = None,
    search: Search | None = None,
    after: str = "",
) -> ContactPage:
    """The contacts whose numbers come after ``after``, narrowed."""
    rows: QuerySet[Any]
    if campaign is not None:
        rows, number = _in_campaign(organization, campaign, known), "cell"
    elif known is Known.OPTED_OUT:
        # From the few to the many: the other way round, every contact would be looked at.
        stopped = OptOut.objects.filter(organization=organization, ended_at__isnull=True)
        rows, number = stopped, "cell"
    else:
        rows, number = _in_all(organization, known), "contact_number"
    if search:
        rows = search.narrow(rows, number)
    rows = rows.order_by(number)
    later = rows.filter(**{f"{number}__gt": after}) if after else rows
    found = list(later.values_list(number, flat=True)[: PAGE + 1])
    page = found[:PAGE]
    return ContactPage(
        lines=_lines(organization, page),
        next_after=page[-1] if len(found) > PAGE else "",
        count=None if after else rows[: MOST_COUNTED + 1].count(),
    )


def contact_line(organization: Organization, number: str) -> ContactLine:
    """What is known of one number."""
    return _lines(organization, [number])[0]


def campaigns(organization: Organization) -> list[Campaign]:
    """The newest campaigns, to choose from."""
    return list(Campaign.objects.filter(organization=organization)[:MOST_CAMPAIGNS])


def _in_all(organization: Organization, known: Known) -> QuerySet[OrganizationContact]:
    """Every number the organization knows something of."""
    contacts = OrganizationContact.objects.filter(organization=organization)
    return contacts.filter(_with_status(known)) if known in _STATUS else contacts


def _in_campaign(organization: Organization, campaign: Campaign, known: Known) -> QuerySet[Contact]:
    """Everyone in a campaign, whether or not anything is known of the number."""
    contacts = Contact.objects.filter(campaign=campaign)
    of_contact = OrganizationContact.objects.filter(
        organization=organization, contact_number=OuterRef("cell")
    )
    if known is Known.OPTED_OUT:
        stopped = OptOut.objects.filter(
            organization=organization, cell=OuterRef("cell"), ended_at__isnull=True
        )
        contacts = contacts.filter(Exists(stopped))
    elif known is Known.NOTHING:
        contacts = contacts.filter(~Exists(of_contact.filter(status_code__isnull=False)))
    elif known in _STATUS:
        contacts = contacts.filter(Exists(of_contact.filter(_with_status(known))))
    return contacts


def _with_status(known: Known) -> Q:
    status_code = _STATUS[known]
    return Q(status_code__isnull=True) if status_code is None else Q(status_code=status_code)


def _lines(organization: Organization, numbers: list[str]) -> list[ContactLine]:
    contacts = {
        contact.contact_number: contact
        for contact in OrganizationContact.objects.filter(
            organization=organization, contact_number__in=numbers
        )
    }
    named, stopped = names(organization, numbers), optouts.opted_out(organization, numbers)
    return [
        ContactLine(
            contact=contact,
            name=named.get(number) or contact.lookup_name,
            opted_out=number in stopped,
        )
        for number in numbers
        for contact in [
            contacts.get(number)
            or OrganizationContact(organization=organization, contact_number=number)
        ]
    ]
