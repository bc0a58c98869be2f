"""The lease of a job: one holder at a time works on it, and only the holder counts."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from service_vendors import conf
from service_vendors.models import LookupItem, LookupJob

logger = logging.getLogger(__name__)

LOST: Final = "The worker that asked stopped before the answer came. It may have been charged."


class LeaseLost(Exception):
    """Somebody else works on this job by now."""


def take(job_id: int) -> LookupJob | None:
    """Take a job that is due, unless somebody has it; what an earlier holder left is settled."""
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    with transaction.atomic():
        job = (
            LookupJob.objects.select_for_update(of=("self",))
            .select_related("organization")
            .filter(free, pk=job_id, status=LookupJob.Status.RUNNING, due_at__lte=now)
            .first()
        )
        if job is None:
            return None
        _settle_broken(job)
        job.claim_token = uuid4()
        job.lease_until = job.due_at = _end()
        job.save(update_fields=("in_doubt", "claim_token", "lease_until", "due_at"))
    return job


def renew(job: LookupJob) -> bool:
    """Keep a job; False when it is somebody else's by now, or is over."""
    until = _end()
    running = _held(job).filter(status=LookupJob.Status.RUNNING)
    return bool(running.update(lease_until=until, due_at=until))


@contextmanager
def holding(job: LookupJob) -> Iterator[None]:
    """A transaction in which nobody else can take the job. Raises LeaseLost."""
    with transaction.atomic():
        if not _held(job).select_for_update().exists():
            raise LeaseLost
        yield


def end(job: LookupJob, status: LookupJob.Status, reason: str = "") -> None:
    """Let a running job be done, or stop it until what stands in its way is mended."""
    finished = timezone.now() if status is LookupJob.Status.DONE else None
    _held(job).filter(status=LookupJob.Status.RUNNING).update(
        status=status, status_reason=reason, finished_at=finished, due_at=None
    )
    job.status = status


def give_back(job: LookupJob, pause_seconds: float) -> None:
    """Let others have the job; one that still runs is due again after a pause."""
    with transaction.atomic():
        due_at = timezone.now() + timedelta(seconds=pause_seconds)
        _held(job).filter(status=LookupJob.Status.RUNNING).update(due_at=due_at)
        _held(job).update(claim_token=None, lease_until=None)


def settle_abandoned(most: int) -> None:
    """Settle what holders left of jobs that are over, and that nobody takes any more."""
    gone = Q(claim_token__isnull=False, lease_until__lte=timezone.now())
    over = LookupJob.objects.filter(gone).exclude(status=LookupJob.Status.RUNNING)
    for job_id in list(over.values_list("pk", flat=True)[:most]):
        with transaction.atomic():
            job = LookupJob.objects.select_for_update().filter(gone, pk=job_id).first()
            if job is not None and job.status != LookupJob.Status.RUNNING:
                _settle_broken(job)
                job.claim_token = job.lease_until = None
                job.save(update_fields=("in_doubt", "claim_token", "lease_until"))


def _settle_broken(job: LookupJob) -> None:
    """Put what a holder that is gone was asking about into doubt; what was free, back in line."""
    asking = job.items.filter(state=LookupItem.State.ASKING)
    if job.is_free:
        asking.update(state=LookupItem.State.WAITING)
        return
    lost = asking.update(state=LookupItem.State.IN_DOUBT, reason=LOST)
    if lost:
        logger.warning("%d lookups of job %d are in doubt: their worker stopped.", lost, job.pk)
    job.in_doubt += lost


def _held(job: LookupJob) -> QuerySet[LookupJob]:
    return LookupJob.objects.filter(pk=job.pk, claim_token=job.claim_token)


def _end() -> datetime:
    return timezone.now() + timedelta(seconds=conf.seconds("LOOKUP_LEASE_SECONDS"))
