"""Who may manage phone numbers here, and how many they may buy."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Case, F, IntegerField, Sum, When
from django.utils import timezone

from service_vendors import conf
from service_vendors.configuration import active_vendor, get_config
from service_vendors.exceptions import InventoryOff, NumbersRefused, UnknownVendor
from service_vendors.models import OPEN_STATES, NumberJob, Organization
from service_vendors.types import Feature
from service_vendors.vendors import registry

SWITCH: Final = "PHONE_INVENTORY"
# What the switch was called in the program that many organizations come from.
OLD_SWITCH: Final = "EXPERIMENTAL_PHONE_INVENTORY"


def is_on(organization: Organization) -> bool:
    """Whether the organization manages phone numbers here, and its vendor sells them."""
    try:
        service_of(organization)
    except InventoryOff:
        return False
    return True


def service_of(organization: Organization) -> str:
    """The vendor whose numbers are managed. Raises InventoryOff, which says what to set."""
    if not _is_switched_on(organization):
        raise InventoryOff(
            f"{organization} does not manage phone numbers here. Set {SWITCH}=on, in its features "
            "or in the environment."
        )
    try:
        service = active_vendor(organization).name
    except UnknownVendor as error:
        raise InventoryOff(str(error)) from error
    vendor_class = registry.vendor_class(service)
    if Feature.NUMBERS not in vendor_class.supports:
        raise InventoryOff(f"{vendor_class.title} does not sell phone numbers over its API.")
    return service


def most_a_job(organization: Organization) -> int:
    """The most numbers that one order buys."""
    return _whole("MAX_NUMBERS_PER_BUY_JOB", organization)


def left_this_month(organization: Organization) -> int:
    """How many numbers the organization may still buy this month; what is ordered counts."""
    now = timezone.now()
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    spoken_for = NumberJob.objects.filter(
        organization=organization, kind=NumberJob.Kind.BUY, created_at__gte=first
    ).aggregate(
        count=Sum(
            Case(
                When(state__in=OPEN_STATES, then=F("limit")),
                default=F("done"),
                output_field=IntegerField(),
            )
        )
    )["count"]
    return max(0, _whole("MAX_NUMBERS_PER_MONTH", organization) - (spoken_for or 0))


def check_purchase(organization: Organization, limit: int) -> None:
    """Raise NumbersRefused unless so many numbers may be bought now.

    Two orders at once must not both see the same room: call it with the organization locked.
    """
    most = most_a_job(organization)
    if not 1 <= limit <= most:
        raise NumbersRefused(f"One order buys 1 to {most} numbers; {limit} were asked for.")
    left = left_this_month(organization)
    if limit > left:
        raise NumbersRefused(
            f"{organization} may buy {left} more numbers this month; {limit} were asked for. "
            "MAX_NUMBERS_PER_MONTH sets the limit."
        )


def _whole(name: str, organization: Organization) -> int:
    return int(conf.convert(conf.SETTINGS[name], get_config(name, organization)))


def _is_switched_on(organization: Organization) -> bool:
    row = conf.SETTINGS[SWITCH]
    values: tuple[Any, ...] = (
        organization.feature(SWITCH),
        organization.feature(OLD_SWITCH),
        conf.environment(SWITCH),
        conf.environment(OLD_SWITCH),
    )
    said = next((value for value in values if value not in (None, "")), row.default)
    return bool(conf.convert(row, said))
