"""The inbox: verified calls of vendors, stored before they are answered, applied afterwards."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from service_vendors.models.organizations import Organization


class WebhookEvent(models.Model):
    """One verified call of a vendor, raw. ``event_key`` tells a repeated delivery.

    A PENDING event may be claimed from ``due_at`` on; a claim moves ``due_at`` past its lease.
    """

    class Status(models.TextChoices):
        """How far an event is."""

        PENDING = "PENDING", "Waiting"
        APPLIED = "APPLIED", "Applied"
        SET_ASIDE = "SET_ASIDE", "Set aside"

    service = models.CharField(max_length=50)
    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="webhook_events",
        db_index=False,  # sv_events_of_an_address begins with it
    )
    event_key = models.CharField(max_length=64)
    address = models.CharField(max_length=100)
    method = models.CharField(max_length=10)
    url = models.TextField()
    query = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    received_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=9, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    applied_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("service", "event_key"), name="sv_one_row_a_webhook_event"
            ),
        )
        indexes = (
            models.Index(
                fields=("due_at",), condition=Q(status="PENDING"), name="sv_events_to_apply"
            ),
            models.Index(
                fields=("organization", "-id"),
                condition=Q(status="SET_ASIDE"),
                name="sv_events_set_aside",
            ),
            models.Index(
                fields=("applied_at",),
                condition=Q(status="APPLIED"),
                name="sv_events_applied",
            ),
            models.Index(fields=("organization", "address", "-id"), name="sv_events_of_an_address"),
        )

    def __str__(self) -> str:
        return f"{self.service} event {self.pk} ({self.get_status_display()})"
