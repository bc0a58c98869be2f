"""The list of conversations: who sees which, in which order, and how it is narrowed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from service_vendors.models import Organization, Role, SendStatus
from tests.conftest import ClientFor
from tests.factories import (
    ContactFactory,
    MembershipFactory,
    MessageFactory,
    OptOutFactory,
    OrganizationFactory,
    a_number,
)
from tests.web.markup import Page

pytestmark = pytest.mark.usefixtures("set_up")

HTMX = {"HX-Request": "true"}
ADA, BOB, EVE = "+12125550101", "+12125550102", "+12125550103"

Says = Callable[..., Any]


@pytest.fixture
def base(organization: Organization) -> str:
    """The page's address."""
    return f"/admin/{organization.pk}/messages"


@pytest.fixture
def client(organization: Organization, client_for: ClientFor) -> Client:
    """The browser of somebody who sees everything, and no more than that."""
    member = MembershipFactory(organization=organization, role=Role.SUPERVOLUNTEER)
    return client_for(member.user)


@pytest.fixture
def says(organization: Organization) -> Says:
    """A maker of messages."""

    def says(number: str, text: str, **more: Any) -> Any:
        return MessageFactory(
            organization=organization, contact_number=number, text=text, service="pigeon", **more
        )

    return says


def lines(page: Page) -> list[str]:
    """What each line of the list says."""
    return [
        item.text
        for item in page.all("a")
        if "conversations" in item.inside and item.get("id").startswith("conversation-")
    ]


# -- what is listed --------------------------------------------------------------------------------


def test_each_conversation_is_listed_once_with_its_last_text_and_the_newest_first(
    client: Client, base: str, says: Says
) -> None:
    says(ADA, "First to Ada")
    says(BOB, "First to Bob")
    says(ADA, "Second to Ada", send_status=SendStatus.DELIVERED)
    found = lines(Page(client.get(base)))
    assert len(found) == 2
    assert found[0].startswith("# (212) 555-0101 You: Second to Ada")
    assert "✓✓ delivered" in found[0]
    assert "First to Bob" in found[1]
    assert "queued" in found[1]


def test_a_contact_is_called_by_their_name(
    client: Client, base: str, says: Says, organization: Organization
) -> None:
    says(ADA, "Hello")
    ContactFactory(
        campaign__organization=organization, cell=ADA, first_name="Ada", last_name="Lovelace"
    )
    ContactFactory(cell=ADA, first_name="Somebody", last_name="Else's")
    assert lines(Page(client.get(base)))[0].startswith("AL Ada Lovelace (212) 555-0101")


def test_where_the_contact_had_the_last_word_the_line_is_marked(
    client: Client, base: str, says: Says
) -> None:
    says(ADA, "Hello")
    says(ADA, "Yes?", is_from_contact=True)
    says(BOB, "Hello")
    page = Page(client.get(base))
    marked = page.one("a", class_="sv-conversation sv-from-contact")
    assert "They wrote: Yes?" in marked.text
    assert "received" in marked.text


def test_who_opted_out_is_marked(
    client: Client, base: str, says: Says, organization: Organization
) -> None:
    says(ADA, "Hello")
    says(BOB, "Hello")
    OptOutFactory(organization=organization, cell=ADA)
    OptOutFactory(cell=BOB)
    bob, ada = lines(Page(client.get(base)))
    assert "opted out" in ada
    assert "opted out" not in bob


def test_a_picture_without_words_is_called_one(client: Client, base: str, says: Says) -> None:
    says(ADA, "", media=[{"url": "https://example.org/a.png", "content_type": "image/png"}])
    assert "a picture" in lines(Page(client.get(base)))[0]


def test_what_a_contact_writes_is_escaped(client: Client, base: str, says: Says) -> None:
    says(ADA, "<script>alert(1)</script>", is_from_contact=True)
    html = client.get(base).content.decode()
    assert "&lt;script&gt;alert(1)" in html
    assert "<script>alert" not in html


