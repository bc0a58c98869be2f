"""Which vendor sends, and what may not change unasked while campaigns are running."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from service_vendors import configuration
from service_vendors.models import AuditEntry, Organization
from tests.factories import CampaignFactory
from tests.web.conftest import Setup
from tests.web.markup import Page
from tests.web.pigeons import Pigeon, values

pytestmark = pytest.mark.usefixtures("pigeons")


@pytest.fixture
def running(organization: Organization) -> str:
    """The title of a campaign that is running; others are not."""
    CampaignFactory(organization=organization, is_started=False, title="Not begun")
    CampaignFactory(organization=organization, is_started=True, is_archived=True, title="Over")
    CampaignFactory(is_started=True, title="Somebody else's")
    return CampaignFactory(
        organization=organization, is_started=True, title="Get out the vote"
    ).title


# -- which vendor ----------------------------------------------------------------------------------


def test_the_page_says_who_chose_the_vendor(
    owner_client: Client, base: str, organization: Organization
) -> None:
    ready = Page(owner_client.get(base)).by_id("ready").text
    assert "Pigeon Post sends your texts: this installation's setting (DEFAULT_SERVICE)" in ready
    organization.features = {"DEFAULT_SERVICE": "owl"}
    organization.save()
    ready = Page(owner_client.get(base)).by_id("ready").text
    assert "Owl Mail sends your texts: your organization chose it." in ready


def test_another_vendor_can_be_chosen_and_left_again(
    owner_client: Client, base: str, organization: Organization
) -> None:
    response = owner_client.post(f"{base}/choose", {"service": "owl"}, follow=True)
    assert "Owl Mail sends your texts from now on." in Page(response).text
    assert "checked" in Page(response).by_id("choose-owl").attributes
    organization.refresh_from_db()
    assert configuration.active_vendor(organization).name == "owl"

    response = owner_client.post(f"{base}/choose", {"service": ""}, follow=True)
    assert "Pigeon Post sends your texts from now on." in Page(response).text
    assert "checked" in Page(response).by_id("choose-installation").attributes
    assert AuditEntry.objects.count() == 2


def test_leaving_the_choice_to_an_installation_without_one_is_said(
    owner_client: Client, base: str, organization: Organization, settings: Any
) -> None:
    owner_client.post(f"{base}/choose", {"service": "pigeon"})
    settings.DEFAULT_SERVICE = ""
    page = Page(owner_client.get(base))
    assert "names no vendor now, so nothing could be sent" in page.by_id("choose").text
    response = owner_client.post(f"{base}/choose", {"service": ""}, follow=True)
    assert "No vendor is chosen." in Page(response).text


def test_choosing_what_is_chosen_changes_nothing(owner_client: Client, base: str) -> None:
    assert owner_client.post(f"{base}/choose", {"service": ""}).status_code == 302
    assert not AuditEntry.objects.exists()


def test_a_vendor_that_there_is_not_cannot_be_chosen(
    owner_client: Client, base: str, organization: Organization
) -> None:
    CampaignFactory(organization=organization, is_started=True)
    response = owner_client.post(f"{base}/choose", {"service": "raven"})
    assert response.status_code == 422
    assert "Choose one of the vendors on this page." in Page(response).text
    organization.refresh_from_db()
    assert organization.features == {}


def test_a_choice_shows_who_is_set_up(owner_client: Client, base: str, set_up: Setup) -> None:
    labels = {label.get("for"): label.text for label in Page(owner_client.get(base)).all("label")}
    assert labels["choose-pigeon"] == "Pigeon Post ready"
    assert labels["choose-owl"] == "Owl Mail not set up"


# -- running campaigns -----------------------------------------------------------------------------


def test_without_running_campaigns_nothing_needs_confirming(
    owner_client: Client, base: str
) -> None:
    assert not Page(owner_client.get(base)).all("input", name="confirmed")


def test_a_switch_while_campaigns_run_needs_a_tick(
    owner_client: Client, base: str, organization: Organization, running: str
) -> None:
    assert "contacts see a new number" in Page(owner_client.get(base)).by_id("choose").text

    response = owner_client.post(f"{base}/choose", {"service": "owl"})
    assert response.status_code == 422
    page = Page(response)
    assert page.by_id("choose-confirmed-errors").text == "Tick this box if you want to switch now."
    assert "checked" in page.by_id("choose-owl").attributes
    organization.refresh_from_db()
    assert configuration.active_vendor(organization).name == "pigeon"

    owner_client.post(f"{base}/choose", {"service": "owl", "confirmed": "on"})
    organization.refresh_from_db()
    assert configuration.active_vendor(organization).name == "owl"


def test_running_campaigns_are_named_once_whatever_could_touch_them(
    owner_client: Client, base: str, running: str, set_up: Setup
) -> None:
    page = Page(owner_client.get(base))
    assert {box.get("id") for box in page.all("input", name="confirmed")} == {
        "choose-confirmed",
        "pigeon-confirmed",
    }
    assert page.text.count("1 campaign is running") == page.text.count(running) == 1
    warning = page.by_id("running-campaigns").text
    assert "1 campaign is running" in warning
    assert running in warning
    assert "Not begun" not in page.text
    assert "Over" not in warning
    assert "Somebody else's" not in page.text


def test_where_there_is_nothing_to_switch_to_there_is_no_warning_of_it(
    owner_client: Client,
    base: str,
    running: str,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.SERVICE_VENDORS = ["pigeon"]
    page = Page(owner_client.get(base))
    assert "running" not in page.by_id("choose").text
    assert running in page.by_id("running-campaigns").text  # its account could still be changed
    monkeypatch.setattr(Pigeon, "supports_org_config", classmethod(lambda cls: False))
    assert running not in Page(owner_client.get(base)).text
    assert owner_client.post(f"{base}/choose", {"service": "pigeon"}).status_code == 302


def test_naming_the_same_vendor_explicitly_breaks_nothing(
    owner_client: Client, base: str, running: str
) -> None:
    assert owner_client.post(f"{base}/choose", {"service": "pigeon"}).status_code == 302


def test_from_no_vendor_to_one_breaks_nothing(
    owner_client: Client, base: str, running: str, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = ""
    assert owner_client.post(f"{base}/choose", {"service": "pigeon"}).status_code == 302


@pytest.mark.parametrize(
    "change",
    [
        {"account": "AC1", "remove_token": "on"},
        {"account": "AC-another"},
        {"account": "", "remove_token": "on"},
    ],
    ids=["the token removed", "another account", "nothing left"],
)
def test_a_change_that_breaks_running_campaigns_needs_a_tick(
    change: dict[str, str],
    owner_client: Client,
    base: str,
    organization: Organization,
    running: str,
    set_up: Setup,
) -> None:
    before = values(organization)
    response = owner_client.post(f"{base}/pigeon", {"version": 1, **change})
    assert response.status_code == 422
    page = Page(response)
    assert "Tick this box" in page.by_id("pigeon-confirmed-errors").text
    assert "running campaigns wait unsent" in page.by_id("pigeon").text
    assert values(organization) == before
    data = {"version": 1, **change, "confirmed": "on"}
    assert owner_client.post(f"{base}/pigeon", data).status_code == 302
    assert values(organization) != before


@pytest.mark.parametrize(
    "change", [{"token": "new-secret"}, {"basket": "tin"}], ids=["a new token", "another basket"]
)
def test_a_change_that_harms_no_campaign_needs_no_tick(
    change: dict[str, str], owner_client: Client, base: str, running: str, set_up: Setup
) -> None:
    response = owner_client.post(f"{base}/pigeon", {"version": 1, "account": "AC1", **change})
    assert response.status_code == 302


def test_settings_of_a_vendor_that_sends_nothing_need_no_tick(
    owner_client: Client, base: str, running: str, set_up: Setup, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = "owl"
    assert owner_client.post(f"{base}/pigeon", {"version": 1, "account": "AC2"}).status_code == 302
    settings.DEFAULT_SERVICE = ""
    assert owner_client.post(f"{base}/pigeon", {"version": 2, "account": "AC3"}).status_code == 302


def test_many_running_campaigns_are_counted(
    owner_client: Client, base: str, organization: Organization
) -> None:
    CampaignFactory.create_batch(8, organization=organization, is_started=True)
    warning = Page(owner_client.get(base)).by_id("running-campaigns").text
    assert "8 campaigns are running" in warning
    assert "and 3 more" in warning
