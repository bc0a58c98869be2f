"""Numbers in use: listed with what uses them, and taken out of use by owners, asked once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from rest_framework.test import APIClient

from service_vendors import inventory
from service_vendors.exceptions import NumbersRefused
from service_vendors.models import AuditEntry, Organization, OwnedPhoneNumber, Role
from tests.api.conftest import calling_as
from tests.conftest import ClientFor
from tests.factories import (
    CampaignFactory,
    MembershipFactory,
    OrganizationFactory,
    OwnedPhoneNumberFactory,
)
from tests.inventory.shop import buy, listed, pool
from tests.web.markup import Page

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(organization: Organization) -> str:
    """The page's address."""
    return f"/admin/{organization.pk}/phone-numbers"


@pytest.fixture
def sid(organization: Organization) -> str:
    """A messaging service with three numbers."""
    sid = pool(organization)
    numbers = inventory.bought_by(buy(organization, 3))
    inventory.put_into_pool(organization, "fakeservice", sid, numbers)
    return sid


def free(organization: Organization) -> int:
    return inventory.available(organization, "fakeservice").count()


def inside(organization: Organization, sid: str) -> int:
    return sum(one.messageservice_sid == sid for one in listed(organization))


def test_an_owner_is_told_what_it_means_and_takes_a_service_s_numbers_out(
    organization: Organization, sid: str, base: str, owner: Any, client_for: ClientFor
) -> None:
    client = client_for(owner)
    page = Page(client.get(base))
    assert f"Messaging service {sid}" in page.text
    (link,) = [a for a in page.all("a") if "Take out of use" in a.text]
    asked = Page(client.get(link.get("href")))
    assert "Texts of this messaging service no longer go out from these numbers." in asked.text
    assert asked.one("button", class_="btn btn-danger").text == "Take 3 numbers out of use"
    assert (free(organization), inside(organization, sid)) == (0, 3), "looking changes nothing"
    answer = client.post(f"{base}/take-out", {"kind": "messaging_service", "id": sid}, follow=True)
    assert "3 numbers are out of use." in Page(answer).text
    assert (free(organization), inside(organization, sid)) == (3, 0)
    entry = AuditEntry.objects.get(action="numbers taken out of use")
    assert (entry.actor_id, entry.service) == (owner.pk, "fakeservice")
    assert entry.summary == f"Took 3 numbers out of {sid}."
    again = client.post(f"{base}/take-out", {"kind": "messaging_service", "id": sid}, follow=True)
    assert "None of your numbers is in use there." in Page(again).text


def test_a_campaign_s_numbers_are_taken_out_and_those_of_others_are_not(
    organization: Organization, base: str, owner: Any, client_for: ClientFor
) -> None:
    buy(organization, 3)
    first, second = (CampaignFactory(organization=organization) for _ in range(2))
    inventory.allocate_to_campaign(first, "fakeservice", "212", 2)
    inventory.allocate_to_campaign(second, "fakeservice", "212", 1)
    client = client_for(owner)
    asked = Page(client.get(f"{base}/take-out", {"kind": "campaign", "id": first.pk}))
    assert "Texts of this campaign no longer go out" in asked.text and first.title in asked.text
    client.post(f"{base}/take-out", {"kind": "campaign", "id": first.pk})
    (left,) = inventory.uses(organization, "fakeservice")
    assert (left.kind, left.id, left.count) == ("campaign", str(second.pk), 1)
    assert free(organization) == 2
    assert AuditEntry.objects.filter(action="numbers taken out of use").count() == 1


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_whoever_is_no_owner_takes_nothing_out(
    role: Role, organization: Organization, sid: str, base: str, client_for: ClientFor
) -> None:
    user = MembershipFactory(organization=organization, role=role).user
    client, asked = client_for(user), {"kind": "messaging_service", "id": sid}
    assert client.get(f"{base}/take-out", asked).status_code == 403
    assert client.post(f"{base}/take-out", asked).status_code == 403
    address = f"/api/organizations/{organization.pk}/phone-numbers/uses"
    assert calling_as(user).post(address, asked, format="json").status_code == 403
    assert (free(organization), inside(organization, sid)) == (0, 3)
    if role is Role.ADMIN:
        page = Page(client.get(base))
        assert f"Messaging service {sid}" in page.text and "Take out of use" not in page.text


def test_strangers_and_nobody_find_nothing(
    organization: Organization, sid: str, base: str, stranger: Any, client_for: ClientFor
) -> None:
    asked = {"kind": "messaging_service", "id": sid}
    assert client_for(stranger).post(f"{base}/take-out", asked).status_code == 404
    assert Client().post(f"{base}/take-out", asked).status_code in {302, 403}
    address = f"/api/organizations/{organization.pk}/phone-numbers/uses"
    assert calling_as(stranger).post(address, asked, format="json").status_code == 404
    assert APIClient().post(address, asked, format="json").status_code == 401
    assert inside(organization, sid) == 3


def test_programs_of_owners_list_uses_and_end_them(
    organization: Organization, sid: str, owner: Any
) -> None:
    program = calling_as(owner)
    address = f"/api/organizations/{organization.pk}/phone-numbers/uses"
    (use,) = program.get(address).json()
    assert use == {"kind": "messaging_service", "id": sid, "title": sid, "count": 3}
    asked = {"kind": use["kind"], "id": use["id"]}
    answer = program.post(address, asked, format="json")
    assert (answer.status_code, answer.json()) == (200, {"taken_out": 3})
    assert (free(organization), inside(organization, sid)) == (3, 0)
    again = program.post(address, asked, format="json")
    assert (again.status_code, again.json()["code"]) == (422, "phone_numbers_refused")


def test_a_service_that_others_text_through_is_left_alone(
    organization: Organization, sid: str
) -> None:
    """It is emptied as a whole, so it would be emptied of theirs, too."""
    use = inventory.use_of(organization, "fakeservice", "messaging_service", sid)
    OwnedPhoneNumberFactory(
        organization=OrganizationFactory(), service="fakeservice", messageservice_sid=sid
    )
    with pytest.raises(NumbersRefused, match="Other organizations"):
        inventory.take_out_of_use(organization, "fakeservice", use, actor=None)
    assert (free(organization), inside(organization, sid)) == (0, 3)


def test_the_command_that_releases_says_what_uses_the_numbers(
    organization: Organization, sid: str
) -> None:
    with pytest.raises(CommandError) as said:
        call_command("delete_numbers", str(organization.pk), "212", "--yes")
    assert f"It has 3 that are in use (messaging service {sid})." in str(said.value)
    assert "takes them out of use on the Phone numbers page" in str(said.value)
    assert OwnedPhoneNumber.objects.count() == 3
