"""The handset: the real stand-in company behind it, and a visitor who plays the contact."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from service_vendors import configuration
from service_vendors.models import Message, Organization, Role
from service_vendors.types import HandsetMessage, InboundMessage, OutboundMessage
from service_vendors.vendors import loop
from service_vendors.vendors.fakeservice.server import FakeServiceServer
from service_vendors.vendors.fakeservice.vendor import FakeService
from service_vendors.web import phones
from tests.conftest import ClientFor
from tests.factories import (
    ContactFactory,
    MembershipFactory,
    MessageFactory,
    OwnedPhoneNumberFactory,
)
from tests.vendors.receiver import Receiver, receiving
from tests.web.markup import Page

HTMX = {"HX-Request": "true"}
ADA, OURS = "+12125550101", "+12065550100"


@pytest.fixture
def site() -> Iterator[Receiver]:
    """Where the company posts what the contact does."""
    with receiving() as running:
        yield running


@pytest.fixture
def company(
    settings: Any, organization: Organization, owner: Any, site: Receiver
) -> Iterator[FakeServiceServer]:
    """The company, with an account that the organization texts through."""
    settings.SERVICE_VENDORS = ["fakeservice"]
    settings.DEFAULT_SERVICE = "fakeservice"
    settings.BASE_URL = site.url
    with FakeServiceServer() as server:
        configuration.save_vendor_config(organization, "fakeservice", server.account(), actor=owner)
        yield server


@pytest.fixture
def base(organization: Organization) -> str:
    """The address of the page."""
    return f"/admin/{organization.pk}/handset"


@pytest.fixture
def phone(base: str) -> str:
    """The address of Ada's phone."""
    return f"{base}/{ADA}"


@pytest.fixture
def client(admin: Any, client_for: ClientFor) -> Client:
    """An admin's browser."""
    return client_for(admin)


@pytest.fixture
def text_ada(company: FakeServiceServer, organization: Organization) -> Any:
    """The vendor texting Ada's phone."""

    def text_ada(text: str) -> None:
        vendor = configuration.vendor_of(organization)
        message = OutboundMessage(f"ref-{text}", ADA, text, user_number=OURS)
        loop.run(vendor.send_message(message))

    return text_ada


def bubbles(page: Page) -> list[str]:
    """What is on the phone."""
    return [
        item.text
        for item in page.all("li")
        if "phone" in item.inside and item.get("class").startswith("sv-bubble")
    ]


# -- which phone -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("company")
def test_the_page_opens_on_the_phone_of_whoever_was_texted_last(
    client: Client, base: str, organization: Organization
) -> None:
    ContactFactory(campaign__organization=organization, cell="+12125550102")
    assert client.get(base)["Location"] == f"{base}/+12125550102"
    MessageFactory(organization=organization, contact_number=ADA)
    assert client.get(base)["Location"] == f"{base}/{ADA}"


@pytest.mark.usefixtures("company")
def test_with_nobody_to_play_the_page_asks_for_a_number(client: Client, base: str) -> None:
    ContactFactory(cell=ADA)  # another organization's
    page = Page(client.get(base))
    assert "Whose phone?" in page.text
    assert client.get(base, {"number": "(212) 555-0101"})["Location"] == f"{base}/{ADA}"


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("typed", ["0101", "Ada"])
def test_what_is_no_whole_number_is_asked_for_again(typed: str, client: Client, base: str) -> None:
    page = Page(client.get(base, {"number": typed}))
    assert "whole number" in page.by_id("pick-error").text
    assert page.by_id("pick-number").get("value") == typed


@pytest.mark.usefixtures("company")
def test_the_organizations_contacts_can_be_picked_each_number_once(
    client: Client, base: str, phone: str, organization: Organization
) -> None:
    for _ in range(2):
        ContactFactory(
            campaign__organization=organization, cell=ADA, first_name="Ada", last_name="Lovelace"
        )
    ContactFactory(campaign__organization=organization, campaign__is_archived=True)
    page = Page(client.get(phone))
    (chip,) = page.all("a", class_="sv-chip")
    assert (chip.text, chip.get("href"), chip.get("aria-current")) == (
        "Ada Lovelace",
        phone,
        "true",
    )
    assert page.by_id("phone-title").text == "Ada Lovelace’s phone"


@pytest.mark.usefixtures("company")
def test_a_number_written_otherwise_leads_to_the_phone(
    client: Client, base: str, phone: str
) -> None:
    assert client.get(f"{base}/2125550101")["Location"] == phone
    assert client.get(f"{base}/nobody").status_code == 404


