"""An organization whose vendor charges for lookups, and the vendor's own bill as the judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from service_vendors import lookups
from service_vendors.models import LookupJob, Organization
from service_vendors.types import LookupDetail
from service_vendors.vendors import registry
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, a_number
from tests.installation import text_over

Bill = Callable[[], dict[str, int]]
NewJob = Callable[..., LookupJob]


@pytest.fixture
def company(settings: Any) -> Iterator[FakeServiceServer]:
    """The vendor's side, which is now every organization's vendor."""
    with FakeServiceServer() as server:
        use(settings, server)
        yield server
    registry.reset()


def use(settings: Any, server: FakeServiceServer) -> dict[str, str]:
    """Let this process's organizations use an account at the company; its settings."""
    return text_over(settings, server.account(), LOOKUPS_PER_SECOND="100000")


@pytest.fixture
def organization(db: None, company: FakeServiceServer) -> Organization:
    """An organization that looks numbers up at the company."""
    return OrganizationFactory()


@pytest.fixture
def bill(company: FakeServiceServer) -> Bill:
    """How many lookups the company has charged for, of how many numbers, and how many were free."""
    return lambda: dict(company.call("GET", "/ledger?limit=0")["lookups"])


@pytest.fixture
def new_job(organization: Organization) -> NewJob:
    """A maker of jobs that wait to be agreed to."""

    def new_job(
        numbers: Sequence[str] | int, detail: LookupDetail = LookupDetail.CARRIER, **more: Any
    ) -> LookupJob:
        if isinstance(numbers, int):
            numbers = [a_number(n) for n in range(numbers)]
        chosen = {"source": LookupJob.Source.NUMBERS, "title": "Voters", "actor": None, **more}
        return lookups.prepare(organization, numbers, detail=detail, **chosen)

    return new_job


def agree(job: LookupJob) -> LookupJob:
    """Begin a job, whatever it costs."""
    return lookups.start(job, actor=None, most_cost=lookups.estimate(job).cost)


def finish(job: LookupJob) -> LookupJob:
    """Work on a job until it is over."""
    after = lookups.turn(job.pk, seconds=60)
    assert after is not None
    return after
