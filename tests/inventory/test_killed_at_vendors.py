"""Workers killed while they buy and release at each vendor that sells numbers.

The companies' own ledgers judge. By default a few runs of each; all of them with KILL_RUNS=50,
which is how often each vendor's worker is killed at random.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from service_vendors import inventory
from service_vendors.models import NumberJob, Organization, OwnedPhoneNumber
from service_vendors.types import Feature
from service_vendors.vendors import registry
from tests.inventory import counters
from tests.inventory.counters import Counter, ours
from tests.inventory.doomed import lease_runs_out, steps_of, work_in_a_process
from tests.inventory.shop import finish

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 2
RANDOM_RUNS = int(os.environ.get("KILL_RUNS", "6"))
IN_FULL = RANDOM_RUNS >= 50
SELLERS = sorted(
    name
    for name in registry.built_in_names()
    if Feature.NUMBERS in registry.vendor_class(name).supports
)


@pytest.fixture(params=SELLERS)
def counter(request: pytest.FixtureRequest) -> Iterator[Counter]:
    """A company that sells numbers."""
    with counters.counter(request.param) as counter:
        yield counter


@pytest.fixture
def organization(counter: Counter, settings: Any) -> Organization:
    """Whoever buys there."""
    return counter.open_for(settings)


def order(organization: Organization, kind: str, count: int = LIMIT) -> NumberJob:
    ordered = inventory.order_purchase if kind == "buy" else inventory.order_release
    return ordered(organization, "212", count, actor=None, hand_over=False)


def stock_up(organization: Organization, kind: str, count: int = LIMIT) -> None:
    """See to it that there is something to release."""
    if kind == "release":
        assert finish(order(organization, "buy", count)).done == count
        use_nothing(organization)


def use_nothing(organization: Organization) -> None:
    """Where bought numbers go to a messaging service, take them out of it."""
    for sid in set(
        OwnedPhoneNumber.objects.filter(allocated_to="messaging_service").values_list(
            "messageservice_sid", flat=True
        )
    ):
        inventory.empty_pool(organization, inventory.service_of(organization), sid)


def some(steps: int) -> Iterable[int]:
    """Every step, or some of them all along."""
    return range(1, steps + 1) if IN_FULL else range(1, steps + 1, max(2, steps // 3))


@pytest.mark.parametrize("cancelled", [False, True])
@pytest.mark.parametrize("kind", ["buy", "release"])
def test_a_job_survives_a_kill_at_every_step(
    counter: Counter, organization: Organization, kind: str, cancelled: bool
) -> None:
    kept = ours()
    assert kept == counter.ledger(organization)
    stock_up(organization, kind)
    steps = steps_of(order(organization, kind))
    assert steps > 10
    for step in some(steps):
        stock_up(organization, kind)
        before = counter.ledger(organization)
        job = order(organization, kind)
        work_in_a_process(job, last_step=step)
        lease_runs_out(job)
        if cancelled:
            inventory.cancel(job)
        finish(job)
        after, where = counter.ledger(organization), f"{counter.name} at step {step}"
        assert ours() == after, f"the inventory is not the company's: {where}"
        assert kept <= after, f"an allocated number was released: {where}"
        assert job.done == len(before ^ after) <= LIMIT, where
        assert cancelled or job.done == LIMIT, where


def test_kills_at_random_moments_leave_the_inventory_as_the_company_has_it(
    counter: Counter, organization: Organization
) -> None:
    kept = ours()
    chance = random.Random(f"20261124 {counter.name}")
    took, steps = dict[str, float](), dict[str, int]()
    for kind in ("buy", "release"):
        stock_up(organization, kind, 6)
        began = time.monotonic()
        assert not work_in_a_process(order(organization, kind, 3))
        took[kind] = time.monotonic() - began
        steps[kind] = steps_of(order(organization, kind, 3))
    killed = 0
    for run in range(RANDOM_RUNS):
        kind = ("buy", "release")[run % 2]
        count = chance.randint(1, 6)
        stock_up(organization, kind, count)
        before = counter.ledger(organization)
        job = order(organization, kind, count)
        for _ in range(chance.randint(1, 3)):
            if chance.random() < 0.5:
                killed += work_in_a_process(job, seconds=chance.uniform(0, took[kind]))
            else:
                killed += work_in_a_process(job, last_step=chance.randint(1, steps[kind]))
            lease_runs_out(job, quiet_seconds=0.2)
            job.refresh_from_db()
        cancelled = job.is_open and chance.random() < 0.3
        if cancelled:
            inventory.cancel(job)
        finish(job)
        after = counter.ledger(organization)
        where = f"{counter.name}, run {run}: {kind} {count}"
        assert ours() == after, f"the inventory is not the company's: {where}"
        assert kept <= after, f"an allocated number was released: {where}"
        assert job.done == len(before ^ after) <= count, where
        assert cancelled or job.done == count, where
    assert killed >= RANDOM_RUNS // 2, "hardly any run was killed in time"
    print(f"{counter.name}: {RANDOM_RUNS} runs, {killed} kills")  # noqa: T201 - for who runs all
