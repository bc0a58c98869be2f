"""What was wrong with phone numbers in the program many come from, one test a defect.

The names in the tests' first lines are places in that program's files.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from service_vendors import inventory
from service_vendors.exceptions import NumbersRefused, PermanentVendorError, SendUncertain
from service_vendors.inventory import records
from service_vendors.models import (
    AuditEntry,
    NumberJob,
    Organization,
    OwnedPhoneNumber,
    Role,
)
from service_vendors.phone import is_e164
from service_vendors.types import PurchasedNumber
from service_vendors.vendors import http
from service_vendors.vendors.fakeservice.vendor import FakeService
from tests.conftest import ClientFor
from tests.factories import CampaignFactory, MembershipFactory, OrganizationFactory
from tests.inventory.shop import buy, finish, here, pool, there

pytestmark = pytest.mark.django_db


def test_a_purchase_that_stops_half_way_is_recorded_as_far_as_it_came(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T:782-826, T:833: buying, attaching and writing down were not one; some got lost."""
    breaks_after(monkeypatch, 7, PermanentVendorError("Your balance is used up."))
    job = finish(inventory.order_purchase(organization, "212", 12, actor=None))
    assert job.state == "PARTLY"
    assert job.outcome == "Bought 7 of 12 in 212: Your balance is used up."
    assert len(here()) == 7 and here() == there(organization)


