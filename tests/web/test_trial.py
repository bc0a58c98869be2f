"""Trying it out from the Settings page: the connection, and a test message."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from service_vendors.exceptions import ConfigurationRejected, TransientVendorError
from service_vendors.models import Message, Organization, SendStatus
from service_vendors.web import settings as settings_views
from tests.factories import (
    MessageFactory,
    OptOutFactory,
)
from tests.web.conftest import Setup
from tests.web.markup import Page
from tests.web.pigeons import Pigeon, fails

pytestmark = pytest.mark.usefixtures("pigeons")

HTMX = {"HX-Request": "true"}


# -- testing the connection ------------------------------------------------------------------------


def test_the_connection_is_tested_with_what_is_saved(
    owner_client: Client, base: str, set_up: Setup
) -> None:
    response = owner_client.post(f"{base}/pigeon/test-connection", follow=True)
    assert response.redirect_chain[0][0] == base
    assert "Pigeon Post answers." in Page(response).one("div", class_="alert alert-success").text
    assert Pigeon.asked == [{"account": "AC1", "token": "first-secret", "basket": "wicker"}]


@pytest.mark.parametrize("error", [ConfigurationRejected, TransientVendorError])
def test_a_connection_that_fails_says_why(
    error: type[Exception],
    owner_client: Client,
    base: str,
    set_up: Setup,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pigeon, "says", fails(error("The pigeon came back.")))
    page = Page(owner_client.post(f"{base}/pigeon/test-connection", follow=True))
    assert page.one("div", class_="alert alert-danger").text == "The pigeon came back."


def test_a_vendor_that_says_nothing_is_not_waited_for_for_ever(
    owner_client: Client, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(vendor: Any) -> str:
        await asyncio.sleep(60)
        return "late"

    monkeypatch.setattr(Pigeon, "check_connection", never)
    monkeypatch.setattr(settings_views, "CONNECTION_SECONDS", 0.05)
    response = owner_client.post(f"{base}/pigeon/test-connection", headers=HTMX)
    assert "Pigeon Post did not answer within" in response.content.decode()


def test_a_vendor_can_be_tried_before_it_is_chosen(owner_client: Client, base: str) -> None:
    assert Page(owner_client.get(base)).one("form", action=f"{base}/owl/test-connection")
    response = owner_client.post(f"{base}/owl/test-connection", headers=HTMX)
    assert "Pigeon Post answers." in response.content.decode()
    assert Pigeon.asked == [{"key": "", "feather": ""}]


def test_the_live_answer_is_only_the_verdict(
    owner_client: Client, base: str, set_up: Setup
) -> None:
    response = owner_client.post(f"{base}/pigeon/test-connection", headers=HTMX)
    text = response.content.decode()
    assert "Pigeon Post answers." in text
    assert "<html" not in text
    assert Page(owner_client.get(base)).by_id("pigeon-connection").get("role") == "status"


# -- a test message --------------------------------------------------------------------------------


def test_a_test_message_is_sent_and_shown_without_a_script(
    owner_client: Client, base: str, set_up: Setup, owner: Any
) -> None:
    data = {"number": "(212) 555-0123", "text": "Hello", "key": str(uuid4())}
    response = owner_client.post(f"{base}/test-message", data)
    message = Message.objects.get()
    assert message.contact_number == "+12125550123"
    assert message.sender == owner
    assert response["Location"] == f"{base}?test={message.reference}#test-message"
    status = Page(owner_client.get(response["Location"])).by_id("trial-status")
    assert "(212) 555-0123" in status.text
    assert "queued" in status.text
    assert "Reload to see what became of it" in status.text


def test_with_a_vendor_that_texts_nobody_the_page_leads_to_its_handset(
    owner_client: Client, base: str, organization: Organization, settings: Any
) -> None:
    assert "to your own phone" in Page(owner_client.get(base)).by_id("test-message").text
    settings.DEFAULT_SERVICE = "owl"
    page = Page(owner_client.get(base))
    assert "Owl Mail texts nobody" in page.by_id("test-message").text
    links = page.all("a", href=f"/admin/{organization.pk}/handset")
    assert [link.text for link in links] == ["Handset", "handset"]


def test_where_a_text_would_wait_the_page_says_so(
    owner_client: Client, base: str, set_up: Setup
) -> None:
    assert "would wait" not in Page(owner_client.get(base)).by_id("test-message").text
    set_up(token="")
    assert "a text would wait" in Page(owner_client.get(base)).by_id("test-message").text


def test_an_impatient_second_click_texts_nobody_twice(
    owner_client: Client, base: str, set_up: Setup
) -> None:
    key = Page(owner_client.get(base)).by_id("trial-key").get("value")
    data = {"number": "(212) 555-0123", "text": "Hello", "key": key}
    first = owner_client.post(f"{base}/test-message", data)
    assert owner_client.post(f"{base}/test-message", data)["Location"] == first["Location"]
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
    data: dict[str, str], field: str, said: str, owner_client: Client, base: str
) -> None:
    response = owner_client.post(f"{base}/test-message", data)
    assert response.status_code == 422
    page = Page(response)
    assert said in page.by_id(f"trial-{field}-errors").text
    assert page.by_id(f"trial-{field}").get("aria-invalid") == "true"
    assert not Message.objects.exists()


def test_who_opted_out_gets_no_test_message_either(
    owner_client: Client, base: str, organization: Organization
) -> None:
    OptOutFactory(organization=organization, cell="+12125550123")
    response = owner_client.post(
        f"{base}/test-message", {"number": "+12125550123", "text": "Hello"}, headers=HTMX
    )
    assert "asked not to be texted" in response.content.decode()
    assert not Message.objects.exists()


def test_without_a_vendor_a_test_message_says_what_to_do(
    owner_client: Client, base: str, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = ""
    data = {"number": "+12125550123", "text": "Hello"}
    response = owner_client.post(f"{base}/test-message", data, headers=HTMX)
    assert "No vendor is chosen." in response.content.decode()


def test_the_live_answer_is_a_fresh_form_and_the_status(
    owner_client: Client, base: str, set_up: Setup
) -> None:
    key = str(uuid4())
    data = {"number": "(212) 555-0123", "text": "Hello", "key": key}
    response = owner_client.post(f"{base}/test-message", data, headers=HTMX)
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
    owner_client: Client, base: str, trial: Message
) -> None:
    url, every = polled(owner_client.get(f"{base}/test-message/{trial.reference}"))
    assert every == "every 1s"
    assert owner_client.get(url).status_code == 204, "nothing new: nothing to announce"
    Message.objects.update(status_reason="The vendor is busy.")
    assert "The vendor is busy." in owner_client.get(url).content.decode()
    for status in (SendStatus.DELIVERED, SendStatus.ERROR, SendStatus.NOT_ATTEMPTED):
        Message.objects.update(send_status=status)
        response = owner_client.get(url)
        assert response.status_code == 200
        assert polled(response) == ("", "")


@pytest.mark.parametrize(
    ("minutes", "every"), [(0, "every 1s"), (1, "every 3s"), (10, "every 15s"), (20, "")]
)
def test_the_page_asks_ever_less_and_stops(
    minutes: int, every: str, owner_client: Client, base: str, trial: Message
) -> None:
    Message.objects.update(created_at=timezone.now() - timedelta(minutes=minutes))
    assert polled(owner_client.get(f"{base}/test-message/{trial.reference}"))[1] == every


def test_a_failed_test_message_shows_the_vendors_code(
    owner_client: Client, base: str, trial: Message
) -> None:
    Message.objects.update(send_status=SendStatus.ERROR, error_code=42)
    text = owner_client.get(f"{base}/test-message/{trial.reference}").content.decode()
    assert "Code 42: Pigeon Post refused or lost this message (error 42)." in text


def test_the_status_of_another_organizations_message_is_not_told(
    owner_client: Client, base: str
) -> None:
    other = MessageFactory()
    assert owner_client.get(f"{base}/test-message/{other.reference}").status_code == 404
    page = Page(owner_client.get(f"{base}?test={other.reference}"))
    assert page.by_id("trial-status").text == ""
    assert Page(owner_client.get(f"{base}?test=nonsense")).by_id("trial-status").text == ""
