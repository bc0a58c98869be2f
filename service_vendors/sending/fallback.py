"""A message that its vendor surely did not take goes through the next one, where there is one.

FALLBACK_SERVICES names them. Each is tried once for a message, and only where nothing was ever in
doubt: what may have been sent is sent by nobody again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from service_vendors import conf
from service_vendors.exceptions import UnknownVendor
from service_vendors.managers import registry as managers
from service_vendors.models import Message, Organization
from service_vendors.sending import breaker
from service_vendors.sending.outcomes import Outcome, Postponed, Switched, TryLater
from service_vendors.types import Feature
from service_vendors.vendors import registry
from service_vendors.vendors.base import ServiceVendor

logger = logging.getLogger(__name__)


def services_of(organization: Organization) -> list[str]:
    """The vendors that are tried next, in order; a name that is not active is left out."""
    found: list[str] = []
    for name in organization.listed("FALLBACK_SERVICES"):
        try:
            service = registry.vendor_class(name).name
        except UnknownVendor:
            continue  # the checks and the Settings page say so
        if service not in found:
            found.append(service)
    return found


def switched(outcomes: Mapping[Message, Outcome]) -> dict[Message, Outcome]:
    """The outcomes, with Switched in the place of those after which another vendor may try."""
    vendors = _Fallbacks()
    return {message: vendors.instead_of(message, outcome) for message, outcome in outcomes.items()}


class _Fallbacks:
    """The vendors that can take over, asked once for each organization and vendor."""

    def __init__(self) -> None:
        self._services: dict[int, list[str]] = {}
        self._ready: dict[tuple[int, str], ServiceVendor | None] = {}
        self._closed: dict[str, bool] = {}

    def instead_of(self, message: Message, outcome: Outcome) -> Outcome:
        """What is to become of a message, given what became of it at its vendor."""
        match outcome:
            case Postponed(may_switch=True):
                waits = True
            case TryLater() if message.attempts >= conf.whole("SEND_MAX_ATTEMPTS"):
                waits = False
            case _:
                return outcome
        try:
            able = self._able(message)
            closed = [vendor for vendor in able if self._is_closed(vendor.account_name)]
        except Exception as error:  # noqa: BLE001 - it must not cost what is known of the others
            logger.error("Looking for another vendor failed: %s", type(error).__name__)
            return outcome
        # A message that its vendor may still take waits there rather than elsewhere.
        if not closed and (waits or not able):
            return outcome
        vendor = closed[0] if closed else able[0]
        return Switched(vendor.name, _in_words(message, outcome, vendor), outcome)

    def _able(self, message: Message) -> list[ServiceVendor]:
        """The vendors that are ready, can send it, and were not tried with it."""
        organization = message.organization
        if organization.pk not in self._services:
            self._services[organization.pk] = services_of(organization)
        tried = {message.service, *message.tried_services}
        return [
            vendor
            for service in self._services[organization.pk]
            if service not in tried
            and (vendor := self._vendor(organization, service)) is not None
            and len(message.text) <= vendor.max_text_characters
            and (not message.media or Feature.MMS in vendor.supports)
        ]

    def _vendor(self, organization: Organization, service: str) -> ServiceVendor | None:
        key = organization.pk, service
        if key not in self._ready:
            vendor = registry.get_vendor(organization, service)
            decided = managers.decide_on_readiness(organization, service)
            self._ready[key] = vendor if vendor.fully_configured(decided) else None
        return self._ready[key]

    def _is_closed(self, account: str) -> bool:
        if account not in self._closed:
            self._closed[account] = breaker.standing(account).is_closed
        return self._closed[account]


def _in_words(message: Message, outcome: Outcome, vendor: ServiceVendor) -> str:
    first = registry.available().get(message.service)
    title = first.title if first else message.service
    if isinstance(outcome, TryLater):
        tried = f"{title} did not take this in {message.attempts} tries"
        return f"{tried}, so it goes through {vendor.title}. {outcome.reason}"
    return f"{title} has trouble, so this goes through {vendor.title}."
