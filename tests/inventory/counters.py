"""Every vendor that sells numbers, each with a company whose own ledger is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest

from service_vendors import inventory
from service_vendors.models import Organization, OwnedPhoneNumber
from service_vendors.vendors import registry
from service_vendors.vendors.bandwidth import orders
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import CampaignFactory, OrganizationFactory
from tests.inventory.shop import finish, listed
from tests.vendors.bandwidth_account import at_bandwidth
from tests.vendors.nexmo_account import at_nexmo
from tests.vendors.twilio_account import AtTwilio, at_twilio

PUBLIC_ADDRESS: Final = "https://texting.example.org"
MORE_TO_SELL: Final = 5_000


@dataclass(frozen=True)
class Counter:
    """An organization that buys at a company, and what the company's ledger says is its."""

    name: str
    config: Mapping[str, str]
    read: Callable[[], set[str]] | None

    def open_for(self, settings: Any) -> Organization:
        """Let the installation buy here; every number that is there already has a use."""
        settings.SERVICE_VENDORS = [self.name]
        settings.DEFAULT_SERVICE = self.name
        settings.BASE_URL = PUBLIC_ADDRESS
        settings.PHONE_INVENTORY = True
        settings.NUMBERS_RETRY_SECONDS = settings.SETTLE_SECONDS = 0.01
        settings.MAX_NUMBERS_PER_MONTH = 100_000
        for field in registry.vendor_class(self.name).config_fields:
            if field.name in self.config:
                setattr(settings, field.env, self.config[field.name])
        organization = OrganizationFactory(name="Neighbors United")
        take_over(organization)
        free = inventory.available(organization, self.name).count()
        if free:
            campaign = CampaignFactory(organization=organization)
            inventory.allocate_to_campaign(campaign, self.name, "212", free)
        return organization

    def ledger(self, organization: Organization) -> set[str]:
        """The account's numbers by the company's own books."""
        if self.read is not None:
            return self.read()
        return {number.phone_number for number in listed(organization)}


def ours() -> set[str]:
    """The numbers that we wrote down."""
    return set(OwnedPhoneNumber.objects.values_list("phone_number", flat=True))


def twilio_numbers(there: AtTwilio) -> set[str]:
    """The numbers of an account at Twilio."""
    return {one["phone_number"] for one in there.company.numbers.values()}


def take_over(organization: Organization) -> None:
    """Write down what the account has already."""
    found = finish(inventory.order_comparison(organization, actor=None, hand_over=False))
    finish(inventory.order_sync(found, actor=None, hand_over=False))


@contextmanager
def counter(name: str) -> Iterator[Counter]:
    """Open a vendor's company, with two numbers in its account."""
    with _COMPANIES[name]() as opened:
        registry.reset()
        yield opened
    registry.reset()


@contextmanager
def _fakeservice() -> Iterator[Counter]:
    with FakeServiceServer() as server:
        yield Counter("fakeservice", server.account(), None)


@contextmanager
def _twilio() -> Iterator[Counter]:
    with at_twilio() as there:
        yield Counter("twilio", there.config, lambda: twilio_numbers(there))


@contextmanager
def _bandwidth() -> Iterator[Counter]:
    with at_bandwidth() as there, pytest.MonkeyPatch.context() as hurried:
        hurried.setattr(orders, "FIRST_PAUSE_SECONDS", 0.02)
        there.company.stock = MORE_TO_SELL
        yield Counter("bandwidth", there.config, lambda: {f"+1{n}" for n in there.company.numbers})


@contextmanager
def _nexmo() -> Iterator[Counter]:
    with at_nexmo() as there:
        for line in range(MORE_TO_SELL):
            there.company.for_sale[f"1212557{line:04d}"] = ["SMS", "MMS"]
        yield Counter("nexmo", there.config, lambda: {f"+{n}" for n in there.company.numbers})


_COMPANIES: Final = {
    "fakeservice": _fakeservice,
    "twilio": _twilio,
    "bandwidth": _bandwidth,
    "nexmo": _nexmo,
}
