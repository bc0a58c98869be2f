"""Setting accounts up at their vendors: what was asked for, and how far it is."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from service_vendors.models.organizations import Organization


class AccountSetup(models.Model):
    """One auto-configuration of an organization's account, from the button to its end.

    Whoever holds ``claim_token`` works on it. ``due_at`` is when the sweeper is to look: WAITING,
    to hand it over again; RUNNING, because the lease ends then. A failed one that is tried again
    is the same row.
    """

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "WAITING", "Waiting"
        RUNNING = "RUNNING", "Running"
        DONE = "DONE", "Done"
        FAILED = "FAILED", "Failed"

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="account_setups"
    )
    service = models.CharField(max_length=50)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    # The name as it was: the row outlives the account.
    started_by_name = models.CharField(max_length=200, blank=True)
    # Titles in the order they were told; ``step`` is the one at work, or the one that failed.
    steps_done = models.JSONField(default=list, blank=True)
    step = models.CharField(max_length=200, blank=True)
    steps_total = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "service"),
                condition=Q(state__in=("WAITING", "RUNNING")),
                name="sv_one_setup_at_a_time",
            ),
        )
        indexes = (
            models.Index(fields=("organization", "service", "-id"), name="sv_latest_setup"),
            models.Index(
                fields=("due_at",),
                condition=Q(state__in=("WAITING", "RUNNING")),
                name="sv_setups_to_sweep",
            ),
        )

    def __str__(self) -> str:
        return f"setup of {self.organization} at {self.service} ({self.get_state_display()})"

    @property
    def is_open(self) -> bool:
        """Whether it is still to end."""
        return self.state in {self.State.WAITING, self.State.RUNNING}
