"""Contacts and lookups over the API: what is known, what it costs, and who may spend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from service_vendors import lookups
from service_vendors.models import LookupJob, Organization, Role
from service_vendors.types import LookupDetail
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from tests.factories import (
    CampaignFactory,
    ContactFactory,
    OptOutFactory,
    OrganizationFactory,
    a_number,
)
from tests.lookups.conftest import bill, company, organization

__all__ = ["bill", "company", "organization"]

AsRole = Callable[[Role], APIClient]
LANDLINE = "+12125550149"


@pytest.fixture
def base(organization: Organization) -> str:
    """Where the organization's addresses begin."""
    return f"/api/organizations/{organization.pk}"


@pytest.fixture
def owner(as_role: AsRole) -> APIClient:
    """A program of an owner."""
    return as_role(Role.OWNER)


def test_a_number_that_nothing_is_known_of_has_no_status(owner: APIClient, base: str) -> None:
    answer = owner.get(f"{base}/contacts/(212) 555-0149")
    assert answer.status_code == 200
    assert answer.json()["contact_number"] == LANDLINE
    assert (answer.json()["status"], answer.json()["last_lookup"]) == (None, None)


def test_a_lookup_tells_what_is_known_then(
    owner: APIClient, base: str, organization: Organization, bill: Any
) -> None:
    OptOutFactory(organization=organization, cell=LANDLINE)
    answer = owner.post(f"{base}/contacts/{LANDLINE}/lookup", {"detail": "name"}, format="json")
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["status"], told["status_code"]) == ("landline", -1)
    assert (told["carrier"], told["line_type"]) == ("Copper & Sons", "landline")
    assert (told["name"], told["last_lookup_detail"]) == ("Contact 0149", "name")
    assert told["opted_out"] is True
    assert "landline" in told["refusal"]
    assert owner.get(f"{base}/contacts/{LANDLINE}").json() == told
    assert bill()["paid"] == 1
    again = {"detail": "name", "newer_than": told["last_lookup"]}
    for _ in range(2):
        owner.post(f"{base}/contacts/{LANDLINE}/lookup", again, format="json")
    assert bill()["paid"] == 2


def test_an_admin_may_look_up_for_free_and_spend_nothing(
    as_role: AsRole, base: str, bill: Any
) -> None:
    admin = as_role(Role.ADMIN)
    assert admin.post(f"{base}/contacts/{LANDLINE}/lookup", {}, format="json").status_code == 200
    for address, body in (
        (f"{base}/contacts/{LANDLINE}/lookup", {"detail": "carrier"}),
        (f"{base}/lookups", {"numbers": [LANDLINE], "detail": "carrier", "most_cost": "9"}),
    ):
        answer = admin.post(address, body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert "Ask an owner" in answer.json()["detail"]
    assert bill() == {"paid": 0, "different": 0, "free": 1}
    assert not LookupJob.objects.exists()


def test_what_a_lookup_may_cost_is_told_before_it_begins(
    owner: APIClient, base: str, bill: Any
) -> None:
    body: dict[str, Any] = {"numbers": [a_number(n) for n in range(10)], "detail": "carrier"}
    for most_cost in (None, "0.049"):
        answer = owner.post(f"{base}/lookups", body | {"most_cost": most_cost}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (422, "cost_not_agreed")
        assert "0.05 USD" in answer.json()["detail"]
    assert not LookupJob.objects.exists()
    answer = owner.post(f"{base}/lookups", body | {"most_cost": "0.05"}, format="json")
    assert (answer.status_code, answer.json()["status"]) == (201, "RUNNING")
    lookups.turn(answer.json()["id"], seconds=30)
    told = owner.get(answer["Location"]).json()
    assert (told["status"], told["done"], told["total"]) == ("DONE", 10, 10)
    assert (told["spent"], told["currency"]) == ("0.05000", "USD")
    assert told["found"] == {"textable": 9, "landline": 1}
    assert bill()["paid"] == 10


def test_a_campaign_is_looked_up_and_cancelled(
    owner: APIClient, base: str, organization: Organization
) -> None:
    campaign = CampaignFactory(organization=organization)
    ContactFactory.create_batch(3, campaign=campaign)
    begun = owner.post(f"{base}/lookups", {"campaign": campaign.pk}, format="json")
    assert (begun.status_code, begun.json()["total"]) == (201, 3)
    assert begun.json()["title"] == campaign.title
    cancelled = owner.delete(begun["Location"])
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "CANCELLED")


def test_a_repeated_key_begins_nothing(owner: APIClient, base: str) -> None:
    answers = [
        owner.post(
            f"{base}/lookups",
            {"numbers": [LANDLINE]},
            format="json",
            headers={"Idempotency-Key": "once"},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[1]["Idempotent-Replayed"] == "true"
    assert LookupJob.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "either a campaign or numbers"),
        ({"numbers": ["+12125550101"], "campaign": 1}, 400, "either a campaign or numbers"),
        ({"numbers": ["+12125550101", "12"]}, 400, "1: '12' is not a phone number"),
        ({"numbers": []}, 422, "no numbers"),
        ({"campaign": 10**9}, 404, "no campaign"),
        ({"numbers": ["+12125550101"], "detail": "shoe size"}, 400, "detail"),
    ],
)
def test_a_bad_request_says_what_is_wrong_and_begins_nothing(
    owner: APIClient, base: str, body: dict[str, Any], status: int, words: str
) -> None:
    answer = owner.post(f"{base}/lookups", body, format="json")
    assert (answer.status_code, words in answer.content.decode()) == (status, True), answer.content
    assert not LookupJob.objects.exists()


def test_another_organizations_campaigns_and_lookups_are_not_there(
    owner: APIClient, base: str
) -> None:
    theirs = CampaignFactory(organization=OrganizationFactory())
    ContactFactory(campaign=theirs)
    answer = owner.post(f"{base}/lookups", {"campaign": theirs.pk}, format="json")
    assert answer.status_code == 404
    job = lookups.prepare_campaign(theirs, detail=LookupDetail.STATUS, actor=None)
    job = lookups.start(job, actor=None)
    for job_id in (job.pk, 10**30):
        assert owner.get(f"{base}/lookups/{job_id}").status_code == 404
        assert owner.delete(f"{base}/lookups/{job_id}").status_code == 404
    job.refresh_from_db()
    assert job.status == LookupJob.Status.RUNNING


@pytest.mark.parametrize(
    ("behaviour", "status", "code"),
    [
        ({"faults": {"refuse": 1}}, 503, "vendor_unavailable"),
        ({"faults": {"break": 1}}, 502, "lookup_in_doubt"),
        ({"faults": {"reject": 1}}, 422, "vendor_refused"),
        ({"refuse_credentials": True}, 409, "vendor_not_ready"),
    ],
)
def test_a_vendor_that_does_not_answer_is_told_apart(
    owner: APIClient,
    base: str,
    company: FakeServiceServer,
    behaviour: dict[str, Any],
    status: int,
    code: str,
) -> None:
    company.behave(**behaviour)
    answer = owner.post(f"{base}/contacts/{LANDLINE}/lookup", {"detail": "carrier"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_number_that_takes_no_texts_is_refused_in_words(
    owner: APIClient, base: str, organization: Organization
) -> None:
    lookups.look_up(organization, LANDLINE)
    body = {"contact_number": LANDLINE, "text": "Vote!"}
    answer = owner.post(f"{base}/messages", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "contact_not_textable")
    assert "landline" in answer.json()["detail"]
