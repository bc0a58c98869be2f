"""A contact always hears from the same number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from django.db.models import Exists, OuterRef

from service_vendors.managers.base import ServiceManager
from service_vendors.models import Message, Organization, OrganizationContact, OwnedPhoneNumber
from service_vendors.types import DeliveryReport, ReportStatus, ServiceManagerData


class Manager(ServiceManager):
    """Remembers with each contact's number from which of ours they were texted.

    It learns when a number is chosen, when a text was delivered and when the contact writes (as
    ``receiving`` notes in any case). A number that is no longer the organization's counts for
    nothing; then whoever picks numbers picks another, and that one is kept.
    """

    name = "sticky-sender"
    title = "Sticky sender"
    help = "Has each contact always hear from the same number."

    def on_messages_send(
        self, messages: Sequence[Message]
    ) -> Mapping[Message, ServiceManagerData | None]:
        """The number that each contact knows."""
        one, contacts = messages[0], {message.contact_number for message in messages}
        known = _known(one.organization, one.service, contacts)
        return {
            message: ServiceManagerData(user_number=known[message.contact_number])
            for message in messages
            if message.contact_number in known
        }

    def on_number_chosen(
        self, numbers: Mapping[Message, str]
    ) -> Mapping[Message, ServiceManagerData | None]:
        """Keep what was chosen for contacts who knew none; of two numbers for one, the first."""
        one = next(iter(numbers))
        contacts = {message.contact_number for message in numbers}
        known = _known(one.organization, one.service, contacts)
        new: dict[str, str] = {}
        for message, number in numbers.items():
            if message.contact_number not in known:
                new.setdefault(message.contact_number, number)
        _keep(one.organization, one.service, new)
        return {
            message: ServiceManagerData(user_number=new[message.contact_number])
            for message in numbers
            if message.contact_number in new
        }

    def on_delivery_report(self, message: Message, report: DeliveryReport) -> None:
        """A delivered text shows its number, to a contact who knew none."""
        if report.status is not ReportStatus.DELIVERED or not message.user_number:
            return
        organization, contact = message.organization, message.contact_number
        if not _known(organization, message.service, [contact]):
            _keep(organization, message.service, {contact: message.user_number})


def _known(organization: Organization, service: str, contacts: Collection[str]) -> dict[str, str]:
    """The number each contact knows, as long as it is the organization's own at this vendor."""
    still_ours = OwnedPhoneNumber.objects.filter(
        organization=organization, service=service, phone_number=OuterRef("user_number")
    )
    return dict(
        OrganizationContact.objects.filter(
            Exists(still_ours), organization=organization, contact_number__in=contacts
        ).values_list("contact_number", "user_number")
    )


def _keep(organization: Organization, service: str, numbers: Mapping[str, str]) -> None:
    """Remember the numbers, in the order in which others lock contacts, too."""
    OrganizationContact.objects.bulk_create(
        [
            OrganizationContact(
                organization=organization,
                contact_number=contact,
                user_number=number,
                service=service,
            )
            for contact, number in sorted(numbers.items())
        ],
        update_conflicts=True,
        unique_fields=("organization", "contact_number"),
        update_fields=("user_number", "service"),
    )
