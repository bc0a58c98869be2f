"""What was set aside: who sees which events, what of them, and trying them again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from service_vendors import receiving
from service_vendors.models import Organization, Role, WebhookEvent
from service_vendors.web.set_aside import MOST_CHARACTERS
from tests.conftest import ClientFor
from tests.factories import MembershipFactory, OrganizationFactory, WebhookEventFactory
from tests.web.markup import Page

pytestmark = pytest.mark.usefixtures("set_up")

SET_ASIDE = WebhookEvent.Status.SET_ASIDE
PENDING = WebhookEvent.Status.PENDING
APPLIED = WebhookEvent.Status.APPLIED


@pytest.fixture
def base(organization: Organization) -> str:
    """The page's address."""
    return f"/admin/{organization.pk}/messages/set-aside"


@pytest.fixture
def client(admin: Any, client_for: ClientFor) -> Client:
    """An admin's browser."""
    return client_for(admin)


@pytest.fixture
def event(organization: Organization) -> Any:
    """A maker of events that were given up."""

    def event(**more: Any) -> Any:
        return WebhookEventFactory(
            **{
                "organization": organization,
                "service": "pigeon",
                "status": SET_ASIDE,
                "attempts": 5,
                "last_error": "ValueError while reading it",
                **more,
            }
        )

    return event


def listed(page: Page) -> list[str]:
    return [title.text for title in page.all("h2") if title.get("id").startswith("event-")]


def test_an_event_is_shown_with_its_vendor_its_tries_and_why_it_failed(
    client: Client, base: str, event: Any
) -> None:
    one = event()
    page = Page(client.get(base))
    assert listed(page) == [f"Event {one.pk} from Pigeon Post"]
    assert "1 waits for you." in page.one("p", class_="sv-intro").text
    assert "tried 5 times" in page.text
    assert page.one("p", class_="sv-why").text == "Why ValueError while reading it"


def test_an_event_of_a_vendor_that_is_gone_is_shown_all_the_same(
    client: Client, base: str, event: Any
) -> None:
    one = event(service="raven")
    assert listed(Page(client.get(base))) == [f"Event {one.pk} from raven"]


def test_with_nothing_set_aside_the_page_says_that_all_is_well(client: Client, base: str) -> None:
    page = Page(client.get(base))
    assert "Nothing is set aside." in page.one("p", class_="sv-intro").text
    assert "Nothing to do here" in page.text


def test_only_what_was_given_up_is_listed_and_only_the_organizations_own(
    client: Client, base: str, event: Any
) -> None:
    event(status=APPLIED)
    event(status=PENDING, last_error="")
    event(organization=OrganizationFactory())
    event(organization=None)
    page = Page(client.get(base))
    assert listed(page) == []
    assert "Being tried again" not in page.text


def test_what_failed_and_is_tried_again_is_told_apart(
    client: Client, base: str, event: Any
) -> None:
    one = event(status=PENDING, attempts=1, last_error="No message of ours is known.")
    page = Page(client.get(base))
    assert listed(page) == []
    assert f"Event {one.pk}, just now, tried 1 time No message of ours is known." in page.text


@pytest.mark.parametrize("role", [Role.SUPERVOLUNTEER, Role.TEXTER])
def test_the_page_is_for_admins_and_owners(
    role: Role, organization: Organization, base: str, event: Any, client_for: ClientFor
) -> None:
    one = event()
    client = client_for(MembershipFactory(organization=organization, role=role).user)
    for address in (base, f"{base}/replay", f"{base}/{one.pk}/replay"):
        assert client.get(address).status_code == 403
        assert client.post(address).status_code in {403, 405}
    one.refresh_from_db()
    assert one.status == SET_ASIDE


# -- what is shown of an event ---------------------------------------------------------------------


def test_the_raw_text_is_escaped(client: Client, base: str, event: Any) -> None:
    bad = "<script>alert(1)</script>"
    event(body=bad.encode(), query=f"x={bad}", headers={"user-agent": bad}, last_error=bad)
    html = client.get(base).content.decode()
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;alert(1)") == 4


@pytest.mark.parametrize("character", ["x", "é", "😀"])
def test_a_large_body_is_cut_and_the_rest_counted(
    character: str, client: Client, base: str, event: Any
) -> None:
    size = len(character.encode())
    event(body=(character * (MOST_CHARACTERS + 7)).encode())
    page = Page(client.get(base))
    assert page.one("pre").text == character * MOST_CHARACTERS
    assert f"{7 * size} more bytes are not shown." in page.text


def test_bytes_that_are_no_text_are_shown_as_well_as_can_be(
    client: Client, base: str, event: Any
) -> None:
    event(body=b"\xff\x00abc")
    assert "abc" in Page(client.get(base)).one("pre").text


def test_an_empty_body_is_called_empty(client: Client, base: str, event: Any) -> None:
    event(body=b"")
    assert "empty" in Page(client.get(base)).one("dl").text


