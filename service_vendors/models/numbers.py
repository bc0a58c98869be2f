"""Phone numbers an organization owns at a vendor."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from service_vendors.models.number_jobs import NumberIntent, NumberJob
from service_vendors.models.organizations import Organization


class OwnedPhoneNumber(models.Model):
    """A number bought from a vendor; ``service_id`` is the vendor's id of it."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="owned_phone_numbers"
    )
    service = models.CharField(max_length=50)
    phone_number = models.CharField(max_length=16)
    area_code = models.CharField(max_length=8, blank=True)
    service_id = models.CharField(max_length=255)
    messageservice_sid = models.CharField(max_length=255, blank=True)
    allocated_to = models.CharField(max_length=50, blank=True)
    allocated_to_id = models.CharField(max_length=255, blank=True)
    allocated_at = models.DateTimeField(null=True, blank=True)
    monthly_price = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)
    bought_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    # The purchase it came with, and the job that is about to give it back.
    bought_under = models.ForeignKey(
        NumberIntent, on_delete=models.SET_NULL, null=True, blank=True, related_name="numbers"
    )
    releasing = models.ForeignKey(
        NumberJob, on_delete=models.RESTRICT, null=True, blank=True, related_name="releases"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    # When a service manager last picked it, counted in batches: the lowest is next.
    turn = models.BigIntegerField(default=0, editable=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("service", "phone_number"), name="sv_one_owner_a_phone_number"
            ),
            models.UniqueConstraint(
                fields=("organization", "service", "service_id"), name="sv_one_row_a_bought_number"
            ),
        )
        indexes = (
            models.Index(
                fields=("organization", "service", "area_code"),
                condition=Q(allocated_at__isnull=True),
                name="sv_unallocated_numbers",
            ),
            models.Index(
                fields=("organization", "service", "turn", "id"),
                condition=Q(allocated_at__isnull=True),
                name="sv_numbers_in_turn",
            ),
            models.Index(
                fields=("organization", "service", "phone_number"), name="sv_organization_numbers"
            ),
        )

    def __str__(self) -> str:
        return self.phone_number


class NumberRotation(models.Model):
    """The lock on an organization's turns at a vendor's numbers: whoever holds the row picks."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="number_rotations"
    )
    service = models.CharField(max_length=50)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "service"), name="sv_one_rotation_a_vendor"
            ),
        )

    def __str__(self) -> str:
        return f"numbers of {self.organization} at {self.service}"
