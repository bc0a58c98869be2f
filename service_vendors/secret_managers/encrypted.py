"""Secrets in our own database, encrypted with FIELD_ENCRYPTION_KEY. The default."""

from __future__ import annotations

from service_vendors.models import StoredSecret
from service_vendors.secret_managers.base import SecretManager


class Manager(SecretManager):
    """A row a secret; the reference is its primary key."""

    def store(self, organization_id: int, service: str, name: str, value: str) -> str:
        """Keep a secret; the reference to ask for it with."""
        secret = StoredSecret.objects.create(
            organization_id=organization_id, service=service, name=name, value=value
        )
        return str(secret.pk)

    def reveal(self, organization_id: int, references: list[str]) -> dict[str, str]:
        """The secrets behind an organization's references, by reference."""
        if not references:
            return {}
        found = StoredSecret.objects.filter(organization_id=organization_id, pk__in=references)
        return {str(secret.pk): secret.value for secret in found}

    def forget(self, organization_id: int, reference: str) -> None:
        """Delete a secret. Forgetting twice is no error."""
        StoredSecret.objects.filter(organization_id=organization_id, pk=reference).delete()
