"""Workers that are killed while they buy and release, at every step there is and at random ones.

The company's ledger is outside our database and survives them; it judges. KILL_RUNS=50 tries as
many random moments.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from service_vendors import inventory
from service_vendors.models import NumberJob, Organization, OwnedPhoneNumber
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import CampaignFactory
from tests.inventory.doomed import lease_runs_out, steps_of, work_in_a_process
from tests.inventory.shop import buy, finish, here, there

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 2
RANDOM_RUNS = int(os.environ.get("KILL_RUNS", "16"))


def order_purchase(organization: Organization, count: int = LIMIT) -> NumberJob:
    return inventory.order_purchase(organization, "212", count, actor=None, hand_over=False)


def order_release(organization: Organization, count: int = LIMIT) -> NumberJob:
    return inventory.order_release(organization, "212", count, actor=None, hand_over=False)


def test_a_purchase_survives_a_kill_at_every_step(organization: Organization) -> None:
    steps = steps_of(order_purchase(organization))
    assert steps > 15
    before = here()
    for step in range(1, steps + 1):
        job = order_purchase(organization)
        assert work_in_a_process(job, last_step=step), f"it takes fewer steps than {step}"
        lease_runs_out(job)
        finish(job)
        assert (job.state, job.done) == ("DONE", LIMIT), f"killed at step {step}"
        assert here() == there(organization), f"killed at step {step}"
        assert len(here() - before) == LIMIT, f"killed at step {step}"
        before = here()


def test_a_purchase_that_was_killed_can_be_cancelled_at_every_step(
    organization: Organization,
) -> None:
    steps = steps_of(order_purchase(organization))
    before = here()
    for step in range(1, steps, 2):
        job = order_purchase(organization)
        work_in_a_process(job, last_step=step)
        at_the_company = there(organization) - before
        lease_runs_out(job)
        inventory.cancel(job)
        finish(job)
        assert here() == there(organization), f"killed at step {step}"
        assert here() - before == at_the_company, "the cancelled order went on buying"
        assert job.done == len(at_the_company) <= LIMIT
        assert job.state in {"CANCELLED", "DONE"}
        before = here()


def test_a_release_survives_a_kill_at_every_step(organization: Organization) -> None:
    kept = _one_that_a_campaign_has(organization)
    buy(organization, LIMIT)
    steps = steps_of(order_release(organization, LIMIT))
    assert here() == there(organization) == {kept}
    for step in range(1, steps + 1):
        buy(organization, LIMIT)
        job = order_release(organization, LIMIT + 1)
        assert work_in_a_process(job, last_step=step), f"it takes fewer steps than {step}"
        lease_runs_out(job)
        finish(job)
        assert job.done == LIMIT, f"killed at step {step}"
        assert here() == there(organization) == {kept}, f"killed at step {step}"


def test_a_release_that_was_killed_can_be_cancelled_at_every_step(
    organization: Organization,
) -> None:
    buy(organization, LIMIT)
    steps = steps_of(order_release(organization, LIMIT))
    for step in range(1, steps, 2):
        buy(organization, LIMIT)
        job = order_release(organization)
        work_in_a_process(job, last_step=step)
        at_the_company = there(organization)
        lease_runs_out(job)
        inventory.cancel(job)
        finish(job)
        assert here() == there(organization) == at_the_company, f"killed at step {step}"
        assert not OwnedPhoneNumber.objects.filter(releasing__isnull=False).exists()
        finish(order_release(organization, 100))


@pytest.mark.parametrize("ordered", [order_purchase, order_release])
def test_kills_at_random_moments_never_buy_beyond_the_limit_nor_lose_a_number(
    ordered: Callable[..., NumberJob],
    organization: Organization,
    company: FakeServiceServer,
    settings: Any,
) -> None:
    settings.MAX_NUMBERS_PER_MONTH = 100_000
    company.behave(number_seconds=0.02)  # so that there is a middle to be killed in
    kept = _one_that_a_campaign_has(organization)
    chance = random.Random(20261124)
    killed = 0
    for _ in range(RANDOM_RUNS // 2):
        count = chance.randint(5, 15)
        if ordered is order_release:
            buy(organization, count)
        before = there(organization)
        job = ordered(organization, count)
        for _ in range(chance.randint(1, 3)):
            killed += work_in_a_process(job, seconds=chance.uniform(0, 0.25))
            lease_runs_out(job, quiet_seconds=0.2)
            job.refresh_from_db()
        finish(job)
        after = there(organization)
        assert here() == after, "the inventory is not the company's"
        assert kept in after, "an allocated number was released"
        assert job.done == count == len(before ^ after)
    assert killed >= RANDOM_RUNS // 4, "hardly any run was killed in time"


def _one_that_a_campaign_has(organization: Organization) -> tuple[str, str]:
    buy(organization, 1)
    campaign = CampaignFactory(organization=organization)
    (row,) = inventory.allocate_to_campaign(campaign, "fakeservice", "212", 1)
    return row.phone_number, row.service_id
