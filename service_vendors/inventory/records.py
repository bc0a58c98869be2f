"""The rows of phone numbers: what is bought is written here, what is given back is taken out."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from service_vendors.exceptions import SendUncertain, TransientVendorError
from service_vendors.inventory.lease import Later, Lease
from service_vendors.models import NumberIntent, NumberJob, OwnedPhoneNumber
from service_vendors.phone import area_code as area_code_of
from service_vendors.phone import mask
from service_vendors.types import PurchasedNumber

logger = logging.getLogger(__name__)

POOL: Final = "messaging_service"
CAMPAIGN: Final = "campaign"
CONFLICTS: Final = "conflicts"


def record_purchase(intent: NumberIntent, number: PurchasedNumber, lease: Lease | None) -> bool:
    """Write down a number that was bought under an intent; False when it was known already.

    It counts towards the order exactly once, however often the vendor tells of it.
    Raises LeaseLost.
    """
    try:
        return _record_purchase(intent, number, lease)
    except IntegrityError:  # somebody else wrote it down a moment ago
        return _record_purchase(intent, number, lease)


def _record_purchase(intent: NumberIntent, number: PurchasedNumber, lease: Lease | None) -> bool:
    job = intent.job
    with transaction.atomic():
        if lease is not None:
            lease.hold()
        row = (
            OwnedPhoneNumber.objects.select_for_update(of=("self",))
            .filter(service=job.service, phone_number=number.phone_number)
            .first()
        )
        if row is not None and row.organization_id != job.organization_id:
            if row.releasing_id is None:
                return _note_conflict(job, intent, number)
            row.delete()  # given back, and sold again before that was written down
            row = None
        if row is None:
            row = OwnedPhoneNumber(
                organization_id=job.organization_id,
                service=job.service,
                phone_number=number.phone_number,
                area_code=area_code_of(number.phone_number) or job.area_code,
                bought_by_id=job.actor_id,
            )
        elif row.service_id == number.service_id and row.bought_under_id == intent.pk:
            return False
        row.bought_under = intent
        row.releasing = None if row.service_id != number.service_id else row.releasing
        row.service_id = number.service_id
        note_facts(row, number)
        row.save()
        _count(job, intent)
    return True


def note_facts(row: OwnedPhoneNumber, number: PurchasedNumber) -> bool:
    """Bring an unsaved row up to what the vendor says; whether that changed anything.

    A number in a pool serves that pool: it is allocated, whoever put it there.
    """
    before = (row.messageservice_sid, row.monthly_price, row.allocated_to, row.allocated_to_id)
    row.messageservice_sid = number.messageservice_sid
    row.monthly_price = number.monthly_price if number.monthly_price is not None else before[1]
    if number.messageservice_sid:
        if row.allocated_to != CAMPAIGN:
            row.allocated_to, row.allocated_to_id = POOL, number.messageservice_sid
            row.allocated_at = row.allocated_at or timezone.now()
    elif row.allocated_to == POOL:
        row.allocated_to, row.allocated_to_id, row.allocated_at = "", "", None
    after = (row.messageservice_sid, row.monthly_price, row.allocated_to, row.allocated_to_id)
    return after != before


def record_release(intent: NumberIntent, lease: Lease) -> None:
    """The vendor took a number back: its row goes, and the intent is settled. Raises LeaseLost."""
    with transaction.atomic():
        lease.hold(done=F("done") + 1, attempts=0)
        OwnedPhoneNumber.objects.filter(
            releasing_id=intent.job_id,
            phone_number=intent.phone_number,
            service_id=intent.service_id,
        ).delete()
        _settle(intent, done=1)


def record_refusal(intent: NumberIntent, lease: Lease, words: str, *, failed: int = 1) -> None:
    """A number stays ours: it is free again, and the intent is settled. Raises LeaseLost."""
    with transaction.atomic():
        lease.hold(failed=F("failed") + failed)
        OwnedPhoneNumber.objects.filter(
            releasing_id=intent.job_id, phone_number=intent.phone_number
        ).update(releasing=None)
        _settle(intent, outcome=words)


def settle(intent: NumberIntent, lease: Lease, words: str = "") -> None:
    """It is known what became of an intent, and all of it is recorded. Raises LeaseLost."""
    with transaction.atomic():
        lease.hold()
        _settle(intent, outcome=words)


def doubt(intent: NumberIntent, lease: Lease, *, in_doubt: bool) -> None:
    """Note before a call that its outcome is unknown; or after one that surely nothing came of it.

    Raises LeaseLost.
    """
    with transaction.atomic():
        lease.hold()
        NumberIntent.objects.filter(pk=intent.pk).update(in_doubt=in_doubt)
    intent.in_doubt = in_doubt


def put_off(
    intent: NumberIntent,
    lease: Lease,
    error: SendUncertain | TransientVendorError,
    *,
    was_doubtful: bool,
) -> Later:
    """Note what a call that has to be repeated leaves in doubt. Raises LeaseLost."""
    if isinstance(error, SendUncertain):
        return Later(str(error), in_doubt=True)
    if not was_doubtful:
        doubt(intent, lease, in_doubt=False)
    return Later(str(error), was_doubtful, error.retry_after_seconds)


def _settle(intent: NumberIntent, **changes: Any) -> None:
    NumberIntent.objects.filter(pk=intent.pk).update(
        settled_at=timezone.now(), in_doubt=False, **changes
    )


def _count(job: NumberJob, intent: NumberIntent) -> None:
    NumberIntent.objects.filter(pk=intent.pk).update(done=F("done") + 1)
    NumberJob.objects.filter(pk=job.pk).update(done=F("done") + 1, attempts=0)


def _note_conflict(job: NumberJob, intent: NumberIntent, number: PurchasedNumber) -> bool:
    """A number that the vendor says is ours stands with another organization: it stays there.

    It was paid for, so it counts; an operator has to find out which of the two is right.
    """
    known = NumberJob.objects.values_list("details", flat=True).get(pk=job.pk)
    conflicts = known.get(CONFLICTS, [])
    if number.phone_number in conflicts:
        return False
    details = {**known, CONFLICTS: [*conflicts, number.phone_number]}
    NumberJob.objects.filter(pk=job.pk).update(details=details)
    _count(job, intent)
    logger.error(
        "%s was bought by organization %s and is recorded with another one.",
        mask(number.phone_number),
        job.organization_id,
    )
    return True
