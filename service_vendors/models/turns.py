"""Whose turn it is: one ticket of each organization goes round in the queue of bulks."""

from __future__ import annotations

from django.db import models

from service_vendors.models.organizations import Organization


class BulkTurn(models.Model):
    """An organization's ticket. Whoever takes it sends a batch and puts it back at the end.

    ``number`` counts the turns: a copy of a ticket that was used already is worth nothing.
    ``handed_over_at`` is None while it is in no queue.
    """

    organization = models.OneToOneField(
        Organization, on_delete=models.CASCADE, primary_key=True, related_name="bulk_turn"
    )
    number = models.PositiveBigIntegerField(default=0)
    handed_over_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Turn {self.number} of {self.organization_id}"
