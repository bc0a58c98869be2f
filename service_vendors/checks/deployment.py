"""With DEBUG off: is this fit to text real people?"""

from __future__ import annotations

from typing import Any

from celery import current_app
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from service_vendors.checks.vendors import loaded
from service_vendors.types import Feature


@register("service_vendors")
def broker_survives_a_restart(**_: Any) -> list[CheckMessage]:
    """E014, W006: work is handed to workers, by a broker that other processes can reach."""
    if settings.DEBUG:
        return []
    celery = current_app.conf
    if celery.task_always_eager:
        return [
            Warning(
                "CELERY_TASK_ALWAYS_EAGER is on: messages are sent while the person who sends "
                "them waits.",
                hint="Unset it, set REDIS_URL and start a worker: celery -A spoke_project worker",
                id="service_vendors.W006",
            )
        ]
    if not str(celery.broker_url or "").startswith("memory:"):
        return []
    return [
        Error(
            "Celery's broker is memory://, which no other process can reach: nothing would send.",
            hint="Set REDIS_URL, for example redis://localhost:6379/0.",
            id="service_vendors.E014",
        )
    ]


@register("service_vendors")
def no_stand_in_sends(**_: Any) -> list[CheckMessage]:
    """W004: a vendor that only pretends is not active in production."""
    if settings.DEBUG:
        return []
    return [
        Warning(
            f"{vendor_class.title} is active and texts nobody: it is a stand-in for trying out.",
            hint=f"Take {name!r} out of SERVICE_VENDORS.",
            id="service_vendors.W004",
        )
        for name, vendor_class in loaded()[0].items()
        if Feature.HANDSET in vendor_class.supports
    ]
