"""My organizations and their vendors, over the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from service_vendors.configuration import save_vendor_config
from service_vendors.models import Organization, Role
from tests.api.conftest import calling_as
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.trouble import LAST_ERROR, open_the_breaker

AsRole = Callable[[Role], APIClient]


def test_only_my_organizations_are_listed_with_my_role_in_each(db: None) -> None:
    user = UserFactory()
    OrganizationFactory(name="Not mine")
    for name, role in (("B", Role.TEXTER), ("A", Role.SUSPENDED)):
        MembershipFactory(user=user, role=role, organization__name=name)
    answer = calling_as(user).get("/api/organizations")
    assert [(o["name"], o["role"]) for o in answer.json()] == [("A", "SUSPENDED"), ("B", "TEXTER")]


def test_an_admin_sees_the_vendors_status_and_not_its_settings(
    organization: Organization, as_role: AsRole, settings: Any
) -> None:
    settings.SCRIPTED_TOKEN = None
    body = as_role(Role.ADMIN).get(f"/api/organizations/{organization.pk}/vendor").json()
    assert body["active"] == {"name": "scripted", "source": "environment"}
    assert body["ready"] is False
    assert "SCRIPTED_TOKEN" in body["reason"]
    assert {item["title"]: item["ready"] for item in body["checklist"]}["Token"] is False
    assert body["settings"] is None


def test_an_owner_sees_that_a_secret_is_set_and_never_the_secret(
    organization: Organization, as_role: AsRole
) -> None:
    save_vendor_config(
        organization, "scripted", {"token": "hush-hush-4711", "account": "AC9"}, actor=None
    )
    answer = as_role(Role.OWNER).get(f"/api/organizations/{organization.pk}/vendor")
    assert answer.json()["settings"] == {"account": "AC9", "token": "<Hidden>"}
    assert answer.json()["ready"] is True
    assert b"4711" not in answer.content


def test_a_vendor_in_trouble_says_since_when_why_and_when_it_is_tried_again(
    organization: Organization, as_role: AsRole
) -> None:
    address = f"/api/organizations/{organization.pk}/vendor"
    assert as_role(Role.ADMIN).get(address).json()["trouble"] is None
    before = timezone.now()
    open_the_breaker(organization)
    body = as_role(Role.ADMIN).get(address).json()
    assert body["ready"] is True, "there is nothing to set up"
    trouble = body["trouble"]
    assert (trouble["state"], trouble["last_error"]) == ("open", LAST_ERROR)
    assert datetime.fromisoformat(trouble["since"]) >= before
    assert datetime.fromisoformat(trouble["next_try"]) > timezone.now()


def test_without_a_vendor_the_status_says_what_to_set(
    organization: Organization, as_role: AsRole, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = ""
    body = as_role(Role.OWNER).get(f"/api/organizations/{organization.pk}/vendor").json()
    assert (body["active"], body["ready"], body["settings"]) == (None, False, None)
    assert "DEFAULT_SERVICE" in body["reason"]
