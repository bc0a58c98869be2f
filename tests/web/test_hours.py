"""Texting hours on the Settings page."""

from __future__ import annotations

import pytest
from django.test import Client

from service_vendors import texting_hours
from service_vendors.models import AuditEntry, Organization
from service_vendors.texting_hours import TextingHours
from tests.conftest import ClientFor
from tests.web.markup import Page

pytestmark = pytest.mark.usefixtures("set_up")


def now(organization: Organization) -> TextingHours | None:
    return texting_hours.of(Organization.objects.get(pk=organization.pk))


def test_an_owner_sets_the_hours_and_lifts_them_again(
    owner_client: Client, base: str, organization: Organization
) -> None:
    assert "Texts go out at any hour." in Page(owner_client.get(base)).by_id("texting-hours").text
    hours = {"enforced": "on", "start": "10", "end": "20"}
    response = owner_client.post(f"{base}/texting-hours", hours, follow=True)
    assert response.redirect_chain == [(f"{base}#texting-hours", 302)]
    assert "from 10:00 to 20:00 where they are" in Page(response).by_id("texting-hours").text
    assert now(organization) == TextingHours(10, 20)
    owner_client.post(f"{base}/texting-hours", hours)
    assert AuditEntry.objects.filter(action="texting hours changed").count() == 1
    owner_client.post(f"{base}/texting-hours", {"start": "10", "end": "20"})
    assert now(organization) is None


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("20", "10", "Choose an hour after the one they begin."),
        ("9", "9", "Choose an hour after the one they begin."),
        ("25", "10", "Choose one of the hours."),
        ("x", "<b>", "Choose one of the hours."),
    ],
)
def test_hours_that_are_none_are_refused_and_change_nothing(
    owner_client: Client, base: str, organization: Organization, start: str, end: str, said: str
) -> None:
    hours = {"enforced": "on", "start": start, "end": end}
    response = owner_client.post(f"{base}/texting-hours", hours)
    assert response.status_code == 422
    assert said in Page(response).by_id("texting-hours").text
    assert "Nothing was saved" in Page(response).text
    assert now(organization) is None


def test_hours_that_cannot_be_understood_are_told_and_can_be_mended(
    owner_client: Client, base: str, organization: Organization
) -> None:
    organization.features = {"TEXTING_HOURS_ENFORCED": True, "TEXTING_HOURS_END": "late"}
    organization.save()
    assert "no text goes out" in Page(owner_client.get(base)).by_id("texting-hours").text
    owner_client.post(f"{base}/texting-hours", {"enforced": "on", "start": "9", "end": "21"})
    assert now(organization) == TextingHours(9, 21)


def test_only_owners_set_them(
    base: str, organization: Organization, admin: object, client_for: ClientFor
) -> None:
    client = client_for(admin)  # type: ignore[arg-type]
    assert client.post(f"{base}/texting-hours", {"start": "9", "end": "21"}).status_code == 403


def test_the_address_alone_leads_to_the_page(owner_client: Client, base: str) -> None:
    assert owner_client.get(f"{base}/texting-hours")["Location"] == f"{base}#texting-hours"
