"""Giving numbers back: claimed in the database first, asked of the vendor then, recorded last.

Only a number that serves nothing is ever claimed, and a claimed one can be given to nothing.
"""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from service_vendors.configuration import vendor_of
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorError,
)
from service_vendors.inventory import records
from service_vendors.inventory.lease import Ended, Later, Lease, MoreToDo, Step
from service_vendors.models import (
    Message,
    NumberIntent,
    NumberJob,
    Organization,
    OwnedPhoneNumber,
)
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor

CLAIMED: Final = "claimed"
NUMBERS: Final = "numbers"

# What may be given back: allocated to nothing, in no pool, and its purchase is settled.
AVAILABLE: Final = (
    Q(allocated_at__isnull=True, messageservice_sid="", releasing__isnull=True)
    & Q(allocated_to="")
    & (Q(bought_under__isnull=True) | Q(bought_under__settled_at__isnull=False))
)


def available(organization: Organization, service: str) -> QuerySet[OwnedPhoneNumber]:
    """The organization's numbers that serve nothing and may be given back."""
    return OwnedPhoneNumber.objects.filter(AVAILABLE, organization=organization, service=service)


def owned(
    organization: Organization,
    service: str,
    *,
    area_code: str = "",
    is_available: bool | None = None,
) -> QuerySet[OwnedPhoneNumber]:
    """The organization's numbers: all of them, or those that are (not) ``available``."""
    numbers = OwnedPhoneNumber.objects.filter(organization=organization, service=service)
    if area_code:
        numbers = numbers.filter(area_code=area_code)
    if is_available is not None:
        free = available(organization, service).values("pk")
        numbers = numbers.filter(pk__in=free) if is_available else numbers.exclude(pk__in=free)
    return numbers


def work(job: NumberJob, lease: Lease) -> Step:
    """One turn of a release. Raises LeaseLost."""
    vendor = vendor_of(job.organization, job.service)
    if CLAIMED not in job.details and not job.cancel_requested_at:
        try:
            _note_pools(vendor, job, lease)
        except VendorError as error:
            return Later(str(error))
        _claim(job, lease)
    while intent := job.intents.filter(settled_at__isnull=True).first():
        job.refresh_from_db(fields=("cancel_requested_at",))
        if lease.is_turn_over:
            return MoreToDo()
        if step := _release(vendor, job, intent, lease):
            return step
    return ending(job)


def ending(job: NumberJob, why: str = "") -> Ended:
    """How a release ended, in words; ``why`` is why it stopped short."""
    job.refresh_from_db(fields=("done", "failed", "cancel_requested_at", "details"))
    state, where = NumberJob.State, f" in {job.area_code}" if job.area_code else ""
    if job.done >= job.limit:
        return Ended(state.DONE, f"Released {job.done}{where}.")
    words = f"Released {job.done} of {job.limit}{where}"
    if job.cancel_requested_at and not why:
        return Ended(state.CANCELLED, f"{words}, then it was cancelled.")
    refused = (
        job.intents.exclude(outcome="").order_by("id").values_list("outcome", flat=True).first()
    )
    why = why or refused or "no more of them are free."
    return Ended(state.PARTLY if job.done else state.FAILED, f"{words}: {why}")


def give_up(job: NumberJob, lease: Lease, why: str) -> None:
    """Let go of the numbers that were claimed and never asked for. Raises LeaseLost."""
    for intent in job.intents.filter(settled_at__isnull=True, in_doubt=False):
        records.record_refusal(intent, lease, why)


def _note_pools(vendor: ServiceVendor, job: NumberJob, lease: Lease) -> None:
    """Learn which of our numbers serve a pool at the vendor, whoever put them there."""
    for number in lease.each(vendor.list_owned_numbers()):
        if not number.messageservice_sid:
            continue
        with transaction.atomic():
            row = (
                OwnedPhoneNumber.objects.select_for_update(of=("self",))
                .filter(
                    organization_id=job.organization_id,
                    service=job.service,
                    service_id=number.service_id,
                    messageservice_sid="",
                    releasing__isnull=True,
                )
                .first()
            )
            if row is not None:
                records.note_facts(row, number)
                row.save()


def _claim(job: NumberJob, lease: Lease) -> None:
    """Claim what is to be given back; numbers nobody ever texted from go first."""
    wanted = available(job.organization, job.service)
    if job.details.get(NUMBERS):
        wanted = wanted.filter(phone_number__in=job.details[NUMBERS])
    else:
        wanted = wanted.filter(area_code=job.area_code)
    used = Message.objects.filter(
        organization_id=job.organization_id,
        user_number=OuterRef("phone_number"),
        is_from_contact=False,
    )
    first = wanted.annotate(used=Exists(used)).order_by("used", "phone_number")
    with transaction.atomic():
        ids = list(first.values_list("pk", flat=True)[: job.limit])
        # They may have been allocated since: what is locked is looked at again.
        rows = list(
            OwnedPhoneNumber.objects.select_for_update(of=("self",)).filter(AVAILABLE, pk__in=ids)
        )
        OwnedPhoneNumber.objects.filter(pk__in=[row.pk for row in rows]).update(releasing=job)
        NumberIntent.objects.bulk_create(
            NumberIntent(job=job, phone_number=row.phone_number, service_id=row.service_id)
            for row in sorted(rows, key=lambda row: ids.index(row.pk))
        )
        job.details = {**job.details, CLAIMED: len(rows)}
        lease.hold(details=job.details)


def _release(
    vendor: ServiceVendor, job: NumberJob, intent: NumberIntent, lease: Lease
) -> Step | None:
    """Give one number back; a step when that is where this turn ends."""
    was_doubtful = intent.in_doubt
    if job.cancel_requested_at and not was_doubtful:
        records.record_refusal(intent, lease, "", failed=0)
        return None
    try:
        if job.cancel_requested_at:
            _settle_by_listing(vendor, intent, lease)
            return None
        records.doubt(intent, lease, in_doubt=True)
        lease.run(vendor.release_number(intent.service_id))
    except (SendUncertain, TransientVendorError) as error:
        return records.put_off(intent, lease, error, was_doubtful=was_doubtful)
    except PermanentVendorError as error:
        records.record_refusal(intent, lease, _refused(job, error))
        return None
    except VendorError as error:  # not configured, for one: it holds for all of them
        if was_doubtful:
            return Later(str(error), in_doubt=True)
        records.record_refusal(intent, lease, str(error))
        give_up(job, lease, str(error))
        return None
    records.record_release(intent, lease)
    return None


def _settle_by_listing(vendor: ServiceVendor, intent: NumberIntent, lease: Lease) -> None:
    """A release that may have happened and is not wanted any more: does the vendor still have it?

    Raises VendorError when the vendor cannot be asked.
    """
    ours = {number.service_id for number in lease.each(vendor.list_owned_numbers())}
    if intent.service_id in ours:
        records.record_refusal(intent, lease, "", failed=0)
    else:
        records.record_release(intent, lease)


def _refused(job: NumberJob, error: VendorError) -> str:
    title = registry.vendor_class(job.service).title
    return f"{title} did not take a number back. {error}".strip()
