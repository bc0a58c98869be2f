"""The fake company, somebody who takes its webhooks, and the vendor between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service_vendors.vendors.fakeservice.server import FakeServiceServer
from service_vendors.vendors.fakeservice.vendor import FakeService
from tests.vendors.receiver import Receiver, receiving


@pytest.fixture
def server() -> Iterator[FakeServiceServer]:
    """The company, quick to report."""
    with FakeServiceServer() as running:
        running.behave(report_seconds=0.02, reply_seconds=0.02)
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Whoever is called back."""
    with receiving() as running:
        yield running


@pytest.fixture
def fake(server: FakeServiceServer, receiver: Receiver) -> FakeService:
    """The vendor, bound to an account at the company."""
    vendor = receiver.bind(FakeService, server.account())
    assert isinstance(vendor, FakeService)
    return vendor
