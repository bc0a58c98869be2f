"""What numbers are in use for, and taking them out of that use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Q

from service_vendors.configuration import record, vendor_of
from service_vendors.exceptions import NumbersRefused, VendorError
from service_vendors.inventory import allocation, records
from service_vendors.inventory.comparing import has_own_account
from service_vendors.models import Campaign, Organization, OwnedPhoneNumber

ACTION: Final = "numbers taken out of use"
_IN_A_POOL: Final = (Q(allocated_to=records.POOL) & ~Q(allocated_to_id="")) | ~Q(
    messageservice_sid=""
)


@dataclass(frozen=True, slots=True)
class NumberUse:
    """A campaign or a messaging service, and how many of the organization's numbers it has."""

    kind: str
    id: str
    title: str
    count: int

    @property
    def is_pool(self) -> bool:
        """Whether it is a messaging service of the vendor."""
        return self.kind == records.POOL


def uses(organization: Organization, service: str) -> list[NumberUse]:
    """Everything that has numbers: messaging services first, then campaigns."""
    rows = (
        OwnedPhoneNumber.objects.filter(
            _IN_A_POOL | Q(allocated_to=records.CAMPAIGN),
            organization=organization,
            service=service,
        )
        .values_list("messageservice_sid", "allocated_to", "allocated_to_id")
        .annotate(count=Count("pk"))
    )
    pools, campaigns = Counter[str](), Counter[str]()
    for sid, used_by, used_by_id, count in rows:
        if used_by == records.CAMPAIGN:
            campaigns[used_by_id] += count
        if sid or used_by == records.POOL:
            pools[sid or used_by_id] += count
    titles = _titles(organization, campaigns)
    return [
        *(NumberUse(records.POOL, sid, sid, count) for sid, count in sorted(pools.items())),
        *(
            NumberUse(records.CAMPAIGN, pk, titles.get(pk, "a campaign that is gone"), count)
            for pk, count in sorted(campaigns.items())
        ),
    ]


def use_of(organization: Organization, service: str, kind: str, id: str) -> NumberUse:  # noqa: A002
    """One of them. Raises NumbersRefused when it has no numbers of the organization's."""
    for use in uses(organization, service):
        if (use.kind, use.id) == (kind, id):
            return use
    raise NumbersRefused("None of your numbers is in use there.")


def take_out_of_use(
    organization: Organization, service: str, use: NumberUse, *, actor: AbstractBaseUser | None
) -> int:
    """Take all numbers from a messaging service or a campaign; how many of ours those were.

    Raises NumbersRefused when others need the messaging service, and VendorError: then nothing
    is free here that was not before, and it can be tried again.
    """
    if not use.is_pool:
        with transaction.atomic():
            taken = allocation.take_from(organization, use.id, service)
            _note(organization, service, actor, f"Took {taken} numbers from {use.title}.")
        return taken
    _insist_that_nobody_else_needs(organization, service, use.id)

    def note(freed: int) -> None:
        _note(organization, service, actor, f"Took {freed} numbers out of {use.title}.")

    try:
        return allocation.empty_pool(organization, service, use.id, and_note=note)
    except VendorError as error:
        words = f"Tried to take the numbers out of {use.title}; some may be out. {error}"
        _note(organization, service, actor, words)
        raise


def _insist_that_nobody_else_needs(organization: Organization, service: str, sid: str) -> None:
    """A messaging service is emptied as a whole. Raises NumbersRefused when others text by it."""
    others = Organization.objects.exclude(pk=organization.pk)
    theirs = OwnedPhoneNumber.objects.filter(
        Q(messageservice_sid=sid) | Q(allocated_to=records.POOL, allocated_to_id=sid),
        organization__in=others,
        service=service,
    )
    vendor = vendor_of(organization, service)
    shared = not has_own_account(vendor) and vendor.get_message_service_sid("", "") == sid
    if theirs.exists() or (shared and others.exists()):
        raise NumbersRefused(
            "Other organizations text through this messaging service, too. Ask the operators of "
            "this installation to take your numbers out of it."
        )


def _note(
    organization: Organization, service: str, actor: AbstractBaseUser | None, words: str
) -> None:
    record(organization, actor, ACTION, words[:500], service=service)


def _titles(organization: Organization, ids: Iterable[str]) -> dict[str, str]:
    known = Campaign.objects.filter(
        organization=organization, pk__in=[one for one in ids if one.isdecimal()]
    )
    return {str(pk): title for pk, title in known.values_list("pk", "title")}
