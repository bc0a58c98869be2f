"""Finding what fell through: jobs nobody works on, jobs nobody agreed to, claims that ran out."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from service_vendors.lookups import claims, knowledge, lease
from service_vendors.lookups.jobs import hand_over
from service_vendors.models import LookupItem, LookupJob

# A job nobody agreed to, and one whose numbers were never all read, are forgotten after this long.
FORGET_HOURS: Final = 24
ROUND: Final = 1_000


def sweep() -> None:
    """One round. Any number of sweepers may run at once."""
    now = timezone.now()
    due = LookupJob.objects.filter(status=LookupJob.Status.RUNNING, due_at__lte=now)
    for job_id in list(due.order_by("due_at").values_list("pk", flat=True)[:ROUND]):
        hand_over(job_id)
    lease.settle_abandoned(ROUND)
    LookupJob.objects.filter(
        status__in=(LookupJob.Status.PREPARING, LookupJob.Status.READY),
        created_at__lt=now - timedelta(hours=FORGET_HOURS),
    ).delete()
    # What a job found out is believed no longer than this. The job stays, for the books.
    old = LookupItem.objects.filter(job__finished_at__lt=knowledge.believed_since())
    LookupItem.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:ROUND])).delete()
    claims.delete_ended()
