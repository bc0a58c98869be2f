"""Lookups under way: who asks a vendor about which number, and jobs that ask about many."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from service_vendors.models.contacts import LOOKUP_STATUSES, Campaign
from service_vendors.models.jobs import Job
from service_vendors.models.organizations import Organization
from service_vendors.types import LookupDetail

LOOKUP_DETAILS = [
    (LookupDetail.STATUS.value, "Whether they can be texted"),
    (LookupDetail.CARRIER.value, "Whether they can be texted, and the carrier"),
    (LookupDetail.NAME.value, "Whether they can be texted, the carrier and the holder"),
]


class LookupGate(models.Model):
    """Before one vendor: how soon the next lookup may begin. Its row is the lock of claims."""

    service = models.CharField(max_length=50, unique=True)
    opens_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.service


class LookupClaim(models.Model):
    """A number that somebody is asking a vendor about; until ``until`` nobody else may ask.

    While ``is_asking`` the call is under way; afterwards the claim stays only where the answer was
    lost, so that what may have been paid for is not paid for again at once.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="lookup_claims"
    )
    contact_number = models.CharField(max_length=16)
    service = models.CharField(max_length=50)
    token = models.UUIDField()
    until = models.DateTimeField()
    is_asking = models.BooleanField(default=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "contact_number"), name="sv_one_lookup_of_a_number"
            ),
        )
        indexes = (
            models.Index(
                fields=("service", "until"),
                condition=Q(is_asking=True),
                name="sv_lookups_under_way",
            ),
        )

    def __str__(self) -> str:
        return self.contact_number


class LookupJob(Job):
    """A lookup of many numbers. ``lookups`` is its only writer.

    ``price`` is what one number costs, None where the vendor lists no price; ``agreed`` is how
    many numbers may be paid for.
    """

    class Source(models.TextChoices):
        """Where the numbers come from."""

        CAMPAIGN = "CAMPAIGN", "A campaign"
        FILE = "FILE", "A file"
        NUMBERS = "NUMBERS", "A list of numbers"
        CONTACTS = "CONTACTS", "All contacts"

    class Status(models.TextChoices):
        """How far it is."""

        PREPARING = "PREPARING", "Reading the numbers"
        READY = "READY", "Waiting for your word"
        RUNNING = "RUNNING", "Looking up"
        STOPPED = "STOPPED", "Stopped"
        CANCELLED = "CANCELLED", "Cancelled"
        DONE = "DONE", "Done"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="lookup_jobs"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="lookup_jobs",
    )
    source = models.CharField(max_length=10, choices=Source)
    campaign = models.ForeignKey(Campaign, on_delete=models.SET_NULL, null=True, blank=True)
    title = models.CharField(max_length=200)
    detail = models.PositiveSmallIntegerField(choices=LOOKUP_DETAILS)
    is_free = models.BooleanField()
    price = models.DecimalField(max_digits=10, decimal_places=5, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PREPARING)
    status_reason = models.TextField(blank=True)

    total = models.PositiveIntegerField(default=0)
    agreed = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    looked_up = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    in_doubt = models.PositiveIntegerField(default=0)
    found = models.JSONField(default=dict, blank=True)  # how many numbers of each status code

    # Who works on it, until when, and when the next turn is due.
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "idempotency_key"),
                condition=Q(idempotency_key__isnull=False),
                name="sv_one_lookup_an_idempotency_key",
            ),
        )
        indexes = (
            models.Index(fields=("organization", "-id"), name="sv_lookup_jobs"),
            models.Index(
                fields=("due_at",), condition=Q(status="RUNNING"), name="sv_lookups_to_sweep"
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} ({self.get_status_display()})"

    @property
    def done(self) -> int:
        """How many of its numbers need nothing any more."""
        return self.known + self.looked_up + self.failed + self.in_doubt

    @property
    def spent(self) -> Decimal | None:
        """What the answers cost so far, by the vendor's list price; None where it lists none."""
        return self.cost_of(self.looked_up)

    def cost_of(self, numbers: int) -> Decimal | None:
        """What so many numbers cost; None where the vendor lists no price."""
        if self.is_free:
            return Decimal(0)
        return None if self.price is None else self.price * numbers


class LookupItem(models.Model):
    """One number of a job, and what became of it."""

    class State(models.IntegerChoices):
        """From WAITING over ASKING to one of the others, which are final."""

        WAITING = 0, "Not asked yet"
        ASKING = 1, "Being asked"
        KNOWN = 2, "Known already"
        LOOKED_UP = 3, "Looked up"
        FAILED = 4, "Failed"
        IN_DOUBT = 5, "In doubt"

    job = models.ForeignKey(LookupJob, on_delete=models.CASCADE, related_name="items")
    contact_number = models.CharField(max_length=16)
    state = models.PositiveSmallIntegerField(choices=State, default=State.WAITING)
    status_code = models.IntegerField(choices=LOOKUP_STATUSES, null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("job", "contact_number"), name="sv_one_number_of_a_lookup_job"
            ),
        )
        indexes = (
            models.Index(
                fields=("job", "id"),
                condition=Q(state__in=(0, 1)),
                name="sv_numbers_to_look_up",
            ),
            models.Index(fields=("job", "-id"), name="sv_numbers_of_a_lookup_job"),
        )

    def __str__(self) -> str:
        return self.contact_number
