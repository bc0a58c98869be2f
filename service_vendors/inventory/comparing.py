"""What is here and not at the vendor, what is there and not here; and making both the same.

Purchases that never were written down are found by the reference that the vendor keeps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from service_vendors.configuration import vendor_of
from service_vendors.exceptions import VendorError
from service_vendors.inventory import records
from service_vendors.inventory.lease import Ended, Later, Lease, Step
from service_vendors.models import NumberIntent, NumberJob, Organization, OwnedPhoneNumber
from service_vendors.phone import area_code as area_code_of
from service_vendors.types import PurchasedNumber
from service_vendors.vendors.base import ServiceVendor

GONE: Final = "gone"
FOUND: Final = "found"
CHANGED: Final = "changed"
ELSEWHERE: Final = "elsewhere"
ADOPT_SHARED: Final = "adopt_shared"
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """Between our rows and the vendor's list.

    ``elsewhere`` counts numbers of the vendor's account that are not this organization's to take:
    another organization has them, or the account is the installation's.
    """

    gone: tuple[OwnedPhoneNumber, ...]
    found: tuple[PurchasedNumber, ...]
    changed: tuple[tuple[OwnedPhoneNumber, PurchasedNumber], ...]
    elsewhere: int
    intents: dict[str, NumberIntent]

    @property
    def is_empty(self) -> bool:
        """Whether nothing would have to change."""
        return not (self.gone or self.found or self.changed)

    def in_words(self) -> str:
        """The difference, in one sentence."""
        if self.is_empty:
            words = "Here and there are the same."
        else:
            parts = (
                (len(self.gone), "here but not there"),
                (len(self.found), "there but not here"),
                (len(self.changed), "different"),
            )
            words = ", ".join(f"{count} {where}" for count, where in parts if count) + "."
        if self.elsewhere:
            words += f" {self.elsewhere} in the vendor's account are not yours to take."
        return words


def work_comparison(job: NumberJob, lease: Lease) -> Step:
    """Compare, and keep what was found with the job. Raises LeaseLost."""
    if job.cancel_requested_at:
        return Ended(NumberJob.State.CANCELLED, "Cancelled before anything was compared.")
    try:
        found = _difference(job, lease)
    except VendorError as error:
        return Later(str(error))
    details = {
        GONE: [{"phone_number": row.phone_number, "use": _use(row)} for row in found.gone],
        FOUND: [
            {
                "phone_number": number.phone_number,
                "bought_here": number.reference in found.intents,
                "messageservice_sid": number.messageservice_sid,
            }
            for number in found.found
        ],
        CHANGED: [row.phone_number for row, _ in found.changed],
        ELSEWHERE: found.elsewhere,
    }
    lease.hold(details={**job.details, **details})
    return Ended(NumberJob.State.DONE, found.in_words())


def work_sync(job: NumberJob, lease: Lease) -> Step:
    """Apply a difference that somebody has seen, as far as it is still one. Raises LeaseLost."""
    if job.cancel_requested_at:
        return Ended(NumberJob.State.CANCELLED, "Cancelled before anything was changed.")
    try:
        now = _difference(job, lease)
    except VendorError as error:
        return Later(str(error))
    seen = {kind: set(job.details.get(kind, ())) for kind in (GONE, FOUND, CHANGED)}
    removed = _remove([r for r in now.gone if r.phone_number in seen[GONE]], lease)
    added = [
        number
        for number in now.found
        if number.phone_number in seen[FOUND] and _add(job, number, now.intents, lease)
    ]
    changed = [
        row
        for row, number in now.changed
        if row.phone_number in seen[CHANGED] and _change(row, number, lease)
    ]
    lease.hold(done=removed + len(added) + len(changed))
    words = f"Added {len(added)}, removed {removed}, updated {len(changed)}."
    return Ended(NumberJob.State.DONE, words)


def ending(job: NumberJob, why: str = "") -> Ended:
    """How a comparison ended that could not be made."""
    return Ended(NumberJob.State.FAILED, f"Nothing was changed: {why}")


def _difference(job: NumberJob, lease: Lease) -> Difference:
    """Ask the vendor for all it has, and hold it against our rows. Raises VendorError."""
    vendor = vendor_of(job.organization, job.service)
    begun = timezone.now()
    there = {number.service_id: number for number in lease.each(vendor.list_owned_numbers())}
    here = {
        row.service_id: row
        for row in OwnedPhoneNumber.objects.filter(
            organization_id=job.organization_id, service=job.service
        )
    }
    intents = _intents_of(there.values())
    mine, elsewhere = _ours_to_take(
        vendor, job, [n for id_, n in there.items() if id_ not in here], intents
    )
    changed = [
        (row, there[id_])
        for id_, row in here.items()
        if id_ in there and row.releasing_id is None and records.note_facts(row, there[id_])
    ]
    return Difference(
        gone=tuple(_surely_gone(job, begun, [r for id_, r in here.items() if id_ not in there])),
        found=tuple(mine),
        changed=tuple(changed),
        elsewhere=elsewhere,
        intents={
            reference: intent
            for reference, intent in intents.items()
            if intent.job.organization_id == job.organization_id
        },
    )


def _surely_gone(
    job: NumberJob, begun: datetime, rows: list[OwnedPhoneNumber]
) -> list[OwnedPhoneNumber]:
    """Those that were ours before we asked, and that no order is working on."""
    pending = set(
        NumberIntent.objects.filter(
            job__organization_id=job.organization_id, settled_at__isnull=True
        ).values_list("pk", flat=True)
    )
    return [
        row
        for row in rows
        if row.created_at < begun
        and row.releasing_id is None
        and row.bought_under_id not in pending
    ]


def _ours_to_take(
    vendor: ServiceVendor,
    job: NumberJob,
    unknown: list[PurchasedNumber],
    intents: dict[str, NumberIntent],
) -> tuple[list[PurchasedNumber], int]:
    """Of numbers that we have no row of: those that are this organization's, and how many are not.

    What was bought under one of its references is; else the account must be its own, or there
    must be nobody else.
    """
    taken = set(
        OwnedPhoneNumber.objects.filter(
            service=job.service, phone_number__in=[n.phone_number for n in unknown]
        )
        .exclude(organization_id=job.organization_id)
        .values_list("phone_number", flat=True)
    )
    takes_strays = (
        job.details.get(ADOPT_SHARED) is True
        or has_own_account(vendor)
        or not Organization.objects.exclude(pk=job.organization_id).exists()
    )
    mine, elsewhere = [], 0
    for number in unknown:
        intent = intents.get(number.reference)
        is_ours = intent.job.organization_id == job.organization_id if intent else takes_strays
        if not is_ours or number.phone_number in taken:
            elsewhere += 1
        elif intent is None or intent.settled_at is not None:
            mine.append(number)  # an order that is still open writes down its own
    return mine, elsewhere


def has_own_account(vendor: ServiceVendor) -> bool:
    """Whether the account is the organization's own and not the installation's."""
    says = {field.name for field in vendor.config_fields if field.destination}
    return bool((says or vendor.account.own_fields) & vendor.account.own_fields)


def _intents_of(numbers: Iterable[PurchasedNumber]) -> dict[str, NumberIntent]:
    references = sorted({number.reference for number in numbers if number.reference})
    found = {}
    for start in range(0, len(references), _BATCH):
        intents = NumberIntent.objects.filter(reference__in=references[start : start + _BATCH])
        found.update({str(one.reference): one for one in intents.select_related("job")})
    return found


def _remove(rows: list[OwnedPhoneNumber], lease: Lease) -> int:
    removed = 0
    for start in range(0, len(rows), _BATCH):
        batch = Q()
        for row in rows[start : start + _BATCH]:
            batch |= Q(pk=row.pk, service_id=row.service_id)
        with transaction.atomic():
            lease.hold()
            found = OwnedPhoneNumber.objects.filter(batch, releasing__isnull=True)
            removed += found.delete()[0]
    return removed


def _add(
    job: NumberJob, number: PurchasedNumber, intents: dict[str, NumberIntent], lease: Lease
) -> bool:
    if intent := intents.get(number.reference):
        return records.record_purchase(intent, number, None)
    row = OwnedPhoneNumber(
        organization_id=job.organization_id,
        service=job.service,
        phone_number=number.phone_number,
        area_code=area_code_of(number.phone_number),
        service_id=number.service_id,
    )
    records.note_facts(row, number)
    try:
        with transaction.atomic():
            lease.hold()
            _forget_former(row)
            row.save(force_insert=True)
    except IntegrityError:
        return False  # it was written down meanwhile, here or elsewhere
    return True


def _forget_former(row: OwnedPhoneNumber) -> None:
    """The same number under another id is gone: it was given back there and bought again."""
    OwnedPhoneNumber.objects.filter(
        organization_id=row.organization_id,
        service=row.service,
        phone_number=row.phone_number,
        releasing__isnull=True,
    ).exclude(service_id=row.service_id).delete()


def _change(row: OwnedPhoneNumber, number: PurchasedNumber, lease: Lease) -> bool:
    with transaction.atomic():
        lease.hold()
        fresh = (
            OwnedPhoneNumber.objects.select_for_update(of=("self",))
            .filter(pk=row.pk, service_id=row.service_id, releasing__isnull=True)
            .first()
        )
        if fresh is None or not records.note_facts(fresh, number):
            return False
        fresh.save()
    return True


def _use(row: OwnedPhoneNumber) -> str:
    """What a number serves, in our words, or ""."""
    if row.allocated_to == records.CAMPAIGN:
        return "a campaign"
    return "a messaging service" if row.messageservice_sid or row.allocated_at else ""
