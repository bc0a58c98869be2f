"""Giving numbers to a campaign or a messaging service, and taking them back.

Here first, at the vendor then: a number that may be in a pool is never free to be given back.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from service_vendors.configuration import vendor_of
from service_vendors.exceptions import NumbersRefused, PermanentVendorError, UnsupportedFeature
from service_vendors.inventory import records
from service_vendors.inventory.releasing import AVAILABLE, available
from service_vendors.models import Campaign, Organization, OwnedPhoneNumber
from service_vendors.vendors import loop


def allocate_to_campaign(
    campaign: Campaign, service: str, area_code: str, count: int
) -> list[OwnedPhoneNumber]:
    """Give a campaign so many free numbers of an area code: all of them or none.

    Raises NumbersRefused when there are fewer.
    """
    with transaction.atomic():
        rows = _free(campaign.organization, service, area_code, count)
        _allocate(rows, records.CAMPAIGN, str(campaign.pk))
    return rows


def take_from_campaign(campaign: Campaign) -> int:
    """Take a campaign's numbers back; how many those were. Those in a pool keep serving it."""
    return take_from(campaign.organization, str(campaign.pk))


def take_from(organization: Organization, campaign_id: str, service: str = "") -> int:
    """As ``take_from_campaign``, also of one that is gone; only a vendor's, when it is named."""
    with transaction.atomic():
        held = OwnedPhoneNumber.objects.select_for_update(of=("self",)).filter(
            organization=organization,
            allocated_to=records.CAMPAIGN,
            allocated_to_id=campaign_id,
        )
        if service:
            held = held.filter(service=service)
        ids = [row.pk for row in held if not row.messageservice_sid]
        OwnedPhoneNumber.objects.filter(pk__in=ids).update(
            allocated_to="", allocated_to_id="", allocated_at=None
        )
        for row in held:
            if row.messageservice_sid:
                row.allocated_to, row.allocated_to_id = records.POOL, row.messageservice_sid
                row.save(update_fields=("allocated_to", "allocated_to_id"))
    return len(held)


def put_into_pool(
    organization: Organization,
    service: str,
    messageservice_sid: str,
    numbers: Sequence[str],
    *,
    ask: Callable[[Coroutine[Any, Any, None]], None] = loop.run,
) -> list[OwnedPhoneNumber]:
    """Put free numbers (E.164) into a messaging service of the vendor.

    Repeating it is harmless. When it is unclear whether the vendor did it, the numbers stay
    allocated. ``ask`` waits for the vendor. Raises NumbersRefused when one of them is not free,
    and VendorError.
    """
    with transaction.atomic():
        ours = OwnedPhoneNumber.objects.select_for_update(of=("self",)).filter(
            organization=organization, service=service, phone_number__in=numbers
        )
        rows = {row.pk: row for row in ours}
        ready = OwnedPhoneNumber.objects.filter(AVAILABLE, pk__in=rows)
        free = set(ready.values_list("pk", flat=True))
        free |= {
            pk
            for pk, row in rows.items()
            if (row.allocated_to, row.allocated_to_id) == (records.POOL, messageservice_sid)
        }
        if len(free) != len(set(numbers)):
            raise NumbersRefused("Not all of these numbers are yours and free.")
        _allocate(list(rows.values()), records.POOL, messageservice_sid)
    vendor = vendor_of(organization, service)
    service_ids = [row.service_id for row in rows.values()]
    try:
        ask(vendor.add_numbers_to_messaging_service(messageservice_sid, service_ids))
    except (PermanentVendorError, UnsupportedFeature):
        OwnedPhoneNumber.objects.filter(
            pk__in=rows, allocated_to=records.POOL, messageservice_sid=""
        ).update(allocated_to="", allocated_to_id="", allocated_at=None)
        raise
    OwnedPhoneNumber.objects.filter(pk__in=rows).update(messageservice_sid=messageservice_sid)
    for row in rows.values():
        row.messageservice_sid = messageservice_sid
    return list(rows.values())


def empty_pool(
    organization: Organization,
    service: str,
    messageservice_sid: str,
    *,
    and_note: Callable[[int], None] = lambda freed: None,
) -> int:
    """Take every number out of a messaging service; how many of ours those were.

    ``and_note`` is told so in the same transaction. Raises VendorError; then nothing is free that
    was not before. A number that is put there meanwhile stays allocated.
    """
    held = OwnedPhoneNumber.objects.filter(organization=organization, service=service)
    there = Q(messageservice_sid=messageservice_sid) | Q(
        allocated_to=records.POOL, allocated_to_id=messageservice_sid
    )
    before = held.filter(there).values_list("pk", "service_id")
    ids = dict(before)
    vendor = vendor_of(organization, service)
    loop.run(vendor.clear_messaging_service_phones(messageservice_sid))
    with transaction.atomic():
        inside = held.select_for_update(of=("self",)).filter(there, pk__in=ids)
        rows = [row for row in inside if ids[row.pk] == row.service_id]
        for row in rows:
            row.messageservice_sid = ""
            if row.allocated_to == records.POOL:
                row.allocated_to, row.allocated_to_id, row.allocated_at = "", "", None
            row.save(
                update_fields=(
                    "messageservice_sid",
                    "allocated_to",
                    "allocated_to_id",
                    "allocated_at",
                )
            )
        and_note(len(rows))
    return len(rows)


def _free(
    organization: Organization, service: str, area_code: str, count: int
) -> list[OwnedPhoneNumber]:
    """So many free numbers, locked. Raises NumbersRefused."""
    wanted = available(organization, service).filter(area_code=area_code)
    ids = list(wanted.order_by("phone_number").values_list("pk", flat=True))
    locked = OwnedPhoneNumber.objects.select_for_update(of=("self",), skip_locked=True)
    # Of those that nobody else is locking now, and that are free still.
    rows = list(locked.filter(AVAILABLE, pk__in=ids).order_by("phone_number")[:count])
    if len(rows) < count:
        raise NumbersRefused(
            f"{organization} has {len(rows)} free numbers in {area_code}; {count} are needed."
        )
    return rows


def _allocate(rows: Sequence[OwnedPhoneNumber], to: str, to_id: str) -> None:
    now = timezone.now()
    for row in rows:
        row.allocated_to, row.allocated_to_id = to, to_id
        row.allocated_at = row.allocated_at or now
        row.save(update_fields=("allocated_to", "allocated_to_id", "allocated_at"))
