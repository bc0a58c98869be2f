"""Fills the demo's database. Running it again adds what is missing and changes nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.core.management.color import no_style
from django.db import connection, transaction

from service_vendors import configuration
from service_vendors.models import (
    Campaign,
    Contact,
    Membership,
    Organization,
    OrganizationContact,
    OwnedPhoneNumber,
    Role,
)
from service_vendors.types import LookupStatus, PurchasedNumber
from service_vendors.vendors import loop

ORGANIZATION_ID: Final = 1
ORGANIZATION: Final = "Neighbors United"
CAMPAIGN: Final = "Get out the vote"
PASSWORD: Final = "demo"  # noqa: S105 - printed when the demo starts
PEOPLE: Final = {"owner": Role.OWNER, "admin": Role.ADMIN, "texter": Role.TEXTER}
AREA_CODE: Final = "206"
NUMBERS: Final = 3

# 555-0100 to 555-0199 are nobody's. The stand-in says that one ending in 9 is a landline.
CONTACTS: Final = (
    ("Ada", "Lovelace", "+12125550101"),
    ("Grace", "Hopper", "+12125550102"),
    ("Katherine", "Johnson", "+12125550103"),
    ("Dorothy", "Vaughan", "+12125550104"),
    ("Mary", "Jackson", "+12125550109"),
)


def seed(service: str, account: Mapping[str, str]) -> Organization:
    """The demo's organization, complete: people, contacts, a vendor account and bought numbers.

    ``account`` holds settings for the vendor; those the organization has saved before are kept.
    Raises VendorError when the vendor cannot be reached.
    """
    with transaction.atomic():
        organization = _organization()
        people = {name: _person(organization, name, role) for name, role in PEOPLE.items()}
        _contacts(organization)
    plain, secret, _ = configuration.saved_fields(organization, service)
    missing = {name: value for name, value in account.items() if name not in {*plain, *secret}}
    configuration.save_vendor_config(organization, service, missing, actor=people["owner"])
    _numbers(organization, service)
    return organization


def _organization() -> Organization:
    organization, created = Organization.objects.get_or_create(
        pk=ORGANIZATION_ID, defaults={"name": ORGANIZATION}
    )
    if created:
        # Where ids come from a sequence, it does not know that this one is taken.
        with connection.cursor() as cursor:
            for sql in connection.ops.sequence_reset_sql(no_style(), [Organization]):
                cursor.execute(sql)
    return organization


def _person(organization: Organization, username: str, role: Role) -> Any:
    user, created = get_user_model().objects.get_or_create(username=username)
    if created:
        user.set_password(PASSWORD)
        user.save()
    Membership.objects.get_or_create(organization=organization, user=user, defaults={"role": role})
    return user


def _contacts(organization: Organization) -> None:
    campaign, _ = Campaign.objects.get_or_create(
        organization=organization, title=CAMPAIGN, defaults={"is_started": True}
    )
    for first_name, last_name, cell in CONTACTS:
        Contact.objects.get_or_create(
            campaign=campaign,
            cell=cell,
            defaults={"first_name": first_name, "last_name": last_name, "zip": "10001"},
        )
        landline = cell.endswith("9")
        status = LookupStatus.LANDLINE if landline else LookupStatus.TEXTABLE
        OrganizationContact.objects.get_or_create(
            organization=organization,
            contact_number=cell,
            defaults={"status_code": status.value},
        )


def _numbers(organization: Organization, service: str) -> None:
    """Have NUMBERS phone numbers: those the vendor says are ours already, and else bought ones."""
    vendor = configuration.vendor_of(organization, service)

    async def ours() -> list[PurchasedNumber]:
        numbers = [number async for number in vendor.list_owned_numbers()]
        if (lacking := NUMBERS - len(numbers)) > 0:
            bought = vendor.buy_numbers_in_area_code(AREA_CODE, lacking, "demo")
            numbers += [number async for number in bought]
        return numbers

    for number in loop.run(ours()):
        OwnedPhoneNumber.objects.get_or_create(
            service=service,
            phone_number=number.phone_number,
            defaults={
                "organization": organization,
                "area_code": number.phone_number.removeprefix("+1")[:3],
                "service_id": number.service_id,
                "messageservice_sid": number.messageservice_sid,
                "monthly_price": number.monthly_price,
            },
        )
