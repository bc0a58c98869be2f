"""Phone numbers over the API: who may do what, and orders that can be repeated without harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from service_vendors.models import NumberJob, Organization, Role
from service_vendors.references import new_reference
from tests.api.conftest import calling_as
from tests.api.test_roles import OF_NUMBERS
from tests.factories import MembershipFactory, OrganizationFactory
from tests.inventory.shop import buy, finish, here, there

pytestmark = pytest.mark.django_db

AsRole = Callable[[Role], APIClient]
MINIMUM = {
    ("api_phone_numbers", "GET", ""): Role.ADMIN,
    ("api_area_codes", "GET", "/area-codes"): Role.ADMIN,
    ("api_number_offer", "GET", "/offer?area_code=212&limit=2"): Role.OWNER,
    ("api_number_uses", "GET", "/uses"): Role.ADMIN,
    ("api_number_jobs", "GET", "/jobs"): Role.ADMIN,
    ("api_number_jobs", "POST", "/jobs"): Role.OWNER,
    ("api_number_job", "GET", "/jobs/{job}"): Role.ADMIN,
    ("api_number_job_cancel", "POST", "/jobs/{job}/cancel"): Role.OWNER,
}


@pytest.fixture
def as_role(organization: Organization) -> AsRole:
    """A maker of programs that call as a new member with a role."""

    def as_role(role: Role) -> APIClient:
        return calling_as(MembershipFactory(organization=organization, role=role).user)

    return as_role


@pytest.fixture
def owner(as_role: AsRole) -> APIClient:
    """A program of an owner."""
    return as_role(Role.OWNER)


@pytest.fixture
def base(organization: Organization) -> str:
    """The address of the organization's numbers."""
    return f"/api/organizations/{organization.pk}/phone-numbers"


def order(client: APIClient, base: str, key: str | None = None, **wanted: Any) -> Any:
    headers = {} if key is None else {"HTTP_IDEMPOTENCY_KEY": key}
    return client.post(f"{base}/jobs", wanted, format="json", **headers)


def call(client: APIClient, method: str, address: str) -> Any:
    if method == "GET":
        return client.get(address)
    body = {"kind": "BUY", "area_code": "212", "limit": 1}
    return client.post(address, body, format="json", HTTP_IDEMPOTENCY_KEY="k")


def test_every_address_is_tried_here() -> None:
    assert {name for name, _, _ in MINIMUM} == OF_NUMBERS


@pytest.mark.parametrize(("name", "method", "path"), MINIMUM)
@pytest.mark.parametrize("role", Role)
def test_admins_see_and_owners_spend(
    organization: Organization,
    as_role: AsRole,
    base: str,
    name: str,
    method: str,
    path: str,
    role: Role,
) -> None:
    job = NumberJob.objects.create(organization=organization, kind="BUY", limit=1)
    answer = call(as_role(role), method, base + path.format(job=job.reference))
    if role.at_least(MINIMUM[name, method, path]):
        assert answer.status_code in {200, 202}, answer.content
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        job.refresh_from_db()
        assert job.cancel_requested_at is None
        assert NumberJob.objects.count() == 1


@pytest.mark.parametrize(("name", "method", "path"), MINIMUM)
def test_strangers_and_nobody_are_refused(
    organization: Organization, base: str, name: str, method: str, path: str
) -> None:
    job = NumberJob.objects.create(organization=organization, kind="BUY", limit=1)
    address = base + path.format(job=job.reference)
    stranger = calling_as(MembershipFactory(role=Role.OWNER).user)
    assert call(stranger, method, address).status_code == 404
    assert call(APIClient(), method, address).status_code == 401
    assert NumberJob.objects.count() == 1


def test_an_order_is_bought_once_however_often_it_is_sent(
    organization: Organization, owner: APIClient, base: str
) -> None:
    first = order(owner, base, "spring", kind="BUY", area_code="212", limit=3)
    again = order(owner, base, "spring", kind="BUY", area_code="212", limit=3)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again["Idempotent-Replayed"] == "true"
    assert first["Location"] == again["Location"]
    finish(NumberJob.objects.get())
    job = owner.get(first["Location"]).json()
    assert (job["state"], job["done"], job["outcome"]) == ("DONE", 3, "Bought 3 in 212.")
    assert len(there(organization)) == 3
    other = order(owner, base, "spring", kind="BUY", area_code="212", limit=4)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_buying_takes_a_key(owner: APIClient, base: str) -> None:
    answer = order(owner, base, kind="BUY", area_code="212", limit=3)
    assert answer.status_code == 400
    assert "Idempotency-Key" in answer.json()["detail"]
    assert not NumberJob.objects.exists()