def test_another_organizations_conversations_are_not_there(
    client: Client, base: str, says: Says
) -> None:
    MessageFactory(contact_number=ADA, text="Not for your eyes")
    says(BOB, "Hello")
    assert len(lines(Page(client.get(base)))) == 1


def test_without_texts_the_page_says_what_to_do_first(client: Client, base: str) -> None:
    text = Page(client.get(base)).text
    assert "No texts yet" in text
    assert "you can write the first text" in text


# -- who sees which --------------------------------------------------------------------------------


def test_a_texter_sees_the_conversations_in_which_they_texted_and_no_others(
    base: str, says: Says, texter: Any, client_for: ClientFor
) -> None:
    says(ADA, "Mine", sender=texter)
    says(ADA, "An answer", is_from_contact=True)
    says(BOB, "Somebody else's")
    page = Page(client_for(texter).get(base))
    assert len(lines(page)) == 1
    assert "An answer" in lines(page)[0]
    assert "in which you have texted" in page.text


def test_what_was_said_before_a_texters_first_text_is_not_found_by_narrowing(
    base: str, says: Says, texter: Any, client_for: ClientFor
) -> None:
    says(ADA, "Before them", send_status=SendStatus.ERROR)
    says(ADA, "Mine", sender=texter)
    assert lines(Page(client_for(texter).get(f"{base}?show=failed"))) == []


def test_texting_for_another_organization_shows_nothing_here(
    base: str, says: Says, texter: Any, client_for: ClientFor
) -> None:
    MessageFactory(organization=OrganizationFactory(), contact_number=ADA, sender=texter)
    says(ADA, "Somebody else's")
    assert lines(Page(client_for(texter).get(base))) == []


# -- narrowing -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("show", "found"),
    [
        ("failed", ["This failed", "This was not attempted"]),
        ("unknown", ["Who knows"]),
        ("queued", ["On its way", "In line"]),
        ("replies", ["An answer"]),
        ("", ["Goes well", "An answer", "In line", "This failed"]),
        ("nonsense", ["Goes well", "An answer", "In line", "This failed"]),
    ],
)
def test_the_list_narrows_to_the_newest_text_of_a_kind_in_each_conversation(
    show: str, found: list[str], client: Client, base: str, says: Says
) -> None:
    says(ADA, "An earlier failure", send_status=SendStatus.ERROR)
    says(ADA, "This failed", send_status=SendStatus.ERROR)
    says(BOB, "This was not attempted", send_status=SendStatus.NOT_ATTEMPTED)
    says(BOB, "Who knows", send_status=SendStatus.UNKNOWN)
    says(BOB, "In line", send_status=SendStatus.QUEUED)
    says(EVE, "On its way", send_status=SendStatus.SENDING)
    says(EVE, "An answer", is_from_contact=True)
    says(a_number(7), "Goes well", send_status=SendStatus.SENT)
    listed = lines(Page(client.get(base, {"show": show})))
    assert len(listed) == len(found)
    for text in found:
        assert any(text in line for line in listed), text


@pytest.mark.parametrize("show", ["failed", "unknown", "queued", "replies"])
def test_where_nothing_is_of_a_kind_the_page_says_so(show: str, client: Client, base: str) -> None:
    page = Page(client.get(base, {"show": show}))
    assert page.all("h2")[0].text.startswith("No")
    assert page.one("a", class_="sv-chip", aria_current="true").text.lower() == show


@pytest.mark.parametrize(
    "typed", ["+12125550101", "(212) 555-0101", "212.555.0101", " 12125550101 ", "0101", "555-0101"]
)
def test_a_number_is_found_however_it_is_typed(
    typed: str, client: Client, base: str, says: Says
) -> None:
    says(ADA, "To Ada")
    says(BOB, "To Bob")
    found = lines(Page(client.get(base, {"q": typed})))
    assert len(found) == 1
    assert "To Ada" in found[0]


