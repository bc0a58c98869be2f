"""What a secret manager must be able to do."""

from __future__ import annotations

from abc import ABC, abstractmethod


class SecretManager(ABC):
    """Keeps secrets and gives them back for a reference that may be stored anywhere.

    A reference is worth nothing without the manager, and nothing in another organization.
    """

    @abstractmethod
    def store(self, organization_id: int, service: str, name: str, value: str) -> str:
        """Keep a secret; the reference to ask for it with."""

    @abstractmethod
    def reveal(self, organization_id: int, references: list[str]) -> dict[str, str]:
        """The secrets behind an organization's references, by reference.

        References that are not (or no longer) this organization's are left out.
        """

    @abstractmethod
    def forget(self, organization_id: int, reference: str) -> None:
        """Delete a secret. Forgetting twice is no error."""
