"""Celery workers that are killed while they buy and release: beat finds what they left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from service_vendors import inventory
from service_vendors.models import NumberJob, Organization
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory
from tests.installation import text_over
from tests.inventory.shop import here, there
from tests.servers.conftest import Processes, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

NUMBERS, KILLS = 60, 3


@pytest.fixture
def environment(company: FakeServiceServer, settings: Any) -> dict[str, str]:
    """What this process and the workers must agree on."""
    company.behave(number_seconds=0.1)
    return text_over(
        settings,
        company.account(),
        PHONE_INVENTORY="on",
        NUMBERS_LEASE_SECONDS="5",
        NUMBERS_SLICE_SECONDS="1",
        NUMBERS_RETRY_SECONDS="0.5",
    )


def test_orders_survive_their_workers(
    company: FakeServiceServer,
    environment: dict[str, str],
    processes: Callable[[dict[str, str]], Processes],
) -> None:
    organization: Organization = OrganizationFactory()
    celery = processes(environment)
    celery.beat()
    worker = celery.worker()

    def is_over(job: NumberJob) -> bool:
        job.refresh_from_db()
        return not job.is_open

    def kill_while_it_runs(job: NumberJob) -> None:
        nonlocal worker
        for kill in range(1, KILLS + 1):
            reached = kill * NUMBERS // (KILLS + 1)
            wait_until(
                lambda reached=reached: job.refresh_from_db() or job.done >= reached,
                seconds=120,
                what=f"{reached} numbers",
            )
            celery.kill(worker)
            worker = celery.worker()
        wait_until(lambda: is_over(job), seconds=120, what="the order to end")

    job = inventory.order_purchase(organization, "212", NUMBERS, actor=None)
    kill_while_it_runs(job)
    assert (job.state, job.done) == ("DONE", NUMBERS)
    assert len(here()) == NUMBERS
    assert here() == there(organization)

    job = inventory.order_release(organization, "212", NUMBERS, actor=None)
    kill_while_it_runs(job)
    assert (job.state, job.done) == ("DONE", NUMBERS)
    assert here() == there(organization) == set()
