"""The fake company, somebody who takes its webhooks, and the vendor between them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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


@pytest.fixture
def environment(there: Any) -> Iterator[pytest.MonkeyPatch]:
    """The process's variables, for a test to change while the company ``there`` is open.

    They are put back before the company takes its own away. pytest's ``monkeypatch`` is older than
    the company (pytest-django asks for it) and would put the company's back after that, for every
    test that follows.
    """
    with pytest.MonkeyPatch.context() as patch:
        yield patch