def test_numbers_are_listed_counted_and_released(
    organization: Organization, owner: APIClient, base: str
) -> None:
    buy(organization, 3)
    listed = owner.get(base, {"area_code": "212", "available": "true"}).json()["results"]
    assert {(one["phone_number"], one["service_id"]) for one in listed} == here()
    assert owner.get(base, {"available": "false"}).json()["results"] == []
    assert owner.get(f"{base}/area-codes").json() == [
        {"area_code": "212", "region": "New York", "total": 3, "available": 3}
    ]
    named = [listed[0]["phone_number"]]
    order(owner, base, kind="RELEASE", numbers=named)
    finish(NumberJob.objects.first())
    assert named[0] not in {number for number, _ in there(organization)}
    order(owner, base, kind="RELEASE", area_code="212", limit=2)
    finish(NumberJob.objects.first())
    assert here() == there(organization) == set()


def test_a_comparison_is_seen_and_then_applied(
    organization: Organization, owner: APIClient, base: str
) -> None:
    buy(organization, 2)
    lost = organization.owned_phone_numbers.first()
    lost.delete()
    compared = order(owner, base, kind="COMPARE")
    early = order(owner, base, kind="SYNC", comparison=compared.json()["reference"])
    assert (early.status_code, early.json()["code"]) == (422, "phone_numbers_refused")
    finish(NumberJob.objects.first())
    seen = owner.get(compared["Location"]).json()
    assert seen["difference"] == {"gone": [], "found": [lost.phone_number], "changed": []}
    assert order(owner, base, kind="SYNC", comparison=seen["reference"]).status_code == 202
    finish(NumberJob.objects.first())
    assert here() == there(organization)


def test_an_offer_tells_what_it_costs(owner: APIClient, base: str) -> None:
    offer = owner.get(f"{base}/offer", {"area_code": "212", "limit": 5}).json()
    assert (offer["available"], offer["total"], offer["currency"]) == (5, "5.0000", "USD")


@pytest.mark.parametrize(
    ("wanted", "status", "says"),
    [
        ({"kind": "STEAL"}, 400, "kind"),
        ({"kind": "BUY", "area_code": "212"}, 400, "limit"),
        ({"kind": "BUY", "limit": 1}, 400, "area_code"),
        ({"kind": "BUY", "area_code": "212", "limit": 0}, 400, "limit"),
        ({"kind": "BUY", "area_code": "212", "limit": 101}, 422, "1 to 100"),
        ({"kind": "BUY", "area_code": "2x2", "limit": 1}, 422, "three digits"),
        ({"kind": "RELEASE", "numbers": ["212 555 0100"], "limit": 1}, 400, "numbers"),
        ({"kind": "SYNC"}, 400, "comparison"),
        ({"kind": "SYNC", "comparison": str(new_reference())}, 404, "reference"),
    ],
)
def test_what_cannot_be_done_is_refused_with_words(
    owner: APIClient, base: str, wanted: dict[str, Any], status: int, says: str
) -> None:
    answer = order(owner, base, "k", **wanted)
    assert answer.status_code == status, answer.content
    assert says in answer.content.decode()
    assert not NumberJob.objects.exists()


def test_another_organizations_orders_are_nobodys_business(
    organization: Organization, owner: APIClient, base: str
) -> None:
    other = OrganizationFactory()
    theirs = NumberJob.objects.create(organization=other, kind="COMPARE", state="DONE")
    assert owner.get(f"{base}/jobs/{theirs.reference}").status_code == 404
    assert owner.post(f"{base}/jobs/{theirs.reference}/cancel").status_code == 404
    answer = order(owner, base, kind="SYNC", comparison=str(theirs.reference))
    assert answer.status_code == 404


def test_where_numbers_are_not_managed_it_says_what_to_set(
    owner: APIClient, base: str, settings: Any
) -> None:
    settings.PHONE_INVENTORY = False
    for answer in (owner.get(base), order(owner, base, "k", kind="BUY", area_code="212", limit=1)):
        assert (answer.status_code, answer.json()["code"]) == (409, "phone_numbers_off")
        assert "PHONE_INVENTORY=on" in answer.json()["detail"]


def test_a_vendor_that_is_away_is_told_as_such(company: Any, owner: APIClient, base: str) -> None:
    company.stop()
    answer = owner.get(f"{base}/offer", {"area_code": "212"})
    assert (answer.status_code, answer.json()["code"]) == (503, "vendor_unavailable")


def test_an_order_that_waits_is_cancelled_at_once(
    organization: Organization, owner: APIClient, base: str
) -> None:
    address = order(owner, base, "k", kind="BUY", area_code="212", limit=5)["Location"]
    assert owner.post(f"{address}/cancel").json()["cancel_requested_at"]
    finish(NumberJob.objects.get())
    job = owner.get(address).json()
    assert job["state"] == "CANCELLED"
    assert job["outcome"] == "Bought 0 of 5 in 212, then it was cancelled."
    assert there(organization) == set()