# -- who may, and with which vendor ----------------------------------------------------------------


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("role", [Role.SUPERVOLUNTEER, Role.TEXTER])
def test_the_handset_is_for_admins_and_owners(
    role: Role, organization: Organization, base: str, phone: str, client_for: ClientFor
) -> None:
    client = client_for(MembershipFactory(organization=organization, role=role).user)
    for address in (base, phone, f"{phone}/updates", f"{phone}/reply"):
        assert client.get(address).status_code == 403
        assert client.post(address).status_code in {403, 405}
    assert (
        "Handset" not in Page(client.get(f"/admin/{organization.pk}/messages")).by_id("pages").text
    )


@pytest.mark.usefixtures("set_up")
def test_with_a_vendor_that_texts_real_phones_there_is_none_and_the_page_says_why(
    client: Client, base: str, phone: str
) -> None:
    for address in (base, phone, f"{phone}/updates", f"{phone}/reply"):
        response = client.get(address)
        assert response.status_code == 404
        assert "Pigeon Post texts real phones" in Page(response).text
    assert client.post(f"{phone}/reply", {"text": "Hi"}).status_code == 404


def test_without_any_vendor_there_is_none_either(client: Client, base: str, settings: Any) -> None:
    settings.DEFAULT_SERVICE = ""
    assert client.get(base).status_code == 404


# -- what is on it ---------------------------------------------------------------------------------


def test_a_text_arrives_on_the_phone_and_the_page_is_told_only_then(
    client: Client, phone: str, text_ada: Any
) -> None:
    page = Page(client.get(phone))
    assert "No texts yet" in page.by_id("phone").text
    live = page.by_id("phone").get("hx-get")
    assert client.get(live, headers=HTMX).status_code == 204
    text_ada("Hello <b>Ada</b>")
    response = client.get(live, headers=HTMX)
    page = Page(response)
    (bubble,) = bubbles(page)
    assert "wrote: Hello <b>Ada</b>" in bubble
    assert b"<b>" not in response.content
    news = page.one("div", hx_swap_oob="innerHTML:#phone-news").text
    assert news == "The phone received: Hello <b>Ada</b>"
    assert client.get(page.by_id("phone").get("hx-get"), headers=HTMX).status_code == 204
    page = Page(client.get(phone))
    assert len(bubbles(page)) == 1
    assert "(206) 555-0100" in page.one("p", class_="sv-phone-partner").text


@pytest.mark.usefixtures("company")
def test_the_conversation_stands_beside_it_and_can_be_continued_there(
    client: Client, phone: str, organization: Organization
) -> None:
    MessageFactory(organization=organization, contact_number=ADA, text="Hello from the left")
    page = Page(client.get(phone))
    assert "Hello from the left" in page.by_id("talk").text
    conversation = f"/admin/{organization.pk}/messages/{ADA}"
    assert page.by_id("compose-form").get("hx-post") == conversation
    assert page.one("input", name="back").get("value") == "handset"
    client.post(conversation, {"text": "Sent from beside the phone", "back": "handset"})
    assert Message.objects.filter(text="Sent from beside the phone").exists()


def test_a_company_that_is_away_is_said_to_be_and_is_not_repeated(
    client: Client, phone: str, company: FakeServiceServer
) -> None:
    company.stop()
    page = Page(client.get(phone))
    assert "No signal" in page.by_id("phone").text
    live = page.by_id("phone").get("hx-get")
    assert client.get(live, headers=HTMX).status_code == 204
    news = Page(client.get(f"{phone}/updates", headers=HTMX))
    assert news.one("div", hx_swap_oob="innerHTML:#phone-news").text
    refused = client.post(f"{phone}/reply", {"text": "Hello?"})
    assert refused.status_code == 422
    assert Page(refused).by_id("phone-reply-error").text
    assert Page(refused).by_id("phone-text").get("value") == "Hello?"


