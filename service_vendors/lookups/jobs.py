"""Jobs that look up many numbers: prepared, agreed to, begun, cancelled, gone on with.

Nothing is asked before somebody has agreed to what it costs. ``running`` does the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import IO, Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from service_vendors import broker, conf
from service_vendors.configuration import get_config, record
from service_vendors.exceptions import LookupRefused, LookupTooDear
from service_vendors.lookups import knowledge
from service_vendors.lookups.money import in_words
from service_vendors.lookups.numbers_file import numbers_in
from service_vendors.lookups.offers import Offer, offer_for
from service_vendors.models import (
    Campaign,
    Contact,
    LookupItem,
    LookupJob,
    Organization,
    OrganizationContact,
)
from service_vendors.types import LookupDetail

INSERT_BATCH: Final = 2_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job would ask and cost now; ``cost`` is None where the vendor lists no price."""

    total: int
    known: int
    cost: Decimal | None

    @property
    def to_ask(self) -> int:
        """How many numbers the vendor would be asked about."""
        return self.total - self.known


def prepare(
    organization: Organization,
    numbers: Iterable[str],
    *,
    source: LookupJob.Source,
    title: str,
    detail: LookupDetail,
    actor: AbstractBaseUser | None,
    campaign: Campaign | None = None,
    idempotency_key: str | None = None,
) -> LookupJob:
    """A job for these numbers (E.164), each once, that waits for somebody to agree to its cost.

    The numbers are read as they are written down: of a million, a few thousand are in memory. A
    repeated ``idempotency_key`` returns the job of the first call.

    Raises UnknownVendor, UnsupportedFeature, and LookupRefused when there are no numbers or too
    many; then nothing is kept.
    """
    if idempotency_key is not None and (first := of_key(organization, idempotency_key)):
        return first
    offer = offer_for(organization, detail)
    job = LookupJob(
        organization=organization,
        created_by_id=actor.pk if actor else None,
        source=source,
        campaign=campaign,
        title=title[:200],
        service=offer.vendor_class.name,
        detail=detail.value,
        is_free=offer.is_free,
        price=offer.price,
        currency=offer.currency,
        idempotency_key=idempotency_key,
    )
    try:
        with transaction.atomic():
            job.save()
    except IntegrityError:
        if idempotency_key is None or not (first := of_key(organization, idempotency_key)):
            raise
        return first
    try:
        _write_down(job, numbers)
    except BaseException:
        job.delete()
        raise
    job.status = LookupJob.Status.READY
    job.total = job.items.count()
    job.save(update_fields=("status", "total"))
    return job


def prepare_campaign(
    campaign: Campaign,
    *,
    detail: LookupDetail,
    actor: AbstractBaseUser | None,
    idempotency_key: str | None = None,
) -> LookupJob:
    """A job for everyone in a campaign. Raises as ``prepare``."""
    return prepare(
        campaign.organization,
        cells(Contact.objects.filter(campaign=campaign)),
        source=LookupJob.Source.CAMPAIGN,
        title=campaign.title,
        detail=detail,
        actor=actor,
        campaign=campaign,
        idempotency_key=idempotency_key,
    )


def prepare_file(
    organization: Organization,
    file: IO[bytes],
    *,
    name: str,
    detail: LookupDetail,
    actor: AbstractBaseUser | None,
) -> LookupJob:
    """A job for the numbers of a CSV file. Raises as ``prepare``, and BadNumbersFile."""
    country = str(get_config("PHONE_NUMBER_COUNTRY", organization))
    with numbers_in(file, country) as numbers:
        return prepare(
            organization,
            numbers,
            source=LookupJob.Source.FILE,
            title=name,
            detail=detail,
            actor=actor,
        )


def prepare_contacts(
    organization: Organization, *, detail: LookupDetail, actor: AbstractBaseUser | None
) -> LookupJob:
    """A job for every number of an organization's campaigns and contacts. Raises as ``prepare``."""

    def numbers() -> Iterator[str]:
        yield from cells(Contact.objects.filter(campaign__organization=organization))
        known = OrganizationContact.objects.filter(organization=organization)
        yield from known.values_list("contact_number", flat=True).iterator(INSERT_BATCH)

    return prepare(
        organization,
        numbers(),
        source=LookupJob.Source.CONTACTS,
        title="All contacts",
        detail=detail,
        actor=actor,
    )


def cells(contacts: QuerySet[Contact]) -> Iterator[str]:
    """The numbers of contacts, a batch of them in memory."""
    return contacts.values_list("cell", flat=True).iterator(INSERT_BATCH)


def of_key(organization: Organization, idempotency_key: str) -> LookupJob | None:
    """The job that used this key first."""
    return LookupJob.objects.filter(
        organization=organization, idempotency_key=idempotency_key
    ).first()


def estimate(job: LookupJob) -> Estimate:
    """What a job would ask and cost if it began now."""
    known = (
        job.items.filter(
            state=LookupItem.State.WAITING,
            contact_number__in=knowledge.fresh_numbers(job.organization, LookupDetail(job.detail)),
        ).count()
        if job.status == LookupJob.Status.READY
        else 0
    )
    return Estimate(job.total, known, job.cost_of(job.total - known))


