"""An owner does not want to wait until a vendor's trouble is over: some messages try now."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from service_vendors import conf
from service_vendors.configuration import record
from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import breaker
from service_vendors.sending.handing_over import hand_over
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor

# By then the first ones have had their answers.
REST_AFTER_SECONDS: Final = 5.0


def try_again(organization: Organization, service: str, actor: AbstractBaseUser) -> bool:
    """Let the breaker of an organization's account half open at once, and send what it held back.

    A few of its messages try now, the others soon after. False, and nothing changes, when the
    breaker is closed. Raises UnknownVendor.
    """
    vendor = registry.get_vendor(organization, service)
    if not breaker.probe_now(vendor.account_name):
        return False
    with transaction.atomic():
        _bring_forward(organization, vendor)
        record(
            organization,
            actor,
            "tried again",
            f"Had {vendor.title} tried again at once, after calls had failed.",
            service=vendor.name,
        )
    return True


def _bring_forward(organization: Organization, vendor: ServiceVendor) -> None:
    """Make those due that wait for the breaker, not those whom the vendor told to come later."""
    now = timezone.now()
    held = Message.objects.filter(
        organization=organization,
        service=vendor.name,
        send_status=SendStatus.QUEUED,
        due_at__gt=now,
        status_reason__startswith=breaker.held_because(vendor),
    )
    first = list(held.order_by("due_at")[: conf.whole("BREAKER_PROBES")])
    ids = [message.pk for message in first]
    held.exclude(pk__in=ids).update(due_at=now + timedelta(seconds=REST_AFTER_SECONDS))
    held.filter(pk__in=ids).update(due_at=now)
    if first:
        transaction.on_commit(lambda: hand_over(first), robust=True)