@pytest.mark.usefixtures("company")
def test_a_company_that_is_slow_is_not_waited_for_for_ever(
    client: Client, phone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(vendor: FakeService, contact_number: str) -> list[HandsetMessage]:
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr(FakeService, "handset_messages", never)
    monkeypatch.setattr(phones, "ASK_SECONDS", 0.1)
    page = Page(client.get(phone))
    assert "did not answer within" in page.by_id("phone").text


# -- playing the contact ---------------------------------------------------------------------------


def received(site: Receiver, organization: Organization) -> InboundMessage:
    """What the site is told the contact texted."""
    vendor = configuration.vendor_of(organization)
    (said,) = site.said_to(vendor, 1)
    assert isinstance(said, InboundMessage)
    return said


def test_an_answer_goes_to_the_number_that_texted(
    client: Client, phone: str, text_ada: Any, site: Receiver, organization: Organization
) -> None:
    text_ada("Hello Ada")
    site.wait_for(1)  # the delivery report
    site.requests.clear()
    response = client.post(f"{phone}/reply", {"text": "Hello yourself"})
    assert response["Location"] == phone
    said = received(site, organization)
    assert (said.contact_number, said.user_number, said.text) == (ADA, OURS, "Hello yourself")
    assert bubbles(Page(client.get(phone)))[-1].startswith("The phone sent: Hello yourself")


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("word", ["STOP", "START", "HELP"])
def test_a_keyword_is_one_press_and_keeps_what_was_being_typed(
    word: str, client: Client, phone: str, site: Receiver, organization: Organization
) -> None:
    OwnedPhoneNumberFactory(organization=organization, phone_number=OURS, service="fakeservice")
    page = Page(client.post(f"{phone}/reply", {"say": word, "text": "half a sent"}, headers=HTMX))
    assert received(site, organization).text == word
    assert page.by_id("phone-text").get("value") == "half a sent"
    assert page.by_id("phone").get("hx-swap-oob") == "true"
    assert len(bubbles(page)) == 1


@pytest.mark.usefixtures("company")
def test_a_picture_is_one_press_and_is_shown_on_the_phone(
    client: Client, phone: str, site: Receiver, organization: Organization
) -> None:
    OwnedPhoneNumberFactory(organization=organization, phone_number=OURS, service="fakeservice")
    page = Page(client.post(f"{phone}/reply", {"picture": "1", "text": "kept"}, headers=HTMX))
    said = received(site, organization)
    (media,) = said.media
    assert media.url == f"{site.url}/static/service_vendors/sample-picture.png"
    assert (media.content_type, said.text) == ("image/png", "")
    assert page.one("img").get("src") == "/static/service_vendors/sample-picture.png"
    assert page.by_id("phone-text").get("value") == "kept"


@pytest.mark.usefixtures("company")
def test_the_pictures_address_is_found_without_a_base_url(
    client: Client, phone: str, organization: Organization, settings: Any
) -> None:
    OwnedPhoneNumberFactory(organization=organization, phone_number=OURS, service="fakeservice")
    settings.BASE_URL = ""
    page = Page(client.post(f"{phone}/reply", {"picture": "1"}, headers=HTMX))
    assert page.one("a", href="http://testserver/static/service_vendors/sample-picture.png")


@pytest.mark.usefixtures("company")
def test_a_phone_that_nobody_texted_writes_to_a_number_the_organization_owns(
    client: Client, phone: str, site: Receiver, organization: Organization
) -> None:
    OwnedPhoneNumberFactory(phone_number="+12065550199", service="fakeservice")
    OwnedPhoneNumberFactory(organization=organization, service="pigeon")
    refused = client.post(f"{phone}/reply", {"text": "Hello?"}, headers=HTMX)
    error = Page(refused).by_id("phone-reply-error").text
    assert "Send this phone a text first." in error
    OwnedPhoneNumberFactory(organization=organization, phone_number=OURS, service="fakeservice")
    client.post(f"{phone}/reply", {"text": "Hello?"})
    assert received(site, organization).user_number == OURS


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"text": "  "}, "Type something first."),
        ({"text": "x" * 1601}, "at most 1600 characters"),
        ({"say": "SHOUT"}, "SHOUT is not one of the available choices"),
    ],
)
def test_what_cannot_be_texted_is_said_beside_the_field(
    form: dict[str, str],
    error: str,
    client: Client,
    phone: str,
    organization: Organization,
) -> None:
    OwnedPhoneNumberFactory(organization=organization, phone_number=OURS, service="fakeservice")
    page = Page(client.post(f"{phone}/reply", form, headers=HTMX))
    assert error in page.by_id("phone-reply-error").text
    assert page.by_id("phone-text").get("aria-describedby") == "phone-reply-error"
    assert bubbles(page) == []


@pytest.mark.usefixtures("company")
def test_a_number_the_company_cannot_text_is_refused_in_its_words(
    client: Client, base: str, organization: Organization
) -> None:
    MessageFactory(organization=organization, contact_number="12345", is_from_contact=True)
    OwnedPhoneNumberFactory(organization=organization, phone_number=OURS, service="fakeservice")
    page = Page(client.post(f"{base}/12345/reply", {"text": "Hi"}, headers=HTMX))
    assert page.by_id("phone-reply-error").text


@pytest.mark.usefixtures("company")
def test_looking_at_the_address_of_a_reply_texts_nothing(client: Client, phone: str) -> None:
    assert client.get(f"{phone}/reply")["Location"] == phone
