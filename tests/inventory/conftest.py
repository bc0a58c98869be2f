"""An organization that buys its numbers from the fake company, whose ledger judges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from service_vendors.models import Organization
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory
from tests.installation import text_over


@pytest.fixture
def company() -> Iterator[FakeServiceServer]:
    """The vendor's side."""
    with FakeServiceServer() as server:
        yield server


@pytest.fixture
def account(company: FakeServiceServer, settings: Any) -> dict[str, str]:
    """The installation's account there, which every organization uses that has no own one."""
    account = company.account()
    text_over(settings, account)
    settings.PHONE_INVENTORY = True
    settings.NUMBERS_RETRY_SECONDS = 0.01
    settings.SETTLE_SECONDS = 0.01
    return account


@pytest.fixture
def organization(db: None, account: dict[str, str]) -> Organization:
    """An organization that manages its numbers here."""
    return OrganizationFactory(name="Neighbors United")
