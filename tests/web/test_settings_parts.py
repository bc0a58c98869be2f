"""The Settings page around the form: choice, running campaigns, addresses, trials, the trail."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from service_vendors import configuration
from service_vendors.exceptions import ConfigurationRejected, TransientVendorError
from service_vendors.models import AuditEntry, Message, Organization, SendStatus
from service_vendors.web import settings as settings_views
from tests.conftest import ClientFor
from tests.factories import (
    AuditEntryFactory,
    CampaignFactory,
    MessageFactory,
    OptOutFactory,
    WebhookEventFactory,
)
from tests.web.conftest import Setup
from tests.web.markup import Page
from tests.web.pigeons import Pigeon
from tests.web.test_settings import fails, values

pytestmark = pytest.mark.usefixtures("pigeons")

HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(owner: Any, client_for: ClientFor) -> Client:
    """The owner's browser."""
    return client_for(owner)


@pytest.fixture
def base(organization: Organization) -> str:
    """The page's address."""
    return f"/admin/{organization.pk}/settings"


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
    client: Client, base: str, organization: Organization
) -> None:
    ready = Page(client.get(base)).by_id("ready").text
    assert "Pigeon Post sends your texts: this installation's setting (DEFAULT_SERVICE)" in ready
    organization.features = {"DEFAULT_SERVICE": "owl"}
    organization.save()
    ready = Page(client.get(base)).by_id("ready").text
    assert "Owl Mail sends your texts: your organization chose it." in ready


def test_another_vendor_can_be_chosen_and_left_again(
    client: Client, base: str, organization: Organization
) -> None:
    response = client.post(f"{base}/choose", {"service": "owl"}, follow=True)
    assert "Owl Mail sends your texts from now on." in Page(response).text
    assert "checked" in Page(response).by_id("choose-owl").attributes
    organization.refresh_from_db()
    assert configuration.active_vendor(organization).name == "owl"

    response = client.post(f"{base}/choose", {"service": ""}, follow=True)
    assert "Pigeon Post sends your texts from now on." in Page(response).text
    assert "checked" in Page(response).by_id("choose-installation").attributes
    assert AuditEntry.objects.count() == 2


def test_leaving_the_choice_to_an_installation_without_one_is_said(
    client: Client, base: str, organization: Organization, settings: Any
) -> None:
    client.post(f"{base}/choose", {"service": "pigeon"})
    settings.DEFAULT_SERVICE = ""
    page = Page(client.get(base))
    assert "names no vendor now, so nothing could be sent" in page.by_id("choose").text
    response = client.post(f"{base}/choose", {"service": ""}, follow=True)
    assert "No vendor is chosen." in Page(response).text


def test_choosing_what_is_chosen_changes_nothing(client: Client, base: str) -> None:
    assert client.post(f"{base}/choose", {"service": ""}).status_code == 302
    assert not AuditEntry.objects.exists()


def test_a_vendor_that_there_is_not_cannot_be_chosen(
    client: Client, base: str, organization: Organization
) -> None:
    CampaignFactory(organization=organization, is_started=True)
    response = client.post(f"{base}/choose", {"service": "raven"})
    assert response.status_code == 422
    assert "Choose one of the vendors on this page." in Page(response).text
    organization.refresh_from_db()
    assert organization.features == {}


def test_a_choice_shows_who_is_set_up(client: Client, base: str, set_up: Setup) -> None:
    labels = {label.get("for"): label.text for label in Page(client.get(base)).all("label")}
    assert labels["choose-pigeon"] == "Pigeon Post ready"
    assert labels["choose-owl"] == "Owl Mail not set up"


# -- running campaigns -----------------------------------------------------------------------------


def test_without_running_campaigns_nothing_needs_confirming(client: Client, base: str) -> None:
    assert not Page(client.get(base)).all("input", name="confirmed")


def test_a_switch_while_campaigns_run_needs_a_tick(
    client: Client, base: str, organization: Organization, running: str
) -> None:
    choose = Page(client.get(base)).by_id("choose").text
    assert "1 campaign is running" in choose
    assert running in choose
    assert "contacts see a new number" in choose
    assert "Not begun" not in choose
    assert "Over" not in choose
    assert "Somebody else's" not in choose

    response = client.post(f"{base}/choose", {"service": "owl"})
    assert response.status_code == 422
    page = Page(response)
    assert page.by_id("choose-confirmed-errors").text == "Tick this box if you want to switch now."
    assert "checked" in page.by_id("choose-owl").attributes
    organization.refresh_from_db()
    assert configuration.active_vendor(organization).name == "pigeon"

    client.post(f"{base}/choose", {"service": "owl", "confirmed": "on"})
    organization.refresh_from_db()
    assert configuration.active_vendor(organization).name == "owl"


