"""Here and at the vendor: the difference is told first, and what is applied was seen."""

from __future__ import annotations

from typing import Any

import pytest

from service_vendors import configuration, inventory
from service_vendors.exceptions import NumbersRefused
from service_vendors.managers.base import ServiceManager
from service_vendors.models import NumberJob, Organization, OwnedPhoneNumber
from service_vendors.types import ServiceManagerData
from service_vendors.vendors import loop
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import OrganizationFactory, OwnedPhoneNumberFactory
from tests.inventory.shop import buy, finish, here, pool, there

pytestmark = pytest.mark.django_db


def compare(organization: Organization, **how: Any) -> NumberJob:
    return finish(inventory.order_comparison(organization, actor=None, **how))


def apply(comparison: NumberJob) -> NumberJob:
    return finish(inventory.order_sync(comparison, actor=None))


def bought_elsewhere(organization: Organization, count: int) -> list[str]:
    """Numbers bought in the vendor's own console."""
    vendor = configuration.vendor_of(organization)

    async def buy_some() -> list[str]:
        numbers = vendor.buy_numbers_in_area_code("646", count, "console")
        return [one.phone_number async for one in numbers]

    return loop.run(buy_some())


def test_what_was_bought_and_not_written_down_is_found_by_its_reference(
    organization: Organization,
) -> None:
    job = buy(organization, 3)
    OwnedPhoneNumber.objects.all().delete()
    OrganizationFactory()  # so that strays of the shared account are not simply taken
    comparison = compare(organization)
    assert comparison.outcome == "3 there but not here."
    assert here() == set(), "comparing changed something"
    apply(comparison)
    assert here() == there(organization)
    assert set(inventory.bought_by(job)) == {number for number, _ in here()}


def test_strays_of_an_account_of_ones_own_are_taken_over(
    organization: Organization, company: FakeServiceServer, owner: Any
) -> None:
    OrganizationFactory()
    account = company.account("our-own")
    configuration.save_vendor_config(organization, "fakeservice", account, actor=owner)
    numbers = bought_elsewhere(organization, 2)
    apply(compare(organization))
    assert {number for number, _ in here()} == set(numbers)
    assert OwnedPhoneNumber.objects.filter(area_code="646").count() == 2


def test_strays_of_a_shared_account_are_taken_by_operators_only(
    organization: Organization,
) -> None:
    OrganizationFactory()
    bought_elsewhere(organization, 2)
    comparison = compare(organization)
    assert comparison.details["found"] == []
    assert "2 in the vendor's account are not yours to take." in comparison.outcome
    apply(comparison)
    assert here() == set()
    apply(compare(organization, adopt_shared=True))
    assert here() == there(organization)


def test_another_organizations_numbers_are_neither_taken_nor_shown(
    organization: Organization,
) -> None:
    other = OrganizationFactory()
    buy(other, 2)
    OwnedPhoneNumber.objects.filter(organization=other).first().delete()
    comparison = compare(organization, adopt_shared=True)
    assert comparison.details["found"] == []
    apply(comparison)
    assert here(organization) == set()


def test_only_what_was_seen_is_applied(organization: Organization) -> None:
    buy(organization, 2)
    gone = OwnedPhoneNumberFactory(organization=organization, created_at="2026-01-01T00:00Z")
    comparison = compare(organization)
    assert [one["phone_number"] for one in comparison.details["gone"]] == [gone.phone_number]
    later = OwnedPhoneNumberFactory(organization=organization, created_at="2026-01-01T00:00Z")
    assert apply(comparison).outcome == "Added 0, removed 1, updated 0."
    assert {later.phone_number} == {n for n, _ in here() - there(organization)}


def test_what_came_back_meanwhile_is_not_removed(organization: Organization) -> None:
    buy(organization, 1)
    row = OwnedPhoneNumber.objects.get()
    right = row.service_id
    OwnedPhoneNumber.objects.update(service_id="typing error")
    comparison = compare(organization)
    OwnedPhoneNumber.objects.update(service_id=right)
    assert apply(comparison).outcome == "Added 0, removed 0, updated 0."
    assert here() == there(organization)


def test_a_number_that_serves_a_pool_at_the_vendor_is_known_to_afterwards(
    organization: Organization,
) -> None:
    buy(organization, 2)
    sid = pool(organization)
    row = OwnedPhoneNumber.objects.order_by("pk")[0]
    vendor = configuration.vendor_of(organization)
    loop.run(vendor.add_numbers_to_messaging_service(sid, [row.service_id]))
    comparison = compare(organization)
    assert comparison.outcome == "1 different."
    apply(comparison)
    row.refresh_from_db()
    assert (row.messageservice_sid, row.allocated_to) == (sid, "messaging_service")
    loop.run(vendor.clear_messaging_service_phones(sid))
    apply(compare(organization))
    row.refresh_from_db()
    assert (row.messageservice_sid, row.allocated_to, row.allocated_at) == ("", "", None)
    assert compare(organization).outcome == "Here and there are the same."


class IntoThePool(ServiceManager):
    """Wants numbers to go into a pool."""

    name = "into-the-pool"
    title = "Into the pool"
    sid = ""

    def on_buy_phone_numbers(
        self, organization: Organization, service: str, area_code: str, limit: int
    ) -> ServiceManagerData | None:
        """The pool of the test."""
        assert (service, area_code) == ("fakeservice", "212")
        return ServiceManagerData(messageservice_sid=self.sid)


def test_a_manager_decides_into_which_pool_bought_numbers_go(
    organization: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SERVICE_MANAGERS = [f"{__name__}.IntoThePool"]
    monkeypatch.setattr(IntoThePool, "sid", pool(organization))
    job = finish(inventory.order_purchase(organization, "212", 12, actor=None))
    assert (job.state, job.outcome) == ("DONE", "Bought 12 in 212.")
    assert OwnedPhoneNumber.objects.filter(messageservice_sid=IntoThePool.sid).count() == 12
    assert compare(organization).outcome == "Here and there are the same."


def test_a_pool_that_is_gone_is_told_and_the_numbers_stay(
    organization: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SERVICE_MANAGERS = [f"{__name__}.IntoThePool"]
    monkeypatch.setattr(IntoThePool, "sid", "no-such-pool")
    job = finish(inventory.order_purchase(organization, "212", 2, actor=None))
    assert "They are not in their messaging service" in job.outcome
    assert here() == there(organization)
    assert inventory.available(organization, "fakeservice").count() == 2


def test_a_comparison_must_be_looked_at_before_it_is_applied(organization: Organization) -> None:
    waiting = inventory.order_comparison(organization, actor=None)
    with pytest.raises(NumbersRefused, match="look at the difference"):
        inventory.order_sync(waiting, actor=None)
