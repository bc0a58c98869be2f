"""Who is called, whether the call proves its origin, and what is answered."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

from django.core.signals import setting_changed
from django.db import DatabaseError

from service_vendors import metrics
from service_vendors.exceptions import VendorError, WebhookRejected
from service_vendors.models import Organization
from service_vendors.types import WebhookAnswer, WebhookRequest
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor

logger = logging.getLogger(__name__)

MOST_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Account:
    """A vendor object and its organization, as they were read at a time of the monotonic clock."""

    organization: Organization | None
    vendor: ServiceVendor
    read_at: float

    def is_newer_than(self, seconds: float) -> bool:
        """Whether it was read within the last ``seconds``."""
        return time.monotonic() - self.read_at < seconds


class NobodyThere(Exception):
    """There is no organization of this id: nobody can sign for it."""


_remembered: dict[tuple[str, int | None], Account] = {}


def remembered(service: str, organization_id: int | None) -> Account | None:
    """The account as this process read it last."""
    return _remembered.get((service, organization_id))


def read_account(service: str, organization_id: int | None) -> Account:
    """The account as it stands in the database.

    While the database is away, as it stood: a call must be proven then, too, and is spooled.
    Raises NobodyThere, UnknownVendor, DatabaseError when it was never read.
    """
    key = (service, organization_id)
    try:
        organization = None
        if organization_id is not None:
            organization = Organization.objects.filter(pk=organization_id).first()
            if organization is None:
                _remembered.pop(key, None)
                raise NobodyThere
        vendor = registry.get_vendor(organization, service)
    except DatabaseError:
        if key not in _remembered:
            raise
        # As good as read now: the next calls need not find out as well.
        _remembered[key] = replace(_remembered[key], read_at=time.monotonic())
        return _remembered[key]
    if len(_remembered) >= MOST_REMEMBERED:
        _remembered.clear()
    _remembered[key] = Account(organization, vendor, time.monotonic())
    return _remembered[key]


def forget(**_: Any) -> None:
    """Read every account anew."""
    _remembered.clear()


setting_changed.connect(forget, dispatch_uid="service_vendors.reception")


def check(account: Account, call: WebhookRequest) -> WebhookAnswer | None:
    """A greeting's answer, or None when the call is proven. Raises VendorError when it is not."""
    greeting = account.vendor.greeting(call)
    if greeting is None:
        account.vendor.verify(call)
    return greeting


def refused(service: str, address: str, error: VendorError) -> WebhookAnswer:
    """The answer to a call that proved nothing."""
    reason = str(error) if isinstance(error, WebhookRejected) else type(error).__name__
    logger.warning("A webhook at /%s was refused: %s", address, reason)
    return refusal(service, HTTPStatus.FORBIDDEN)


def refusal(service: str, status: HTTPStatus) -> WebhookAnswer:
    """A counted answer that says no."""
    metrics.count_webhook(service, status.phrase.lower())
    return WebhookAnswer(status.phrase, status=status)