def test_naming_the_same_vendor_explicitly_breaks_nothing(
    client: Client, base: str, running: str
) -> None:
    assert client.post(f"{base}/choose", {"service": "pigeon"}).status_code == 302


def test_from_no_vendor_to_one_breaks_nothing(
    client: Client, base: str, running: str, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = ""
    assert client.post(f"{base}/choose", {"service": "pigeon"}).status_code == 302


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
    client: Client,
    base: str,
    organization: Organization,
    running: str,
    set_up: Setup,
) -> None:
    before = values(organization)
    response = client.post(f"{base}/pigeon", {"version": 1, **change})
    assert response.status_code == 422
    page = Page(response)
    assert "Tick this box" in page.by_id("pigeon-confirmed-errors").text
    assert "their texts wait unsent" in page.by_id("pigeon").text
    assert values(organization) == before
    data = {"version": 1, **change, "confirmed": "on"}
    assert client.post(f"{base}/pigeon", data).status_code == 302
    assert values(organization) != before


@pytest.mark.parametrize(
    "change", [{"token": "new-secret"}, {"basket": "tin"}], ids=["a new token", "another basket"]
)
def test_a_change_that_harms_no_campaign_needs_no_tick(
    change: dict[str, str], client: Client, base: str, running: str, set_up: Setup
) -> None:
    response = client.post(f"{base}/pigeon", {"version": 1, "account": "AC1", **change})
    assert response.status_code == 302


def test_settings_of_a_vendor_that_sends_nothing_need_no_tick(
    client: Client, base: str, running: str, set_up: Setup, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = "owl"
    assert client.post(f"{base}/pigeon", {"version": 1, "account": "AC2"}).status_code == 302
    settings.DEFAULT_SERVICE = ""
    assert client.post(f"{base}/pigeon", {"version": 2, "account": "AC3"}).status_code == 302


def test_many_running_campaigns_are_counted(
    client: Client, base: str, organization: Organization
) -> None:
    CampaignFactory.create_batch(8, organization=organization, is_started=True)
    choose = Page(client.get(base)).by_id("choose").text
    assert "8 campaigns are running" in choose
    assert "and 3 more" in choose


# -- addresses to give to the vendor ---------------------------------------------------------------


def test_each_webhook_has_its_address_with_a_button_to_copy_it(
    client: Client, base: str, organization: Organization
) -> None:
    page = Page(client.get(base))
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
    client: Client, base: str, organization: Organization
) -> None:
    now = timezone.now()
    called = {"service": "pigeon", "address": "pigeon"}
    for hours in (5, 3):
        WebhookEventFactory(
            organization=organization, received_at=now - timedelta(hours=hours), **called
        )
    WebhookEventFactory(received_at=now, **called)  # another organization's
    page = Page(client.get(base))
    assert "Last called 3\xa0hours ago." in page.by_id("webhook-pigeon-help").text.replace(
        "3 hours", "3\xa0hours"
    )
    assert "Not called yet." in page.by_id("webhook-pigeon-report-help").text


def test_an_installation_that_knows_no_public_address_says_so(
    client: Client, base: str, settings: Any
) -> None:
    assert "BASE_URL" not in Page(client.get(base)).text
    settings.BASE_URL = ""
    assert "Its operators must set BASE_URL" in Page(client.get(base)).text


# -- testing the connection ------------------------------------------------------------------------


def test_the_connection_is_tested_with_what_is_saved(
    client: Client, base: str, set_up: Setup
) -> None:
    response = client.post(f"{base}/pigeon/test-connection", follow=True)
    assert response.redirect_chain[0][0] == base
    assert "Pigeon Post answers." in Page(response).one("div", class_="alert alert-success").text
    assert Pigeon.asked == [{"account": "AC1", "token": "first-secret", "basket": "wicker"}]


@pytest.mark.parametrize("error", [ConfigurationRejected, TransientVendorError])
def test_a_connection_that_fails_says_why(
    error: type[Exception],
    client: Client,
    base: str,
    set_up: Setup,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pigeon, "says", fails(error("The pigeon came back.")))
    page = Page(client.post(f"{base}/pigeon/test-connection", follow=True))
    assert page.one("div", class_="alert alert-danger").text == "The pigeon came back."


