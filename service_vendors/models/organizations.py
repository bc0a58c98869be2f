"""Tenants, and who may do what in them."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import models

from service_vendors import conf

logger = logging.getLogger(__name__)


class Organization(models.Model):
    """A tenant. Everything else belongs to exactly one.

    ``features`` holds what Spoke keeps there: ``DEFAULT_SERVICE`` and other settings that an
    organization may set for itself. Secrets are never read from it.
    """

    name = models.CharField(max_length=200)
    features = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.name

    def feature(self, name: str) -> Any:
        """A value of ``features``, or None."""
        return self.features.get(name) if isinstance(self.features, dict) else None

    def listed(self, name: str) -> list[str]:
        """A setting of kind list: of ``features``, else of the environment.

        Features that are no list of words count as an empty one.
        """
        row, own = conf.SETTINGS[name], self.feature(name)
        if own is None:
            return conf.words(name)
        if isinstance(own, str | list) and all(isinstance(word, str) for word in own):
            return list(conf.convert(row, own))
        logger.error("%s of organization %s is no list of names.", name, self.pk)
        return []


class Role(models.TextChoices):
    """Spoke's roles in an organization."""

    OWNER = "OWNER", "Owner"
    ADMIN = "ADMIN", "Admin"
    SUPERVOLUNTEER = "SUPERVOLUNTEER", "Supervolunteer"
    TEXTER = "TEXTER", "Texter"
    SUSPENDED = "SUSPENDED", "Suspended"

    def at_least(self, other: Role) -> bool:
        """Whether this role may do everything that ``other`` may."""
        return _RANK[self] >= _RANK[other]


_RANK = {
    Role.SUSPENDED: 0,
    Role.TEXTER: 1,
    Role.SUPERVOLUNTEER: 2,
    Role.ADMIN: 3,
    Role.OWNER: 4,
}


class Membership(models.Model):
    """A user's one role in one organization."""

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="organization_memberships",
    )
    role = models.CharField(max_length=20, choices=Role, default=Role.TEXTER)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("organization", "user"), name="sv_one_role_in_an_organization"
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()} of {self.organization}"
