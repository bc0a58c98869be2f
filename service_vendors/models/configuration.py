"""Vendors' settings and secrets. Both are encrypted at rest."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from service_vendors.models.fields import EncryptedJSONField, EncryptedTextField
from service_vendors.models.organizations import Organization


class VendorConfig(models.Model):
    """An organization's settings of one vendor, by field name.

    In the place of a secret stands a reference that only the secret manager can resolve.
    ``version`` rises with every save, so that two owners cannot overwrite each other unnoticed.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="vendor_configs"
    )
    service = models.CharField(max_length=50)
    config = EncryptedJSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "service"), name="sv_one_config_a_vendor"
            ),
        )

    def __str__(self) -> str:
        return f"{self.service} of {self.organization}"


class StoredSecret(models.Model):
    """One secret in the care of the ``encrypted`` secret manager."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="stored_secrets"
    )
    service = models.CharField(max_length=50)
    name = models.CharField(max_length=100)
    value = EncryptedTextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.service} {self.name}"


class KeySentinel(models.Model):
    """A known text, encrypted: if it cannot be read, neither can the secrets."""

    PLAINTEXT = "the field encryption key works"

    value = EncryptedTextField(default=PLAINTEXT)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return "the sentinel of FIELD_ENCRYPTION_KEY"