def test_a_vendor_that_says_nothing_is_not_waited_for_for_ever(
    client: Client, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(vendor: Any) -> str:
        import asyncio

        await asyncio.sleep(60)
        return "late"

    monkeypatch.setattr(Pigeon, "check_connection", never)
    monkeypatch.setattr(settings_views, "CONNECTION_SECONDS", 0.05)
    response = client.post(f"{base}/pigeon/test-connection", headers=HTMX)
    assert "Pigeon Post did not answer within" in response.content.decode()


def test_a_vendor_can_be_tried_before_it_is_chosen(client: Client, base: str) -> None:
    assert Page(client.get(base)).one("form", action=f"{base}/owl/test-connection")
    response = client.post(f"{base}/owl/test-connection", headers=HTMX)
    assert "Pigeon Post answers." in response.content.decode()
    assert Pigeon.asked == [{"key": "", "feather": ""}]


def test_the_live_answer_is_only_the_verdict(client: Client, base: str, set_up: Setup) -> None:
    response = client.post(f"{base}/pigeon/test-connection", headers=HTMX)
    text = response.content.decode()
    assert "Pigeon Post answers." in text
    assert "<html" not in text
    assert Page(client.get(base)).by_id("pigeon-connection").get("role") == "status"


# -- a test message --------------------------------------------------------------------------------


def test_a_test_message_is_sent_and_shown_without_a_script(
    client: Client, base: str, set_up: Setup, owner: Any
) -> None:
    data = {"number": "(212) 555-0123", "text": "Hello", "key": str(uuid4())}
    response = client.post(f"{base}/test-message", data)
    message = Message.objects.get()
    assert message.contact_number == "+12125550123"
    assert message.sender == owner
    assert response["Location"] == f"{base}?test={message.reference}#test-message"
    status = Page(client.get(response["Location"])).by_id("trial-status")
    assert "(212) 555-0123" in status.text
    assert "queued" in status.text
    assert "Reload to see what became of it" in status.text


def test_where_a_text_would_wait_the_page_says_so(client: Client, base: str, set_up: Setup) -> None:
    assert "would wait" not in Page(client.get(base)).by_id("test-message").text
    set_up(token="")
    assert "a text would wait" in Page(client.get(base)).by_id("test-message").text


def test_an_impatient_second_click_texts_nobody_twice(
    client: Client, base: str, set_up: Setup
) -> None:
    key = Page(client.get(base)).by_id("trial-key").get("value")
    data = {"number": "(212) 555-0123", "text": "Hello", "key": key}
    first = client.post(f"{base}/test-message", data)
    assert client.post(f"{base}/test-message", data)["Location"] == first["Location"]
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "field", "said"),
    [
        ({"number": "12", "text": "Hello"}, "number", "is not a phone number"),
        ({"number": "", "text": "Hello"}, "number", "Type a number."),
        ({"number": "(212) 555-0123", "text": " "}, "text", "Type what to send."),
    ],
)
def test_what_cannot_be_sent_is_explained_beside_the_field(
    data: dict[str, str], field: str, said: str, client: Client, base: str
) -> None:
    response = client.post(f"{base}/test-message", data)
    assert response.status_code == 422
    page = Page(response)
    assert said in page.by_id(f"trial-{field}-errors").text
    assert page.by_id(f"trial-{field}").get("aria-invalid") == "true"
    assert not Message.objects.exists()


def test_who_opted_out_gets_no_test_message_either(
    client: Client, base: str, organization: Organization
) -> None:
    OptOutFactory(organization=organization, cell="+12125550123")
    response = client.post(
        f"{base}/test-message", {"number": "+12125550123", "text": "Hello"}, headers=HTMX
    )
    assert "asked not to be texted" in response.content.decode()
    assert not Message.objects.exists()


