"""What a conversation shows, and to whom."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory

from service_vendors.models import Organization, SendStatus
from service_vendors.types import LookupStatus, Media
from service_vendors.web.attachments import attachments, stored_media
from tests.conftest import ClientFor
from tests.factories import (
    ContactFactory,
    MessageFactory,
    OrganizationContactFactory,
)
from tests.web.conversation.conftest import ADA, bubbles
from tests.web.markup import Page

pytestmark = pytest.mark.usefixtures("set_up")

HTMX = {"HX-Request": "true"}


# -- what is shown ---------------------------------------------------------------------------------


def test_the_texts_stand_in_their_order_each_with_its_side_and_its_status(
    client: Client, base: str, says: Any
) -> None:
    says("Hello Ada", send_status=SendStatus.DELIVERED)
    says("Hello you", is_from_contact=True)
    says("How are you?", send_status=SendStatus.SENDING)
    first, second, third = bubbles(Page(client.get(base)))
    assert first.startswith("You wrote: Hello Ada")
    assert first.endswith("✓✓ delivered")
    assert second.startswith("They wrote: Hello you")
    assert third.endswith("↑ sending")


def test_other_conversations_are_not_mixed_in(client: Client, base: str, says: Any) -> None:
    says("Hello Ada")
    says("Hello Bob", contact_number="+12125550102")
    MessageFactory(contact_number=ADA, text="Another organization's")
    assert len(bubbles(Page(client.get(base)))) == 1


def test_the_heading_is_the_contacts_name_and_the_line_under_it_their_number(
    client: Client, base: str, says: Any, organization: Organization
) -> None:
    assert Page(client.get(base)).one("h1").text == "(212) 555-0101"
    ContactFactory(
        campaign__organization=organization, cell=ADA, first_name="Ada", last_name="Lovelace"
    )
    says("Hello", is_from_contact=True)
    page = Page(client.get(base))
    assert page.one("h1").text == "Ada Lovelace"
    assert page.one("p", class_="sv-intro").text.startswith("(212) 555-0101. They had the last")


def test_a_failed_text_says_its_code_what_it_means_what_to_do_and_where_to_read_more(
    client: Client, base: str, says: Any, settings: Any
) -> None:
    settings.SERVICE_VENDORS = ["pigeon", "fakeservice"]
    meaning = "The number is not in service. Correct it or leave it out."
    says(
        "Hello",
        service="fakeservice",
        send_status=SendStatus.ERROR,
        error_code=404,
        status_reason=meaning,
    )
    page = Page(client.get(base))
    assert f"✕ failed Code 404: {meaning} What the vendor says about 404" in bubbles(page)[0]
    assert page.one("a", rel="noreferrer").get("href").endswith("/errors/404")


def test_an_unknown_text_says_why_it_is_not_sent_again(
    client: Client, base: str, says: Any
) -> None:
    says("Hello", send_status=SendStatus.UNKNOWN, status_reason="No answer came in time.")
    text = bubbles(Page(client.get(base)))[0]
    assert "? unknown No answer came in time." in text
    assert "nobody is texted twice" in text


def test_a_long_text_of_which_parts_are_missing_is_marked(
    client: Client, base: str, says: Any
) -> None:
    says("The first half, ", is_from_contact=True, is_incomplete=True)
    says("All of it", is_from_contact=True)
    part, whole = bubbles(Page(client.get(base)))
    assert "incomplete" in part
    assert "did not arrive" in part
    assert "incomplete" not in whole


def test_what_anybody_wrote_is_escaped(client: Client, base: str, says: Any) -> None:
    bad = "<img src=x onerror=alert(1)>"
    says(bad, is_from_contact=True)
    says(bad, send_status=SendStatus.ERROR, status_reason=bad)
    says("", media=[{"url": f'https://example.org/"{bad}', "content_type": bad}])
    html = client.get(base).content.decode()
    assert "<img src=x" not in html
    assert "&lt;img src=x" in html


def test_a_conversation_without_texts_says_what_to_do_first(client: Client, base: str) -> None:
    assert "Write the first one below." in Page(client.get(base)).text


def test_what_a_look_up_told_of_the_number_is_said(
    client: Client, base: str, organization: Organization
) -> None:
    known = OrganizationContactFactory(
        organization=organization, contact_number=ADA, status_code=LookupStatus.TEXTABLE.value
    )
    assert "look-up" not in Page(client.get(base)).text
    known.status_code = LookupStatus.LANDLINE.value
    known.save()
    assert "A look-up says of this number: landline." in Page(client.get(base)).text


def test_earlier_texts_are_on_pages_of_their_own_without_a_form_and_not_live(
    client: Client, base: str, says: Any
) -> None:
    for n in range(60):
        says(f"Text {n}.")
    page = Page(client.get(base))
    assert len(bubbles(page)) == 50
    assert "Text 59." in bubbles(page)[-1]
    (earlier,) = (link.get("href") for link in page.all("a") if link.text == "Earlier texts")
    page = Page(client.get(earlier))
    assert len(bubbles(page)) == 10
    assert "Text 0." in bubbles(page)[0]
    assert not page.by_id("talk").get("hx-get")
    assert not page.all("textarea")
    assert page.all("a", href=base)


@pytest.mark.parametrize("typed", ["2125550101", "(212) 555-0101", "12125550101"])
def test_a_number_written_otherwise_leads_to_the_conversation(
    typed: str, client: Client, base: str, organization: Organization
) -> None:
    response = client.get(f"/admin/{organization.pk}/messages/{typed}")
    assert response["Location"] == base


@pytest.mark.parametrize("typed", ["x", "12345", "%00", "a" * 400])
def test_what_is_no_number_is_not_found(
    typed: str, client: Client, organization: Organization
) -> None:
    assert client.get(f"/admin/{organization.pk}/messages/{typed}").status_code == 404


def test_a_short_code_that_texted_has_a_conversation(
    client: Client, says: Any, organization: Organization
) -> None:
    says("Your code is 1234", contact_number="12345", is_from_contact=True)
    page = Page(client.get(f"/admin/{organization.pk}/messages/12345"))
    assert "Your code is 1234" in bubbles(page)[0]


# -- pictures --------------------------------------------------------------------------------------


def shown(url: str, content_type: str = "") -> Any:
    request = RequestFactory().get("/", headers={"Host": "testserver"})
    (attachment,) = attachments(request, [Media(url, content_type)])
    return attachment


OURS = "/static/service_vendors/sample-picture.png"


@pytest.mark.parametrize("origin", ["http://testserver", "https://texts.example.org"])
def test_a_static_picture_of_our_own_is_shown_where_it_is(origin: str) -> None:
    assert shown(origin + OURS).inline == OURS


@pytest.mark.parametrize(
    "url",
    [
        f"https://elsewhere.example{OURS}",
        f"http://testserver:8080{OURS}",
        "http://testserver/accounts/logout/a.png",
        "http://testserver/static/../admin/1/settings/a.png",
        "http://testserver/static/%2e%2e/a.png",
        "http://testserver/static//elsewhere.example/a.png",
        "http://testserver/static/app.js",
    ],
)
def test_no_other_address_is_loaded_by_the_page(url: str) -> None:
    attachment = shown(url)
    assert attachment.inline == ""
    assert attachment.url == url


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//example.org/a.png", "http://[", "", "x"]
)
def test_what_is_no_web_address_is_no_link(url: str, client: Client, base: str, says: Any) -> None:
    assert shown(url).url == ""
    says("Look", media=[{"url": url, "content_type": "image/png"}])
    page = Page(client.get(base))
    assert "without a usable address" in bubbles(page)[0]


@pytest.mark.parametrize(
    ("content_type", "url", "kind"),
    [
        ("image/jpeg", "https://example.org/1", "Picture"),
        ("", "https://example.org/a.JPG?x=1", "Picture"),
        ("video/mp4", "https://example.org/1", "Video"),
        ("audio/ogg", "https://example.org/1", "Sound"),
        ("text/vcard", "https://example.org/1", "Text file"),
        ("", "https://example.org/1", "File"),
    ],
)
def test_a_file_is_a_link_that_says_what_it_is_and_where_it_leads(
    content_type: str, url: str, kind: str
) -> None:
    attachment = shown(url, content_type)
    assert (attachment.kind, attachment.host) == (kind, "example.org")


def test_media_of_a_strange_shape_are_left_out() -> None:
    assert stored_media(None) == []
    assert stored_media(["x", {"url": "https://example.org/a.png"}]) == [
        Media("https://example.org/a.png")
    ]


def test_pictures_from_elsewhere_are_links_and_ours_are_shown(
    client: Client, base: str, says: Any
) -> None:
    elsewhere = "https://elsewhere.example/a.png"
    says("Look", media=[{"url": elsewhere, "content_type": "image/png"}], is_from_contact=True)
    says("", media=[{"url": f"http://testserver{OURS}", "content_type": ""}])
    page = Page(client.get(base))
    (picture,) = page.all("img")
    assert picture.get("src") == OURS
    assert picture.get("alt")
    link = page.one("a", href=elsewhere)
    assert link.text.startswith("Picture (image/png) at elsewhere.example")
    assert "noreferrer" in link.get("rel")


# -- who sees what ---------------------------------------------------------------------------------


def test_a_texter_sees_a_conversation_from_their_own_first_text_on(
    base: str, says: Any, texter: Any, member: Any, client_for: ClientFor
) -> None:
    says("Before their time", sender=member)
    says("A secret answer", is_from_contact=True)
    says("Hello, I am new", sender=texter)
    says("Hello new one", is_from_contact=True)
    says("I help out", sender=member)
    found = bubbles(Page(client_for(texter).get(base)))
    assert len(found) == 3
    assert "Hello, I am new" in found[0]


def test_a_texter_may_begin_a_conversation_and_learns_nothing_of_what_others_said(
    base: str, says: Any, texter: Any, member: Any, client_for: ClientFor
) -> None:
    says("Before their time", sender=member)
    client = client_for(texter)
    assert bubbles(Page(client.get(base))) == []
    assert "Before their time" not in client.get(f"{base}/updates").content.decode()
    client.post(base, {"text": "Hello"})
    assert len(bubbles(Page(client.get(base)))) == 1