def start(
    job: LookupJob, *, actor: AbstractBaseUser | None, most_cost: Decimal | None = None
) -> LookupJob:
    """Begin a job that was agreed to; pressing twice begins it once.

    ``most_cost`` is what was agreed to: a job that may cost more is refused. Without it the job
    must be free, or its vendor list no price. Raises LookupTooDear, LookupRefused.
    """
    with transaction.atomic():
        locked = LookupJob.objects.select_for_update().get(pk=job.pk)
        if locked.status == LookupJob.Status.RUNNING:
            return locked
        if locked.status != LookupJob.Status.READY:
            raise LookupRefused(f"This lookup cannot begin: {locked.get_status_display()}.")
        _refuse_changed_price(locked)
        planned = estimate(locked)
        if planned.cost and (most_cost is None or planned.cost > most_cost):
            raise LookupTooDear(
                f"This lookup may cost {in_words(planned.cost, locked.currency)}, and nobody has "
                "agreed to that yet."
            )
        locked.agreed = planned.to_ask
        locked.started_at = timezone.now()
        _set_running(locked, ("agreed", "started_at"))
        cost = in_words(planned.cost, locked.currency)
        record(
            locked.organization,
            actor,
            "lookup started",
            f"Began to look up {planned.to_ask} numbers of {locked.title}: {cost}, at most.",
            service=locked.service,
        )
    return locked


def resume(job: LookupJob, *, actor: AbstractBaseUser | None) -> LookupJob:
    """Go on with a job that stopped. Raises LookupRefused."""
    with transaction.atomic():
        locked = LookupJob.objects.select_for_update().get(pk=job.pk)
        if locked.status == LookupJob.Status.RUNNING:
            return locked
        if locked.status != LookupJob.Status.STOPPED:
            raise LookupRefused(f"This lookup cannot go on: {locked.get_status_display()}.")
        _set_running(locked, ())
        record(
            locked.organization,
            actor,
            "lookup resumed",
            f"Went on to look up {locked.title}.",
            service=locked.service,
        )
    return locked


def stop(job: LookupJob, reason: str) -> None:
    """Let a running job wait until somebody goes on with it."""
    LookupJob.objects.filter(pk=job.pk, status=LookupJob.Status.RUNNING).update(
        status=LookupJob.Status.STOPPED, status_reason=reason, due_at=None
    )


def cancel(job: LookupJob, *, actor: AbstractBaseUser | None) -> LookupJob:
    """End a job; what was asked stays known. One that is over already stays as it is."""
    over = {LookupJob.Status.DONE, LookupJob.Status.CANCELLED}
    with transaction.atomic():
        locked = LookupJob.objects.select_for_update().get(pk=job.pk)
        if locked.status in over:
            return locked
        if locked.started_at is None:
            locked.delete()  # nothing was asked, so there is nothing to keep
            return locked
        locked.status = LookupJob.Status.CANCELLED
        locked.status_reason = ""
        locked.finished_at = timezone.now()
        locked.due_at = None
        locked.save(update_fields=("status", "status_reason", "finished_at", "due_at"))
        record(
            locked.organization,
            actor,
            "lookup cancelled",
            f"Cancelled the lookup of {locked.title} after {locked.done} of {locked.total}.",
            service=locked.service,
        )
    return locked


def hand_over(job_id: int) -> None:
    """Give a job's next turn to the workers, or leave it to the sweeper."""
    broker.hand_over("look_up_numbers", [job_id], batch_size=1)


def offer_of(job: LookupJob) -> Offer:
    """How the job's vendor would be asked now. Raises UnknownVendor, UnsupportedFeature."""
    return offer_for(job.organization, LookupDetail(job.detail), job.service)


def _set_running(job: LookupJob, also: tuple[str, ...]) -> None:
    job.status, job.status_reason, job.failures = LookupJob.Status.RUNNING, "", 0
    job.due_at = timezone.now()
    job.save(update_fields=("status", "status_reason", "failures", "due_at", *also))
    transaction.on_commit(lambda: hand_over(job.pk), robust=True)


def _refuse_changed_price(job: LookupJob) -> None:
    offer = offer_of(job)
    if (offer.is_free, offer.price) != (job.is_free, job.price):
        raise LookupTooDear("The vendor’s price has changed since. Prepare this lookup again.")


def _write_down(job: LookupJob, numbers: Iterable[str]) -> None:
    """Keep the numbers, each once. Raises LookupRefused when there are none, or too many."""
    most, read, waiting = conf.whole("LOOKUP_MOST_NUMBERS"), 0, iter(numbers)
    while batch := list(islice(waiting, INSERT_BATCH)):
        read += len(batch)
        if read > most and job.items.count() + len(batch) > most:
            raise LookupRefused(
                f"One lookup takes {most:,} numbers at most. Divide this into several."
            )
        LookupItem.objects.bulk_create(
            [LookupItem(job=job, contact_number=number) for number in batch],
            ignore_conflicts=True,
        )
    if not read:
        raise LookupRefused("There are no numbers in it. Choose something else to look up.")
