"""What was asked of a vendor about phone numbers, and how far it came."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from service_vendors.models.jobs import Job
from service_vendors.models.organizations import Organization
from service_vendors.references import new_reference


class NumberJob(Job):
    """One request to buy, release or compare numbers: who wants what, and what became of it.

    Only ``inventory`` writes here. ``lease_token`` is held by whoever works on it; from
    ``due_at`` on it may be taken (QUEUED), or its worker counts as dead (RUNNING).
    """

    class Kind(models.TextChoices):
        BUY = "BUY", "Buy"
        RELEASE = "RELEASE", "Release"
        COMPARE = "COMPARE", "Compare with the vendor"
        SYNC = "SYNC", "Sync with the vendor"

    class State(models.TextChoices):
        QUEUED = "QUEUED", "Waiting"
        RUNNING = "RUNNING", "Running"
        DONE = "DONE", "Done"
        PARTLY = "PARTLY", "Partly done"
        FAILED = "FAILED", "Failed"
        CANCELLED = "CANCELLED", "Cancelled"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="number_jobs"
    )
    reference = models.UUIDField(default=new_reference, unique=True, editable=False)
    kind = models.CharField(max_length=8, choices=Kind)
    area_code = models.CharField(max_length=8, blank=True)
    # How many are asked for, how many are done, how many were tried in vain.
    limit = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    # What was shown before the money was spent: the most that one number may cost a month.
    price_each = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)
    # Where bought numbers go, as service managers decided; and what a comparison found.
    messageservice_sid = models.CharField(max_length=255, blank=True)
    details = models.JSONField(default=dict, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    # The name as it was: the job outlives the account.
    actor_name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    # How it ended, in words; while it is open, why it takes longer.
    outcome = models.TextField(blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    due_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    dispatched_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "idempotency_key"),
                condition=Q(idempotency_key__isnull=False),
                name="sv_one_number_job_a_key",
            ),
            models.UniqueConstraint(
                fields=("organization", "service", "area_code"),
                condition=Q(kind="BUY", state="RUNNING"),
                name="sv_one_buyer_an_area_code",
            ),
        )
        indexes = (
            models.Index(
                fields=("state", "due_at"),
                condition=Q(state__in=("QUEUED", "RUNNING")),
                name="sv_number_jobs_to_sweep",
            ),
            models.Index(fields=("organization", "-id"), name="sv_number_jobs"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.limit} ({self.get_state_display()})"

    @property
    def is_open(self) -> bool:
        """Whether anything is still to happen."""
        return self.state in OPEN_STATES


OPEN_STATES = (NumberJob.State.QUEUED, NumberJob.State.RUNNING)


class NumberIntent(models.Model):
    """One thing that is about to be asked of the vendor, written before it is asked.

    A purchase is of ``quantity`` numbers under ``reference``, which the vendor keeps beside them;
    a release is of one number. ``in_doubt`` stands from right before the call until it is known
    what became of it; without it, surely nothing happened that is not recorded.
    """

    job = models.ForeignKey(NumberJob, on_delete=models.CASCADE, related_name="intents")
    reference = models.CharField(max_length=64, unique=True, null=True, blank=True)
    quantity = models.PositiveIntegerField(default=1)
    done = models.PositiveIntegerField(default=0)
    phone_number = models.CharField(max_length=16, blank=True)
    service_id = models.CharField(max_length=255, blank=True)
    in_doubt = models.BooleanField(default=False)
    settled_at = models.DateTimeField(null=True, blank=True)
    outcome = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(
                fields=("job", "id"),
                condition=Q(settled_at__isnull=True),
                name="sv_open_intents",
            ),
        )

    def __str__(self) -> str:
        return self.reference or self.phone_number
