"""No page lets in whom it should not: every route is tried with every kind of person."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from service_vendors.models import Membership, Organization, Role
from service_vendors.web.urls import urlpatterns
from tests.conftest import ClientFor
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.web.markup import Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pigeons")]

ROUTES = {
    str(pattern.name): pattern
    for pattern in urlpatterns
    if isinstance(pattern, URLPattern) and str(pattern.pattern).startswith("admin/")
}
OWNERS_ONLY = sorted(name for name in ROUTES if name.startswith(("settings", "phone_numbers_")))
SAMPLES: dict[str, Any] = {
    "service": "pigeon",
    "reference": UUID(int=7),
    "contact_number": "+12125550123",
}


def address(name: str, organization_id: int) -> str:
    """An address of a route, with something in each of its places."""
    given = {"organization_id": organization_id}
    for place, converter in ROUTES[name].pattern.converters.items():
        if place not in given:
            given[place] = SAMPLES.get(place, 1 if "Int" in type(converter).__name__ else "x")
    return reverse(f"service_vendors:{name}", kwargs=given)


def ask(client: Client, method: str, url: str) -> int:
    return getattr(client, method)(url).status_code


def test_every_page_of_an_organization_is_tried_here() -> None:
    assert {"settings", "settings_vendor", "messages", "conversation", "handset"} <= set(ROUTES)


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_nobody_in_particular_is_asked_to_log_in(name: str, organization: Organization) -> None:
    url = address(name, organization.pk)
    response = Client().get(url)
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/?next=")
    assert ask(Client(), "post", url) in {302, 405}


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_stranger_cannot_tell_that_the_organization_exists(
    name: str, organization: Organization, stranger: Any, client_for: ClientFor
) -> None:
    client = client_for(stranger)
    for organization_id in (organization.pk, organization.pk + 1_000, 10**30):
        url = address(name, organization_id)
        assert ask(client, "get", url) == 404
        assert ask(client, "post", url) in {404, 405}


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_suspended_member_may_open_nothing(
    name: str, organization: Organization, client_for: ClientFor
) -> None:
    member = MembershipFactory(organization=organization, role=Role.SUSPENDED)
    client = client_for(member.user)
    url = address(name, organization.pk)
    response = client.get(url)
    assert response.status_code == 403
    assert "is suspended. Ask an owner to lift that." in Page(response).text
    assert ask(client, "post", url) in {403, 405}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPERVOLUNTEER, Role.TEXTER])
@pytest.mark.parametrize("name", OWNERS_ONLY)
def test_the_settings_and_what_costs_money_are_for_owners_only(
    name: str, role: Role, organization: Organization, client_for: ClientFor
) -> None:
    member = MembershipFactory(organization=organization, role=role)
    client = client_for(member.user)
    url = address(name, organization.pk)
    assert ask(client, "get", url) == 403
    assert ask(client, "post", url) in {403, 405}


def test_who_runs_the_installation_is_still_a_stranger_to_its_organizations(
    organization: Organization, client_for: ClientFor
) -> None:
    operator = UserFactory(is_staff=True, is_superuser=True)
    assert ask(client_for(operator), "get", f"/admin/{organization.pk}/settings") == 404


def test_a_refusal_says_who_may_and_whom_to_ask(
    organization: Organization, admin: Any, client_for: ClientFor
) -> None:
    response = client_for(admin).get(f"/admin/{organization.pk}/settings")
    text = Page(response).text
    assert f"You are an admin of {organization.name}; this page is for owners." in text
    assert "Ask an owner" in text


def test_a_live_fragment_sends_who_was_logged_out_to_the_log_in(
    organization: Organization,
) -> None:
    response = Client().get(f"/admin/{organization.pk}/settings", headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert response["HX-Refresh"] == "true"
    assert response.content == b""


def test_a_page_of_an_organization_is_never_kept_by_a_browser_or_a_proxy(
    organization: Organization, owner: Any, client_for: ClientFor
) -> None:
    response = client_for(owner).get(f"/admin/{organization.pk}/settings")
    assert "no-store" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]


def test_an_address_with_a_slash_at_its_end_leads_to_the_one_without(
    organization: Organization, owner: Any, client_for: ClientFor
) -> None:
    client = client_for(owner)
    response = client.get(f"/admin/{organization.pk}/settings/?before=3")
    assert response.status_code == 308
    assert response["Location"] == f"/admin/{organization.pk}/settings?before=3"
    assert client.get("/healthz/")["Location"] == "/healthz"


def test_an_owner_begins_at_the_settings_and_a_texter_at_the_messages(
    organization: Organization, owner: Any, texter: Any, client_for: ClientFor
) -> None:
    assert client_for(owner).get("/")["Location"] == f"/admin/{organization.pk}/settings"
    assert client_for(texter).get("/")["Location"] == f"/admin/{organization.pk}/messages"


def test_who_is_not_logged_in_begins_at_the_log_in() -> None:
    assert Client().get("/")["Location"] == "/accounts/login/?next=/"


def test_the_first_organization_is_the_first_by_name_that_is_open(
    client_for: ClientFor,
) -> None:
    user = UserFactory()
    for name, role in (("Aardvarks", Role.SUSPENDED), ("Cats", Role.OWNER), ("Bees", Role.OWNER)):
        MembershipFactory(organization=OrganizationFactory(name=name), user=user, role=role)
    bees = Organization.objects.get(name="Bees")
    assert client_for(user).get("/")["Location"] == f"/admin/{bees.pk}/settings"


def test_who_belongs_nowhere_is_told_what_to_do(client_for: ClientFor) -> None:
    member = MembershipFactory(role=Role.SUSPENDED)
    assert Membership.objects.filter(user=member.user).exists()
    text = Page(client_for(member.user).get("/")).text
    assert "You belong to no organization" in text
    assert "Ask an owner" in text
