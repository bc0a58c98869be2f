"""The app as Django sees it."""

from __future__ import annotations

from django.apps import AppConfig


class ServiceVendorsConfig(AppConfig):
    """Texting over interchangeable SMS/MMS vendors."""

    name = "service_vendors"
    verbose_name = "Service vendors"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from service_vendors import checks  # noqa: F401, PLC0415 - registering is the import
