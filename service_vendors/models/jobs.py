"""What orders that take a while have in common, whatever they ask of a vendor."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class Job(models.Model):
    """An order that is carried out in the background: over which vendor, and when."""

    service = models.CharField(max_length=50)
    # The caller's: an order that is repeated with the same one is the same order.
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
