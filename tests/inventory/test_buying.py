"""Buying: what was asked for and not more, every number written down, and how it ended in words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from service_vendors import inventory
from service_vendors.exceptions import PermanentVendorError, TransientVendorError
from service_vendors.inventory import buying, records
from service_vendors.models import NumberJob, Organization, OwnedPhoneNumber
from service_vendors.vendors import http
from service_vendors.vendors.fakeservice.vendor import FakeService
from tests.factories import OrganizationFactory, OwnedPhoneNumberFactory
from tests.inventory.shop import buy, finish, here, listed, there

pytestmark = pytest.mark.django_db


def test_an_order_buys_what_was_asked_for_and_writes_all_of_it_down(
    organization: Organization,
) -> None:
    job = finish(inventory.order_purchase(organization, "212", 25, actor=None))
    assert (job.state, job.done, job.outcome) == ("DONE", 25, "Bought 25 in 212.")
    assert len(here()) == 25
    assert here() == there(organization)
    row = OwnedPhoneNumber.objects.first()
    assert row is not None
    assert (row.area_code, row.monthly_price, row.allocated_at) == ("212", Decimal("1.00"), None)
    assert not job.intents.filter(settled_at__isnull=True).exists()


def test_what_was_bought_can_be_released(organization: Organization) -> None:
    finish(inventory.order_purchase(organization, "212", 12, actor=None))
    job = finish(inventory.order_release(organization, "212", 12, actor=None))
    assert (job.state, job.done, job.outcome) == ("DONE", 12, "Released 12 in 212.")
    assert here() == there(organization) == set()
    assert not NumberJob.objects.filter(state__in=("QUEUED", "RUNNING")).exists()


def test_a_number_that_stands_with_another_organization_stays_there_and_is_told(
    organization: Organization,
) -> None:
    first = buy(organization, 1)
    (number,) = inventory.bought_by(first)
    OwnedPhoneNumber.objects.all().delete()
    theirs = OwnedPhoneNumberFactory(phone_number=number, service_id="theirs")
    intent = first.intents.get()
    (sold,) = listed(organization)
    for _ in range(2):  # however often the vendor tells of it
        records.record_purchase(intent, sold, None)
    first.refresh_from_db()
    assert first.done == 2, "it was paid for, so it counts once"
    assert first.details == {"conflicts": [number]}
    assert "recorded with another organization" in buying.ending(first).words
    theirs.refresh_from_db()
    assert theirs.service_id == "theirs"
    assert here(organization) == set()


def test_a_number_that_is_being_given_back_there_may_be_bought_here(
    organization: Organization,
) -> None:
    other = OrganizationFactory()
    job = buy(organization, 1)
    (sold,) = listed(organization)
    release = NumberJob.objects.create(organization=other, kind="RELEASE", limit=1)
    OwnedPhoneNumber.objects.update(organization=other, releasing=release, service_id="former")
    records.record_purchase(job.intents.get(), sold, None)
    assert here(other) == set()
    assert here(organization) == there(organization)


def test_an_order_that_is_still_open_keeps_its_numbers_from_being_released(
    organization: Organization,
) -> None:
    job = buy(organization, 3)
    job.intents.update(settled_at=None)
    assert inventory.available(organization, "fakeservice").count() == 0
    ended = finish(inventory.order_release(organization, "212", 3, actor=None))
    assert ended.outcome == "Released 0 of 3 in 212: no more of them are free."
    assert len(there(organization)) == 3


def test_an_order_that_runs_has_its_room_of_the_month_reserved(
    organization: Organization, settings: Any
) -> None:
    settings.MAX_NUMBERS_PER_MONTH = 10
    waiting = inventory.order_purchase(organization, "212", 8, actor=None)
    assert inventory.left_this_month(organization) == 2
    inventory.cancel(waiting)
    finish(waiting)
    assert inventory.left_this_month(organization) == 10
    buy(organization, 3)
    finish(inventory.order_release(organization, "212", 3, actor=None))
    assert inventory.left_this_month(organization) == 7, "released numbers were paid for"
    assert inventory.left_this_month(OrganizationFactory()) == 10


def test_a_company_that_pauses_is_asked_again(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, refused = http.request, []

    async def request(method: str, url: str, **options: Any) -> Any:
        if method == "POST" and len(refused) < 3:
            refused.append(url)
            raise TransientVendorError("Too many requests.", retry_after_seconds=0.01)
        return await ask(method, url, **options)

    monkeypatch.setattr(http, "request", request)
    job = finish(inventory.order_purchase(organization, "212", 4, actor=None))
    assert (job.state, job.done, len(refused)) == ("DONE", 4, 3)
    assert here() == there(organization)


def test_a_bug_of_ours_is_tried_again_and_given_up_in_words(
    organization: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NUMBERS_MAX_ATTEMPTS = 2
    monkeypatch.setattr(FakeService, "list_owned_numbers", lambda self: 1 / 0)
    job = finish(inventory.order_comparison(organization, actor=None))
    assert job.state == "FAILED"
    assert job.outcome == (
        "Nothing was changed: Something broke on our side. Gave up after 2 tries."
    )


def test_a_number_of_a_company_that_refuses_to_take_it_back_stays_ours(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    buy(organization, 3)
    give_back = FakeService.release_number
    refused: list[str] = []

    async def release(self: FakeService, service_id: str) -> None:
        if not refused:
            refused.append(service_id)
            raise PermanentVendorError("It is under contract.")
        await give_back(self, service_id)

    monkeypatch.setattr(FakeService, "release_number", release)
    job = finish(inventory.order_release(organization, "212", 3, actor=None))
    assert (job.state, job.done, job.failed) == ("PARTLY", 2, 1)
    assert "did not take a number back. It is under contract." in job.outcome
    assert {service_id for _, service_id in here()} == set(refused)
    assert here() == there(organization)
    assert inventory.available(organization, "fakeservice").count() == 1