def test_a_number_nobody_texted_can_be_texted_from_here(
    client: Client, base: str, says: Says
) -> None:
    says(ADA, "To Ada")
    page = Page(client.get(base, {"q": "212 555 0177"}))
    assert page.one("a", href=f"{base}/+12125550177").text == "Text (212) 555-0177"


def test_digits_that_no_number_has_are_said_to_be_in_none(client: Client, base: str) -> None:
    assert "No number with 98765 in it" in Page(client.get(base, {"q": "98765"})).text


@pytest.mark.parametrize("typed", ["Ada", "12", "555-0101 or so", "%%%"])
def test_what_is_no_number_is_said_to_be_none_beside_the_field(
    typed: str, client: Client, base: str, says: Says
) -> None:
    says(ADA, "To Ada")
    page = Page(client.get(base, {"q": typed}))
    assert lines(page) == []
    assert "at least 3 digits" in page.by_id("search-error").text
    assert page.by_id("search-number").get("value") == typed
    assert "search-error" in page.by_id("search-number").get("aria-describedby")


def test_narrowing_keeps_what_is_searched_for(client: Client, base: str) -> None:
    page = Page(client.get(base, {"q": "555", "show": "failed"}))
    assert page.one("a", href=f"{base}?show=queued&q=555").text == "Queued"
    assert page.one("input", type="hidden", name="show").get("value") == "failed"


# -- pages and live updates ------------------------------------------------------------------------


def test_older_conversations_are_on_pages_of_their_own(
    client: Client, base: str, says: Says
) -> None:
    for n in range(65):
        says(a_number(n), f"Text {n} of many")
    seen = []
    address = base
    for expected in (30, 30, 5):
        page = Page(client.get(address))
        found = lines(page)
        assert len(found) == expected
        seen += found
        older = [link.get("href") for link in page.all("a") if link.text == "Older"]
        address = older[0] if older else ""
    assert address == ""
    assert len(set(seen)) == 65
    assert page.one("a", class_="btn btn-outline-secondary btn-sm", href=base).text == "Newest"


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "٣"])
def test_a_page_that_cannot_be_is_the_newest(
    before: str, client: Client, base: str, says: Says
) -> None:
    says(ADA, "To Ada")
    assert len(lines(Page(client.get(base, {"before": before})))) == 1


def test_nothing_is_sent_while_nothing_changes(
    client: Client, base: str, says: Says, organization: Organization
) -> None:
    message = says(ADA, "To Ada")
    live = Page(client.get(base)).by_id("conversations").get("hx-get")
    assert client.get(live, headers=HTMX).status_code == 204
    message.send_status = SendStatus.SENT
    message.save()
    news = client.get(live, headers=HTMX)
    assert "sent" in lines(Page(news))[0]
    live = Page(news).by_id("conversations").get("hx-get")
    assert client.get(live, headers=HTMX).status_code == 204
    OptOutFactory(organization=organization, cell=ADA)
    assert "opted out" in lines(Page(client.get(live, headers=HTMX)))[0]


def test_only_the_newest_page_is_live(client: Client, base: str, says: Says) -> None:
    message = says(ADA, "To Ada")
    says(BOB, "To Bob")
    older = Page(client.get(base, {"before": message.pk + 1})).by_id("conversations")
    assert not older.get("hx-get")


def test_the_list_takes_few_queries_however_long_it_is(
    client: Client,
    base: str,
    says: Says,
    organization: Organization,
    django_assert_max_num_queries: Any,
) -> None:
    for n in range(40):
        says(a_number(n), "Hello")
        ContactFactory(campaign__organization=organization, cell=a_number(n))
    with django_assert_max_num_queries(10):
        assert len(lines(Page(client.get(base)))) == 30
    live = Page(client.get(base)).by_id("conversations").get("hx-get")
    with django_assert_max_num_queries(6):
        assert client.get(live, headers=HTMX).status_code == 204