def test_only_headers_that_prove_nothing_are_shown(client: Client, base: str, event: Any) -> None:
    event(
        headers={
            "content-type": "application/json",
            "x-signature": "proof-1",
            "authorization": "Basic proof-2",
            "cookie": "proof-3",
        }
    )
    page = Page(client.get(base))
    assert "application/json" in page.text
    assert "proof-" not in page.one("html").text


@pytest.mark.parametrize(
    "field",
    [
        {"query": "to=1&sig=proof-1&text=Hi"},
        {"query": "to=1&api_key=proof-1&text=Hi"},
        {"body": b"to=1&access_token=proof-1&text=Hi"},
        {"body": b'{"to": 1, "sig": "proof-1", "text": "Hi"}'},
        {"body": b'{"to":1,"apiSecret":"proof-1","text":"Hi"}'},
        {"body": b'{"to": 1, "X-Hook-Signature" : "proof-1", "text": "Hi"}'},
        {"body": b'{"to": 1, "nonce": 1234567, "text": "Hi"}'},
    ],
)
def test_what_proved_the_origin_is_hidden_and_the_rest_stays(
    field: dict[str, Any], client: Client, base: str, event: Any
) -> None:
    event(**field)
    text = Page(client.get(base)).one("dl").text
    assert "proof-1" not in text
    assert "1234567" not in text
    assert "(hidden)" in text
    assert "Hi" in text


@pytest.mark.parametrize("body", [b"keyword=STOP&text=monkey", b'{"keyword": "STOP", "design": 1}'])
def test_words_that_only_sound_like_a_proof_stay(
    body: bytes, client: Client, base: str, event: Any
) -> None:
    event(body=body)
    assert Page(client.get(base)).one("pre").text == body.decode()


def test_older_events_are_on_pages_of_their_own(client: Client, base: str, event: Any) -> None:
    events = [event() for _ in range(23)]
    page = Page(client.get(base))
    assert len(listed(page)) == 20
    assert "23 wait for you." in page.text
    (older,) = (link.get("href") for link in page.all("a") if link.text == "Older")
    page = Page(client.get(base + older))
    assert listed(page)[-1] == f"Event {events[0].pk} from Pigeon Post"
    assert len(listed(page)) == 3
    assert page.all("a", class_="btn btn-outline-secondary btn-sm", href=base)
    assert "There is nothing older" in Page(client.get(base, {"before": events[0].pk})).text


def test_the_page_takes_few_queries(
    client: Client, base: str, event: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        event()
    with django_assert_max_num_queries(10):
        client.get(base)


# -- trying again ----------------------------------------------------------------------------------


def test_a_replayed_event_is_handed_over_anew_and_applied(
    client: Client, base: str, event: Any, django_capture_on_commit_callbacks: Any
) -> None:
    one = event()
    with django_capture_on_commit_callbacks() as handed_over:
        response = client.post(f"{base}/{one.pk}/replay", follow=True)
    assert response.redirect_chain == [(base, 302)]
    assert f"Event {one.pk} is being tried again." in Page(response).text
    assert len(handed_over) == 1
    one.refresh_from_db()
    assert (one.status, one.attempts) == (PENDING, 0)
    receiving.apply([one.pk])
    one.refresh_from_db()
    assert one.status == APPLIED


def test_an_event_that_was_applied_meanwhile_is_left_alone(
    client: Client, base: str, event: Any
) -> None:
    one = event(status=APPLIED)
    response = client.post(f"{base}/{one.pk}/replay", follow=True)
    assert "not set aside any more" in Page(response).text
    one.refresh_from_db()
    assert one.status == APPLIED


def test_another_organizations_event_cannot_be_replayed(
    client: Client, base: str, event: Any
) -> None:
    for one in (event(organization=OrganizationFactory()), event(organization=None)):
        assert client.post(f"{base}/{one.pk}/replay").status_code == 404
        one.refresh_from_db()
        assert one.status == SET_ASIDE
    assert client.post(f"{base}/{'9' * 30}/replay").status_code == 404


def test_looking_at_the_address_of_a_replay_replays_nothing(
    client: Client, base: str, event: Any
) -> None:
    one = event()
    for address in (f"{base}/{one.pk}/replay", f"{base}/replay"):
        assert client.get(address)["Location"] == base
    one.refresh_from_db()
    assert one.status == SET_ASIDE


def test_all_of_them_can_be_tried_again_at_once(client: Client, base: str, event: Any) -> None:
    one, other = event(), event()
    foreign = event(organization=OrganizationFactory())
    response = client.post(f"{base}/replay", follow=True)
    assert "Being tried again: 2." in Page(response).text
    assert set(WebhookEvent.objects.filter(status=PENDING)) == {one, other}
    foreign.refresh_from_db()
    assert foreign.status == SET_ASIDE
    assert "Being tried again:" not in Page(client.post(f"{base}/replay", follow=True)).text