def test_a_purchase_whose_answer_was_lost_is_found_and_not_made_twice(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J:1351-1385: jobs were not idempotent, and failures were hidden."""
    lost = loses_answers(monkeypatch, every=3)
    job = finish(inventory.order_purchase(organization, "212", 12, actor=None))
    assert lost, "no answer was lost"
    assert (job.state, job.done) == ("DONE", 12)
    assert len(here()) == 12 and here() == there(organization)


def test_a_job_in_doubt_stays_open_until_the_vendor_can_be_asked(
    organization: Organization, company: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """J:1351-1385: an order whose outcome nobody knew counted as done."""
    sell = FakeService.buy_numbers_in_area_code
    breaks_after(monkeypatch, 0, SendUncertain("No complete answer."))
    job = inventory.order_purchase(organization, "212", 2, actor=None)
    for _ in range(20):
        NumberJob.objects.filter(pk=job.pk).update(due_at=job.created_at)
        inventory.work([job.pk])
    job.refresh_from_db()
    assert job.state == "QUEUED"
    assert job.outcome == "No complete answer."
    assert job.intents.get().in_doubt
    monkeypatch.setattr(FakeService, "buy_numbers_in_area_code", sell)
    NumberJob.objects.filter(pk=job.pk).update(due_at=job.created_at, attempts=0)
    finish(job)
    assert (job.state, job.done) == ("DONE", 2)
    assert here() == there(organization)


def test_a_job_is_never_deleted_and_says_how_it_ended(
    organization: Organization, owner: Any
) -> None:
    """JP:90: jobs were deleted while they ran. J:1351-1385: their failures with them."""
    job = finish(inventory.order_purchase(organization, "999", 2, actor=owner))
    assert job.state == "FAILED"
    assert job.outcome == "Bought 0 of 2 in 999: Fakeservice has no numbers in 999."
    assert NumberJob.objects.get() == job
    entry = AuditEntry.objects.get(action="numbers bought")
    assert (entry.actor, entry.summary) == (owner, job.outcome)


def test_numbers_of_a_messaging_service_are_never_released(organization: Organization) -> None:
    """T:942: numbers attached to a service at the vendor were deleted as not allocated."""
    buy(organization, 5)
    ours, theirs, *_ = OwnedPhoneNumber.objects.order_by("pk")
    sid = pool(organization)
    inventory.put_into_pool(organization, "fakeservice", sid, [ours.phone_number])
    inventory.put_into_pool(organization, "fakeservice", sid, [theirs.phone_number])
    # Somebody did it in the vendor's console, so nothing here tells.
    OwnedPhoneNumber.objects.filter(pk=theirs.pk).update(
        allocated_to="", allocated_to_id="", allocated_at=None, messageservice_sid=""
    )
    job = finish(inventory.order_release(organization, "212", 5, actor=None))
    assert job.outcome == "Released 3 of 5 in 212: no more of them are free."
    kept = {(one.phone_number, one.service_id) for one in (ours, theirs)}
    assert here() == there(organization) == kept
    assert inventory.empty_pool(organization, "fakeservice", sid) == 2
    finish(inventory.order_release(organization, "212", 5, actor=None))
    assert here() == there(organization) == set()


def test_a_release_touches_only_its_own_organization(organization: Organization) -> None:
    """T:923: the numbers of an area code were deleted whoever's they were."""
    other = OrganizationFactory()
    buy(organization, 2)
    buy(other, 2)
    finish(inventory.order_release(organization, "212", 4, actor=None))
    assert here(organization) == set()
    assert len(here(other)) == 2 and here(other) == there(other)


def test_every_number_is_e164_and_no_two_are_the_same(organization: Organization) -> None:
    """F:138: the fake vendor sold the same number again and again, and not as E.164."""
    buy(organization, 30)
    numbers = [number for number, _ in here()]
    assert len(set(numbers)) == 30
    assert all(is_e164(number) for number in numbers)


def test_a_number_is_filed_under_its_own_area_code(organization: Organization) -> None:
    """T:818: toll-free numbers were filed outside "800", where nobody found them."""
    buy(organization, 1, "212")
    intent = NumberJob.objects.get().intents.get()
    toll_free = PurchasedNumber("+18335550100", "N-833", reference=str(intent.reference))
    records.record_purchase(intent, toll_free, None)
    filed = {
        one.area.code: one.area.region for one in inventory.counts(organization, "fakeservice")
    }
    assert filed == {"212": "New York", "833": "Toll-free"}


def test_a_bought_number_is_allocated_to_nothing(organization: Organization) -> None:
    """BS:204: a bought number was stamped as allocated, and could never be used or released."""
    buy(organization, 1)
    row = OwnedPhoneNumber.objects.get()
    assert (row.allocated_to, row.allocated_at) == ("", None)
    assert inventory.available(organization, "fakeservice").count() == 1


def test_a_released_number_is_gone_at_the_vendor_and_here(organization: Organization) -> None:
    """BS:218, BS:257: releasing did nothing, there or here."""
    buy(organization, 1)
    finish(inventory.order_release(organization, "212", 1, actor=None))
    assert here() == there(organization) == set()


def test_an_admin_cannot_spend_and_the_limit_is_checked(
    organization: Organization, settings: Any, client_for: ClientFor
) -> None:
    """buyPhoneNumbers:18: admins spent money, and nobody looked at the limit."""
    admin = MembershipFactory(organization=organization, role=Role.ADMIN).user
    address = f"/admin/{organization.pk}/phone-numbers/buy"
    asked = {"area_code": "212", "limit": "1"}
    assert client_for(admin).post(address, asked).status_code == 403
    organization.features = {"MAX_NUMBERS_PER_BUY_JOB": 5}
    organization.save()
    with pytest.raises(NumbersRefused, match="1 to 5 numbers; 6 were asked for"):
        inventory.order_purchase(organization, "212", 6, actor=None)
    settings.MAX_NUMBERS_PER_MONTH = 7
    buy(organization, 5)
    with pytest.raises(NumbersRefused, match="may buy 2 more"):
        inventory.order_purchase(organization, "212", 3, actor=None)
    buy(organization, 2)
    assert len(there(organization)) == 7


def test_numbers_are_allocated_to_a_campaign_of_the_same_organization_only(
    organization: Organization,
) -> None:
    """updateServiceManager:22: a campaign's id was believed, whoever's campaign it was."""
    buy(organization, 2)
    theirs = CampaignFactory(organization=OrganizationFactory())
    with pytest.raises(NumbersRefused, match="has 0 free numbers"):
        inventory.allocate_to_campaign(theirs, "fakeservice", "212", 1)
    ours = CampaignFactory(organization=organization)
    with pytest.raises(NumbersRefused, match="has 2 free numbers in 212; 3 are needed"):
        inventory.allocate_to_campaign(ours, "fakeservice", "212", 3)
    assert len(inventory.allocate_to_campaign(ours, "fakeservice", "212", 2)) == 2
    assert inventory.available(organization, "fakeservice").count() == 0
    assert inventory.take_from_campaign(ours) == 2
    assert inventory.available(organization, "fakeservice").count() == 2


def breaks_after(monkeypatch: pytest.MonkeyPatch, count: int, error: Exception) -> None:
    """Let the vendor sell so many numbers and then fail."""
    sell = FakeService.buy_numbers_in_area_code
    sold = [0]

    async def buy_some(
        self: FakeService, area_code: str, limit: int, reference: str
    ) -> AsyncIterator[PurchasedNumber]:
        if sold[0] >= count:
            raise error
        async for number in sell(self, area_code, min(limit, count - sold[0]), reference):
            sold[0] += 1
            yield number
        if sold[0] >= count:
            raise error

    monkeypatch.setattr(FakeService, "buy_numbers_in_area_code", buy_some)


def loses_answers(monkeypatch: pytest.MonkeyPatch, *, every: int) -> list[str]:
    """Let every so many purchases reach the company while their answers are lost."""
    ask = http.request
    bought: list[str] = []
    lost: list[str] = []

    async def request(method: str, url: str, **options: Any) -> Any:
        answer = await ask(method, url, **options)
        if method == "POST" and url.endswith("/numbers"):
            bought.append(url)
            if len(bought) % every == 0:
                lost.append(url)
                raise SendUncertain("No complete answer.")
        return answer

    monkeypatch.setattr(http, "request", request)
    return lost
