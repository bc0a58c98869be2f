"""Who changed what, and when; never the values of secrets."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from service_vendors.models.organizations import Organization


class AuditEntry(models.Model):
    """One thing that someone did. ``fields`` names what changed, without values."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="audit_entries"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    # The name as it was: the entry outlives the account.
    actor_name = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=50)
    service = models.CharField(max_length=50, blank=True)
    summary = models.CharField(max_length=500)
    fields = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "audit entries"
        indexes = (models.Index(fields=("organization", "-id"), name="sv_audit_trail"),)

    def __str__(self) -> str:
        return self.summary
