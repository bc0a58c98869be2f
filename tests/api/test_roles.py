"""Who may do what: every address of the API, for every role, strangers and nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from service_vendors.api.urls import urlpatterns
from service_vendors.models import LookupJob, Membership, Message, Organization, Role
from service_vendors.references import new_reference
from tests.factories import PASSWORD, MembershipFactory, MessageFactory

AsRole = Callable[[Role], APIClient]

JSON = "application/json"
EVERYONE = frozenset({"api", "api_schema", "api_docs", "api_unknown"})
LOGGED_IN = frozenset({"api_tokens", "api_token", "api_organizations"})
# With a vendor that sells numbers: tests/inventory/test_api.py tries every role on these.
OF_NUMBERS = frozenset(
    {
        "api_phone_numbers",
        "api_area_codes",
        "api_number_offer",
        "api_number_uses",
        "api_number_jobs",
        "api_number_job",
        "api_number_job_cancel",
    }
)
MINIMUM = {
    ("api_messages", "GET"): Role.TEXTER,
    ("api_messages", "POST"): Role.TEXTER,
    ("api_message", "GET"): Role.TEXTER,
    ("api_vendor", "GET"): Role.ADMIN,
    ("api_contact", "GET"): Role.ADMIN,
    ("api_contact_lookup", "POST"): Role.ADMIN,
    ("api_lookups", "POST"): Role.ADMIN,
    ("api_lookup", "GET"): Role.ADMIN,
    ("api_lookup", "DELETE"): Role.ADMIN,
}


def call(client: Any, name: str, method: str, organization_id: int) -> Any:
    base = f"/api/organizations/{organization_id}"
    if name == "api_message":
        sender = Membership.objects.order_by("-pk").first()
        message = MessageFactory(organization_id=organization_id, sender_id=sender.user_id)
        return client.get(f"{base}/messages/{message.reference}")
    if name == "api_vendor":
        return client.get(f"{base}/vendor")
    if name == "api_contact":
        return client.get(f"{base}/contacts/+12125560001")
    if name == "api_contact_lookup":
        return client.post(f"{base}/contacts/+12125560001/lookup", {}, content_type=JSON)
    if name == "api_lookups":
        body = {"numbers": ["+12125560001"]}
        return client.post(f"{base}/lookups", body, content_type=JSON)
    if name == "api_lookup":
        address = f"{base}/lookups/{_lookup_of(organization_id)}"
        return client.get(address) if method == "GET" else client.delete(address)
    if method == "GET":
        return client.get(f"{base}/messages")
    body = {"contact_number": "+12125560001", "text": "Vote!"}
    return client.post(f"{base}/messages", body, content_type=JSON)


def _lookup_of(organization_id: int) -> int:
    """A lookup that began, where there is such an organization."""
    if organization_id >= 10**30:
        return 1
    job = LookupJob.objects.create(
        organization_id=organization_id,
        source=LookupJob.Source.NUMBERS,
        title="Voters",
        service="scripted",
        detail=0,
        is_free=True,
        started_at=timezone.now(),
    )
    return job.pk


def test_every_address_has_a_rule_here() -> None:
    named = {pattern.name for pattern in urlpatterns}
    assert named == EVERYONE | LOGGED_IN | OF_NUMBERS | {name for name, _ in MINIMUM}


@pytest.mark.parametrize(("name", "method"), MINIMUM)
@pytest.mark.parametrize("role", Role)
def test_a_role_opens_what_it_may_and_nothing_else(
    organization: Organization, as_role: AsRole, name: str, method: str, role: Role
) -> None:
    client = as_role(role)
    answer = call(_JsonClient(client), name, method, organization.pk)
    if role.at_least(MINIMUM[name, method]):
        # 422: this vendor looks nothing up.
        opened = {200, 201} | ({422} if "lookup" in name else set())
        assert answer.status_code in opened, answer.content
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert role.label in answer.json()["detail"]


class _JsonClient:
    """Django's client and DRF's, called the same way."""

    def __init__(self, client: APIClient) -> None:
        self.client = client

    def get(self, url: str) -> Any:
        return self.client.get(url)

    def delete(self, url: str) -> Any:
        return self.client.delete(url)

    def post(self, url: str, body: Any, content_type: str) -> Any:
        return self.client.post(url, body, format="json")


@pytest.mark.parametrize(("name", "method"), MINIMUM)
def test_strangers_cannot_tell_whether_an_organization_exists(
    organization: Organization, outsider: APIClient, name: str, method: str
) -> None:
    real = call(_JsonClient(outsider), name, method, organization.pk)
    if name == "api_message":
        invented = outsider.get(f"/api/organizations/{10**30}/messages/{new_reference()}")
    else:
        invented = call(_JsonClient(outsider), name, method, 10**30)
    assert real.status_code == invented.status_code == 404
    assert real.json() == invented.json()
    assert Message.objects.filter(text="Vote!").count() == 0


@pytest.mark.parametrize(("name", "method"), MINIMUM)
def test_nobody_is_asked_to_log_in(
    organization: Organization, anonymous: APIClient, name: str, method: str
) -> None:
    MembershipFactory(organization=organization)
    answer = call(_JsonClient(anonymous), name, method, organization.pk)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("address", ["/api/organizations", "/api/tokens"])
def test_what_is_mine_takes_a_log_in(db: None, anonymous: APIClient, address: str) -> None:
    assert anonymous.get(address).status_code == 401


def test_a_session_needs_the_csrf_token_to_send(organization: Organization) -> None:
    member = MembershipFactory(organization=organization, role=Role.TEXTER)
    browser = Client(enforce_csrf_checks=True)
    assert browser.login(username=member.user.username, password=PASSWORD)
    address = f"/api/organizations/{organization.pk}/messages"
    body = {"contact_number": "+12125560001", "text": "Vote!"}
    assert browser.get(address).status_code == 200
    refused = browser.post(address, body, content_type="application/json")
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]
    assert not Message.objects.exists()


def test_unknown_addresses_are_answered_in_the_same_shape(db: None, anonymous: APIClient) -> None:
    for method in (anonymous.get, anonymous.post, anonymous.delete):
        answer = method("/api/nonsense/1")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "/api/docs" in answer.json()["detail"]


def test_an_address_with_a_slash_at_its_end_leads_to_the_one_without(
    organization: Organization, as_role: AsRole
) -> None:
    answer = as_role(Role.TEXTER).post(
        f"/api/organizations/{organization.pk}/messages/", {}, format="json"
    )
    assert answer.status_code == 308
    assert answer["Location"] == f"/api/organizations/{organization.pk}/messages"


def test_a_wrong_method_is_answered_in_the_same_shape(
    organization: Organization, as_role: AsRole
) -> None:
    answer = as_role(Role.OWNER).put(f"/api/organizations/{organization.pk}/vendor", {})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
