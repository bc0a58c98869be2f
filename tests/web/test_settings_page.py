"""What else the Settings page shows: addresses for the vendor, and who changed what."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.test import Client
from django.utils import timezone

from service_vendors.configuration import save_vendor_config
from service_vendors.models import Organization
from service_vendors.vendors import registry
from tests.factories import (
    AuditEntryFactory,
    CampaignFactory,
    WebhookEventFactory,
)
from tests.web.conftest import Setup
from tests.web.markup import Page

pytestmark = pytest.mark.usefixtures("pigeons")


# -- addresses to give to the vendor ---------------------------------------------------------------


def test_each_webhook_has_its_address_with_a_button_to_copy_it(
    owner_client: Client, base: str, organization: Organization
) -> None:
    page = Page(owner_client.get(base))
    field = page.by_id("webhook-pigeon")
    assert field.get("value") == f"https://texts.example.org/pigeon/{organization.pk}"
    assert "readonly" in field.attributes
    button = page.one("button", data_copy="webhook-pigeon")
    assert button.get("aria-label") == "Copy the address for incoming messages"
    assert (
        page.by_id("webhook-pigeon-report")
        .get("value")
        .endswith(f"/pigeon-report/{organization.pk}")
    )


def test_an_address_says_when_it_was_last_called(
    owner_client: Client, base: str, organization: Organization
) -> None:
    now = timezone.now()
    called = {"service": "pigeon", "address": "pigeon"}
    for hours in (5, 3):
        WebhookEventFactory(
            organization=organization, received_at=now - timedelta(hours=hours), **called
        )
    WebhookEventFactory(received_at=now, **called)  # another organization's
    page = Page(owner_client.get(base))
    assert "Last called 3\xa0hours ago." in page.by_id("webhook-pigeon-help").text.replace(
        "3 hours", "3\xa0hours"
    )
    assert "Not called yet." in page.by_id("webhook-pigeon-report-help").text


def test_an_installation_that_knows_no_public_address_says_so(
    owner_client: Client, base: str, settings: Any
) -> None:
    assert "BASE_URL" not in Page(owner_client.get(base)).text
    settings.BASE_URL = ""
    assert "Its operators must set BASE_URL" in Page(owner_client.get(base)).text


# -- the audit trail -------------------------------------------------------------------------------


def test_the_trail_shows_the_newest_and_leads_to_the_older(
    owner_client: Client, base: str, organization: Organization
) -> None:
    AuditEntryFactory(summary="Somebody else's change.")
    for number in range(45):
        AuditEntryFactory(organization=organization, summary=f"Change <{number:02}>.")
    seen: list[str] = []
    address = ""
    for _ in range(3):
        page = Page(owner_client.get(f"{base}{address}"))
        seen += re.findall(r"Change <(\d\d)>", page.by_id("audit").text)
        older = [link for link in page.all("a") if link.text == "Older"]
        address = older[0].get("href").partition("#")[0] if older else ""
    assert seen == [f"{number:02}" for number in range(44, -1, -1)]
    assert address == ""
    assert "Somebody else" not in page.by_id("audit").text
    assert [link.get("href") for link in page.all("a") if link.text == "Newest"] == ["?#audit"]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 5_000, "²"])
def test_a_page_of_the_trail_that_makes_no_sense_is_the_newest(
    before: str, owner_client: Client, base: str, organization: Organization
) -> None:
    AuditEntryFactory(organization=organization, summary="A change.")
    assert "A change." in Page(owner_client.get(base, {"before": before})).by_id("audit").text


def test_a_trail_that_is_empty_says_what_will_stand_there(owner_client: Client, base: str) -> None:
    assert "Nothing was changed yet." in Page(owner_client.get(base)).by_id("audit").text
    page = Page(owner_client.get(base, {"before": "1"}))
    assert "There is nothing older." in page.by_id("audit").text


def test_an_entry_of_a_vendor_that_is_gone_keeps_its_field_names(
    owner_client: Client, base: str, organization: Organization
) -> None:
    AuditEntryFactory(organization=organization, service="raven", fields=["feather"])
    assert "feather" in Page(owner_client.get(base)).by_id("audit").text


def test_the_page_asks_the_database_a_fixed_number_of_questions(
    owner_client: Client,
    base: str,
    organization: Organization,
    set_up: Setup,
    django_assert_max_num_queries: Any,
) -> None:
    AuditEntryFactory.create_batch(30, organization=organization, service="pigeon")
    CampaignFactory.create_batch(10, organization=organization, is_started=True)
    with django_assert_max_num_queries(30):
        owner_client.get(base)


def test_every_vendor_of_ours_set_up_costs_few_questions_and_only_one_is_unfolded(
    owner_client: Client,
    base: str,
    organization: Organization,
    owner: AbstractBaseUser,
    settings: Any,
    django_assert_max_num_queries: Any,
) -> None:
    settings.SERVICE_VENDORS = ["twilio", "bandwidth", "nexmo", "fakeservice"]
    settings.DEFAULT_SERVICE = "fakeservice"
    for name, vendor in registry.available().items():
        if vendor.org_config_setting:
            setattr(settings, vendor.org_config_setting.name, True)
        values = {field.name: f"some-{field.name}" for field in vendor.config_fields}
        save_vendor_config(organization, name, values, actor=owner, check=False)
    CampaignFactory.create_batch(10, organization=organization, is_started=True)
    with django_assert_max_num_queries(20):
        page = Page(owner_client.get(base))
    folded = page.all("details", class_="sv-card sv-fold")
    assert [fold for fold in folded if "open" in fold.attributes] == []
    assert [fold.get("id") for fold in folded] == ["twilio", "bandwidth", "nexmo"]
