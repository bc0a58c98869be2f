"""A vendor's account in trouble, without a vendor that fails."""

from __future__ import annotations

from service_vendors import conf
from service_vendors.models import Organization
from service_vendors.sending import breaker
from service_vendors.sending.outcomes import TryLater
from service_vendors.vendors import registry

LAST_ERROR = "The exchange is down."


def account_of(organization: Organization, service: str | None = None) -> str:
    """The name of the account that an organization texts over."""
    return registry.get_vendor(organization, service).account_name


def open_the_breaker(organization: Organization, service: str | None = None) -> None:
    """Have as many calls fail over an organization's account as open its breaker."""
    account = account_of(organization, service)
    failed = breaker.Permit(account), TryLater(LAST_ERROR)
    breaker.learn([failed] * conf.whole("BREAKER_ERRORS"))
    assert not breaker.standing(account).is_closed
