"""The app as Django sees it."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ServiceVendorsConfig(AppConfig):
    """Texting over interchangeable SMS/MMS vendors."""

    name = "service_vendors"
    verbose_name = "Service vendors"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and have every migrated database tell its keys."""
        from service_vendors import checks, sentinel  # noqa: F401, PLC0415 - not before the models

        post_migrate.connect(sentinel.plant, sender=self, dispatch_uid="service_vendors.sentinel")
