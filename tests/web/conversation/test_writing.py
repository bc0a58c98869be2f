"""Writing in a conversation, and its live updates."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from service_vendors import optouts
from service_vendors.models import Message, Organization, SendStatus
from tests.factories import (
    OptOutFactory,
)
from tests.web.conversation.conftest import ADA, bubbles
from tests.web.markup import Page

pytestmark = pytest.mark.usefixtures("set_up")

HTMX = {"HX-Request": "true"}


# -- writing ---------------------------------------------------------------------------------------


def test_what_is_written_is_sent_and_the_page_comes_back(
    client: Client, base: str, member: Any
) -> None:
    response = client.post(base, {"text": "Hello Ada", "key": uuid4()})
    assert response.status_code == 302
    assert response["Location"] == f"{base}#compose"
    message = Message.objects.get()
    assert (message.contact_number, message.text, message.sender) == (ADA, "Hello Ada", member)
    assert message.send_status == SendStatus.QUEUED


def test_a_picture_goes_along(client: Client, base: str) -> None:
    client.post(base, {"text": "", "picture": "https://example.org/a.png"})
    assert Message.objects.get().media == [{"url": "https://example.org/a.png", "content_type": ""}]


def test_an_impatient_second_click_sends_nothing(client: Client, base: str) -> None:
    form = {"text": "Hello Ada", "key": uuid4()}
    client.post(base, form)
    client.post(base, form)
    assert Message.objects.count() == 1


def test_a_form_from_the_browsers_memory_can_send_another_text_after_asking_once(
    client: Client, base: str
) -> None:
    key = str(uuid4())
    client.post(base, {"text": "Hello Ada", "key": key})
    refused = client.post(base, {"text": "And another thing", "key": key})
    assert refused.status_code == 422
    page = Page(refused)
    assert "Press Send to send this one too" in page.one("p", role="alert").text
    assert page.one("textarea").text == "And another thing"
    assert page.one("input", name="key").get("value") != key
    client.post(
        base, {"text": "And another thing", "key": page.one("input", name="key").get("value")}
    )
    assert Message.objects.count() == 2


@pytest.mark.parametrize(
    ("form", "field", "error"),
    [
        ({"text": "  "}, "text", "Write a text or add a picture."),
        ({"text": "x" * 1601}, "text", "takes 1600 at most"),
        ({"text": "x" * 10_001}, "text", "far too long"),
        ({"text": "a\x00b"}, "text", "Null characters"),
        ({"text": "Hi", "picture": "no address"}, "picture", "whole address"),
        ({"text": "Hi", "picture": "ftp://example.org/a.png"}, "picture", "https://"),
        ({"text": "Hi", "picture": "http://10.0.0.1/a.png"}, "picture", "public internet"),
    ],
)
def test_what_cannot_be_sent_is_refused_beside_its_field_and_stays_in_it(
    form: dict[str, str], field: str, error: str, client: Client, base: str
) -> None:
    for headers, status in (({}, 422), (HTMX, 200)):
        response = client.post(base, form, headers=headers)
        assert response.status_code == status
        page = Page(response)
        assert error in page.by_id(f"compose-{field}-errors").text
        element = page.by_id(f"compose-{field}")
        assert element.get("aria-invalid") == "true"
        assert f"compose-{field}-errors" in element.get("aria-describedby")
    assert not Message.objects.exists()


def test_a_vendor_without_pictures_is_not_offered_any(
    client: Client, base: str, organization: Organization
) -> None:
    assert Page(client.get(base)).by_id("compose-picture")
    organization.features = {"DEFAULT_SERVICE": "owl"}
    organization.save()
    page = Page(client.get(base))
    assert not page.all("input", id="compose-picture")
    response = client.post(base, {"text": "Hi", "picture": "https://example.org/a.png"})
    assert "does not send pictures" in Page(response).one("p", role="alert").text


def test_without_a_vendor_nothing_is_sent_and_the_page_says_why(
    client: Client, base: str, settings: Any
) -> None:
    settings.DEFAULT_SERVICE = ""
    response = client.post(base, {"text": "Hi"})
    assert "No vendor is chosen" in Page(response).one("p", role="alert").text


def test_a_short_code_cannot_be_texted_and_the_page_says_so(
    client: Client, says: Any, organization: Organization
) -> None:
    says("Your code is 1234", contact_number="12345", is_from_contact=True)
    response = client.post(f"/admin/{organization.pk}/messages/12345", {"text": "Thanks"})
    assert "is not a phone number" in Page(response).one("p", role="alert").text


def test_an_answer_to_htmx_is_an_empty_form_and_the_conversation_with_the_new_text(
    client: Client, base: str
) -> None:
    page = Page(client.post(base, {"text": "Hello Ada", "key": uuid4()}, headers=HTMX))
    assert page.one("textarea").text == ""
    assert "data-focus" in page.one("textarea").attributes
    assert page.by_id("talk").get("hx-swap-oob") == "true"
    assert "Hello Ada" in bubbles(page)[0]
    assert not page.all("html")


def test_from_beside_the_handset_the_page_leads_back_to_it(
    client: Client, base: str, organization: Organization
) -> None:
    response = client.post(base, {"text": "Hello", "back": "handset"})
    assert response["Location"] == f"/admin/{organization.pk}/handset/{ADA}#compose"
    response = client.post(base, {"text": "Hello", "back": "https://elsewhere.example"})
    assert response["Location"] == f"{base}#compose"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello", "1 segment · 5 characters · GSM-7"),
        ("x" * 161, "2 segments · 161 characters · GSM-7"),
        ("Привет", "1 segment · 6 characters · UCS-2"),
        ("  ", ""),
    ],
)
def test_segments_are_counted_while_a_text_is_written(
    text: str, said: str, client: Client, base: str
) -> None:
    response = client.post(f"{base}/segments", {"text": text})
    assert " ".join(response.content.decode().split()) == said
    assert client.get(f"{base}/segments")["Location"] == base


def test_segments_are_counted_the_way_the_active_vendor_counts_them(
    client: Client, base: str, settings: Any
) -> None:
    def said() -> str:
        text = "It’s time [https://example.org/a.png]" + "x" * 62
        return client.post(f"{base}/segments", {"text": text}).content.decode()

    settings.SERVICE_VENDORS = ["twilio"]
    settings.DEFAULT_SERVICE = ""
    assert "2 segments" in " ".join(said().split())
    settings.DEFAULT_SERVICE = "twilio"
    assert "2 segments" in " ".join(said().split())
    settings.TWILIO_SMART_ENCODED = True
    assert "1 segment ·" in " ".join(said().split())


# -- opt-outs --------------------------------------------------------------------------------------


def test_who_opted_out_cannot_be_written_to_and_the_page_says_since_when(
    client: Client, base: str, organization: Organization
) -> None:
    OptOutFactory(organization=organization, cell=ADA)
    page = Page(client.get(base))
    note = page.one("div", class_="sv-opted-out").text
    assert "(212) 555-0101 asked not to be texted" in note
    assert "They texted a keyword, just now" in note
    assert "disabled" in page.one("fieldset").attributes
    response = client.post(base, {"text": "Hello?"})
    assert response.status_code == 422
    assert "asked not to be texted" in Page(response).one("p", role="alert").text
    assert not Message.objects.exists()


def test_an_opt_out_that_ended_or_is_anothers_stops_nobody(
    client: Client, base: str, organization: Organization
) -> None:
    OptOutFactory(cell=ADA)
    optouts.stop(organization, ADA)
    optouts.start(organization, ADA)
    page = Page(client.get(base))
    assert not page.all("div", class_="sv-opted-out")
    assert "disabled" not in page.one("fieldset").attributes


# -- live ------------------------------------------------------------------------------------------


def live(page: Page) -> str:
    return page.by_id("talk").get("hx-get")


def test_nothing_is_sent_while_nothing_changes(
    client: Client, base: str, says: Any, django_assert_max_num_queries: Any
) -> None:
    message = says("Hello", send_status=SendStatus.SENT)
    address = live(Page(client.get(base)))
    with django_assert_max_num_queries(6):
        response = client.get(address, headers=HTMX)
    assert (response.status_code, response.content) == (204, b"")
    message.send_status = SendStatus.DELIVERED
    message.save()
    page = Page(client.get(address, headers=HTMX))
    assert "delivered" in bubbles(page)[0]
    assert not page.all("form")
    assert client.get(live(page), headers=HTMX).status_code == 204


def test_a_change_is_told_to_who_cannot_see_it(client: Client, base: str, says: Any) -> None:
    message = says("Hello", send_status=SendStatus.SENT)
    page = Page(client.get(base))
    assert page.by_id("talk-news").get("aria-live") == "polite"
    address = live(page)
    message.send_status = SendStatus.DELIVERED
    message.save()
    page = Page(client.get(address, headers=HTMX))
    assert page.one("div", hx_swap_oob="innerHTML:#talk-news").text == (
        "Your last text: ✓✓ delivered"
    )
    says("Hello you", is_from_contact=True)
    page = Page(client.get(live(page), headers=HTMX))
    assert page.one("div", hx_swap_oob="innerHTML:#talk-news").text == "(212) 555-0101: Hello you"
    assert "They had the last word" in page.one("div", hx_swap_oob="innerHTML:#talk-state").text


def test_the_form_closes_when_an_opt_out_comes_and_opens_when_it_ends(
    client: Client, base: str, organization: Organization
) -> None:
    address = live(Page(client.get(base)))
    optouts.stop(organization, ADA)
    page = Page(client.get(address, headers=HTMX))
    assert page.by_id("compose").get("hx-swap-oob") == "true"
    assert "disabled" in page.one("fieldset").attributes
    optouts.start(organization, ADA)
    page = Page(client.get(live(page), headers=HTMX))
    assert "disabled" not in page.one("fieldset").attributes


@pytest.mark.parametrize("seen", ["", "x", "x-y", "9" * 40, "٣-0-x"])
def test_a_token_that_is_not_ours_brings_everything(
    seen: str, client: Client, base: str, says: Any
) -> None:
    says("Hello you", is_from_contact=True)
    response = client.get(f"{base}/updates", {"seen": seen}, headers=HTMX)
    assert len(bubbles(Page(response))) == 1


def test_the_page_works_without_scripts(client: Client, base: str) -> None:
    page = Page(client.get(base))
    assert page.by_id("compose-form").get("method") == "post"
    assert page.by_id("compose-form").get("action") == base
    assert page.one("a", href=base).text == "Reload to see what is new"
