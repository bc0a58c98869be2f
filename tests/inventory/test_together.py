"""Several at once: two owners who press Buy, an allocation beside a release, two workers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from service_vendors import inventory
from service_vendors.exceptions import NumbersRefused
from service_vendors.inventory import jobs
from service_vendors.inventory.lease import take
from service_vendors.models import NumberJob, Organization, OwnedPhoneNumber
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import CampaignFactory, OrganizationFactory
from tests.inventory.shop import buy, finish, here, listed, there

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(*calls: Any) -> list[Any]:
    """Make calls at the same time, each with a database connection of its own."""

    def made(call: Any) -> Any:
        try:
            return call()
        except NumbersRefused as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(made, calls))


def test_two_owners_who_buy_at_once_get_what_each_asked_for_and_not_more(
    organization: Organization,
) -> None:
    def press(count: int) -> NumberJob:
        return finish(inventory.order_purchase(organization, "212", count, actor=None))

    mine, yours = in_threads(lambda: press(23), lambda: press(17))
    assert (mine.done, yours.done) == (23, 17)
    assert {mine.state, yours.state} == {"DONE"}
    assert len(here()) == 40 and here() == there(organization)
    references = {one.reference for one in listed(organization)}
    by_job = dict.fromkeys(references, 0) | {
        str(i.reference): i.job_id for job in (mine, yours) for i in job.intents.all()
    }
    bought = [by_job[one.reference] for one in listed(organization)]
    assert (bought.count(mine.pk), bought.count(yours.pk)) == (23, 17)


def test_the_database_lets_one_job_at_a_time_buy_in_an_area_code(
    organization: Organization,
) -> None:
    first, second = (inventory.order_purchase(organization, "212", 1, actor=None) for _ in range(2))
    elsewhere = inventory.order_purchase(organization, "646", 1, actor=None)
    others = inventory.order_purchase(OrganizationFactory(), "212", 1, actor=None)
    assert take(first.pk) is not None
    assert take(second.pk) is None
    second.refresh_from_db()
    assert (second.state, "another order" in second.outcome) == ("QUEUED", True)
    assert take(elsewhere.pk) is not None
    assert take(others.pk) is not None
    with pytest.raises(IntegrityError), transaction.atomic():
        NumberJob.objects.filter(pk=second.pk).update(state="RUNNING")


def test_two_orders_at_once_do_not_both_see_the_last_room_of_the_month(
    organization: Organization, settings: Any
) -> None:
    settings.MAX_NUMBERS_PER_MONTH = 10

    def press() -> NumberJob:
        return inventory.order_purchase(organization, "212", 6, actor=None)

    answers = in_threads(press, press, press)
    assert sum(isinstance(one, NumberJob) for one in answers) == 1
    refused = [str(one) for one in answers if isinstance(one, NumbersRefused)]
    assert all("may buy 4 more numbers this month" in one for one in refused)
    finish(NumberJob.objects.get())
    assert len(there(organization)) == 6


def test_one_job_that_is_handed_to_many_workers_is_done_once(organization: Organization) -> None:
    job = inventory.order_purchase(organization, "212", 20, actor=None)
    in_threads(*[lambda: jobs.work([job.pk])] * 4)
    finish(NumberJob.objects.get())
    assert len(there(organization)) == 20
    assert here() == there(organization)


def test_a_worker_that_lost_its_lease_writes_nothing_any_more(organization: Organization) -> None:
    job = inventory.order_purchase(organization, "212", 5, actor=None)
    stale = take(job.pk)
    assert stale is not None
    NumberJob.objects.filter(pk=job.pk).update(due_at=job.created_at)
    jobs.free_silent()
    job.refresh_from_db()
    finish(job)
    with pytest.raises(jobs.LeaseLost):
        stale.hold(done=99)
    job.refresh_from_db()
    assert job.done == 5


@pytest.mark.parametrize("count", range(3))
def test_what_is_allocated_while_it_is_released_is_one_or_the_other(
    count: int, organization: Organization
) -> None:
    buy(organization, 10)
    campaign = CampaignFactory(organization=organization)

    def give_back() -> NumberJob:
        return finish(inventory.order_release(organization, "212", 10, actor=None))

    def allocate() -> list[OwnedPhoneNumber]:
        return inventory.allocate_to_campaign(campaign, "fakeservice", "212", 4)

    released, allocated = in_threads(give_back, allocate)
    kept = [] if isinstance(allocated, NumbersRefused) else allocated
    assert here() == there(organization) == {(one.phone_number, one.service_id) for one in kept}
    assert released.done == 10 - len(kept)


def test_a_company_that_is_away_is_asked_again_and_nothing_is_lost(
    organization: Organization, company: FakeServiceServer, settings: Any
) -> None:
    settings.NUMBERS_MAX_ATTEMPTS = 3
    company.stop()
    job = inventory.order_purchase(organization, "212", 2, actor=None)
    finish(job)
    assert job.state == "FAILED"
    assert "Bought 0 of 2 in 212" in job.outcome
    assert "could not be reached" in job.outcome and "Gave up after 3 tries." in job.outcome
    assert here() == set()