def test_without_a_vendor_a_test_message_says_what_to_do(
    client: Client, base: str, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = ""
    data = {"number": "+12125550123", "text": "Hello"}
    response = client.post(f"{base}/test-message", data, headers=HTMX)
    assert "No vendor is chosen." in response.content.decode()


def test_the_live_answer_is_a_fresh_form_and_the_status(
    client: Client, base: str, set_up: Setup
) -> None:
    key = str(uuid4())
    data = {"number": "(212) 555-0123", "text": "Hello", "key": key}
    response = client.post(f"{base}/test-message", data, headers=HTMX)
    page = Page(response)
    assert page.by_id("trial-number").get("value") == "(212) 555-0123"
    assert page.by_id("trial-text").text == "Hello"
    assert page.by_id("trial-key").get("value") != key
    assert page.one("div", hx_swap_oob="innerHTML:#trial-status").text.startswith("To")
    assert not page.all("html")


@pytest.fixture
def trial(organization: Organization) -> Message:
    """A test message on its way."""
    return MessageFactory(organization=organization, service="pigeon", send_status=SendStatus.SENT)


def polled(response: Any) -> tuple[str, str]:
    """Where and how often the fragment asks again; empty when it does not."""
    element = Page(response).one("div", class_="sv-trial")
    return element.get("hx-get"), element.get("hx-trigger")


def test_the_status_is_asked_for_again_until_it_is_final(
    client: Client, base: str, trial: Message
) -> None:
    url, every = polled(client.get(f"{base}/test-message/{trial.reference}"))
    assert every == "every 1s"
    assert client.get(url).status_code == 204, "nothing new: nothing to announce"
    Message.objects.update(status_reason="The vendor is busy.")
    assert "The vendor is busy." in client.get(url).content.decode()
    for status in (SendStatus.DELIVERED, SendStatus.ERROR, SendStatus.NOT_ATTEMPTED):
        Message.objects.update(send_status=status)
        response = client.get(url)
        assert response.status_code == 200
        assert polled(response) == ("", "")


@pytest.mark.parametrize(
    ("minutes", "every"), [(0, "every 1s"), (1, "every 3s"), (10, "every 15s"), (20, "")]
)
def test_the_page_asks_ever_less_and_stops(
    minutes: int, every: str, client: Client, base: str, trial: Message
) -> None:
    Message.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))
    assert polled(client.get(f"{base}/test-message/{trial.reference}"))[1] == every


def test_a_failed_test_message_shows_the_vendors_code(
    client: Client, base: str, trial: Message
) -> None:
    Message.objects.update(send_status=SendStatus.ERROR, error_code=42)
    text = client.get(f"{base}/test-message/{trial.reference}").content.decode()
    assert "Code 42: Pigeon Post refused or lost this message (error 42)." in text


def test_the_status_of_another_organizations_message_is_not_told(client: Client, base: str) -> None:
    other = MessageFactory()
    assert client.get(f"{base}/test-message/{other.reference}").status_code == 404
    page = Page(client.get(f"{base}?test={other.reference}"))
    assert page.by_id("trial-status").text == ""
    assert Page(client.get(f"{base}?test=nonsense")).by_id("trial-status").text == ""


# -- the audit trail -------------------------------------------------------------------------------


def test_the_trail_shows_the_newest_and_leads_to_the_older(
    client: Client, base: str, organization: Organization
) -> None:
    AuditEntryFactory(summary="Somebody else's change.")
    for number in range(45):
        AuditEntryFactory(organization=organization, summary=f"Change <{number:02}>.")
    seen: list[str] = []
    address = ""
    for _ in range(3):
        page = Page(client.get(f"{base}{address}"))
        seen += re.findall(r"Change <(\d\d)>", page.by_id("audit").text)
        older = [link for link in page.all("a") if link.text == "Older"]
        address = older[0].get("href").partition("#")[0] if older else ""
    assert seen == [f"{number:02}" for number in range(44, -1, -1)]
    assert address == ""
    assert "Somebody else" not in page.by_id("audit").text
    assert [link.get("href") for link in page.all("a") if link.text == "Newest"] == ["?#audit"]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 5_000, "²"])
def test_a_page_of_the_trail_that_makes_no_sense_is_the_newest(
    before: str, client: Client, base: str, organization: Organization
) -> None:
    AuditEntryFactory(organization=organization, summary="A change.")
    assert "A change." in Page(client.get(base, {"before": before})).by_id("audit").text


def test_a_trail_that_is_empty_says_what_will_stand_there(client: Client, base: str) -> None:
    assert "Nothing was changed yet." in Page(client.get(base)).by_id("audit").text
    page = Page(client.get(base, {"before": "1"}))
    assert "There is nothing older." in page.by_id("audit").text


def test_an_entry_of_a_vendor_that_is_gone_keeps_its_field_names(
    client: Client, base: str, organization: Organization
) -> None:
    AuditEntryFactory(organization=organization, service="raven", fields=["feather"])
    assert "feather" in Page(client.get(base)).by_id("audit").text


def test_the_page_asks_the_database_a_fixed_number_of_questions(
    client: Client,
    base: str,
    organization: Organization,
    set_up: Setup,
    django_assert_max_num_queries: Any,
) -> None:
    AuditEntryFactory.create_batch(30, organization=organization, service="pigeon")
    CampaignFactory.create_batch(10, organization=organization, is_started=True)
    with django_assert_max_num_queries(30):
        client.get(base)
