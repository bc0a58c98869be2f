"""Texts in doubt on the page "Set aside": who sees them, and who may decide."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from service_vendors import optouts
from service_vendors.models import Message, OptOut, Organization, Role, SendStatus
from tests.conftest import ClientFor
from tests.factories import MembershipFactory, MessageFactory, OrganizationFactory
from tests.web.markup import Page

pytestmark = pytest.mark.usefixtures("set_up")


@pytest.fixture
def page(organization: Organization) -> str:
    """The page's address."""
    return f"/admin/{organization.pk}/messages/set-aside"


@pytest.fixture
def base(organization: Organization) -> str:
    """Where decisions are posted."""
    return f"/admin/{organization.pk}/messages/in-doubt"


@pytest.fixture
def client(admin: Any, client_for: ClientFor) -> Client:
    """An admin's browser."""
    return client_for(admin)


@pytest.fixture
def doubtful(organization: Organization) -> Message:
    """A text in doubt."""
    return a_doubtful_text(organization)


def a_doubtful_text(organization: Organization, **more: Any) -> Message:
    return MessageFactory(
        organization=organization,
        service="pigeon",
        send_status=SendStatus.UNKNOWN,
        due_at=None,
        status_reason="The worker stopped.",
        **more,
    )


def status_of(message: Message) -> str:
    message.refresh_from_db()
    return message.send_status


def test_texts_in_doubt_are_listed_with_why_and_what_can_be_done(
    client: Client, page: str, organization: Organization, doubtful: Message
) -> None:
    a_doubtful_text(organization, text="<b>bold</b>")
    a_doubtful_text(OrganizationFactory(), text="not ours")
    shown = Page(client.get(page))
    assert "2 wait for you." in shown.one("p", class_="sv-intro").text
    assert "2 texts in doubt" in shown.text
    assert "The worker stopped." in shown.by_id(f"doubt-{doubtful.pk}").text
    assert "They may get this text twice." in shown.text
    assert "not ours" not in shown.text
    assert "<b>bold" not in client.get(page).content.decode()


def test_an_admin_marks_one_as_sent(
    client: Client, page: str, base: str, doubtful: Message
) -> None:
    response = client.post(f"{base}/{doubtful.pk}/sent", follow=True)
    assert response.redirect_chain == [(page, 302)]
    assert "is marked as sent" in Page(response).text
    assert status_of(doubtful) == SendStatus.SENT
    response = client.post(f"{base}/{doubtful.pk}/sent", follow=True)
    assert "not in doubt any more: it is sent" in Page(response).text


def test_an_admin_marks_all_as_sent(
    client: Client, base: str, organization: Organization, doubtful: Message
) -> None:
    other = a_doubtful_text(organization)
    assert "Marked as sent: 2." in Page(client.post(f"{base}/sent", follow=True)).text
    assert {status_of(doubtful), status_of(other)} == {SendStatus.SENT}


def test_an_admin_sends_one_again(client: Client, base: str, doubtful: Message) -> None:
    response = client.post(f"{base}/{doubtful.pk}/again", follow=True)
    assert "is being sent again" in Page(response).text
    assert status_of(doubtful) == SendStatus.ERROR
    client.post(f"{base}/{doubtful.pk}/again")
    again = Message.objects.exclude(pk=doubtful.pk).get()
    assert (again.text, again.send_status) == (doubtful.text, SendStatus.QUEUED)


def test_why_it_cannot_be_sent_again_is_said(
    client: Client, base: str, organization: Organization, doubtful: Message
) -> None:
    optouts.stop(organization, doubtful.contact_number, source=OptOut.Source.PERSON)
    response = client.post(f"{base}/{doubtful.pk}/again", follow=True)
    assert "Not sent again: This contact asked not to be texted." in Page(response).text
    assert status_of(doubtful) == SendStatus.UNKNOWN


def test_looking_at_an_address_decides_nothing(
    client: Client, page: str, base: str, doubtful: Message
) -> None:
    for address in (f"{base}/sent", f"{base}/{doubtful.pk}/sent", f"{base}/{doubtful.pk}/again"):
        assert client.get(address)["Location"] == page
    assert status_of(doubtful) == SendStatus.UNKNOWN


def test_another_organizations_text_is_not_there(client: Client, base: str) -> None:
    foreign = a_doubtful_text(OrganizationFactory())
    for what in ("sent", "again"):
        assert client.post(f"{base}/{foreign.pk}/{what}").status_code == 404
        assert client.post(f"{base}/{'9' * 30}/{what}").status_code == 404
    assert status_of(foreign) == SendStatus.UNKNOWN


@pytest.mark.parametrize("role", [Role.SUPERVOLUNTEER, Role.TEXTER])
def test_only_admins_and_owners_decide(
    role: Role, organization: Organization, base: str, doubtful: Message, client_for: ClientFor
) -> None:
    client = client_for(MembershipFactory(organization=organization, role=role).user)
    for address in (f"{base}/sent", f"{base}/{doubtful.pk}/sent", f"{base}/{doubtful.pk}/again"):
        assert client.post(address).status_code == 403
    assert status_of(doubtful) == SendStatus.UNKNOWN


def test_a_conversation_says_who_can_settle_a_doubt(
    client: Client, organization: Organization, doubtful: Message
) -> None:
    address = f"/admin/{organization.pk}/messages/{doubtful.contact_number}"
    assert "an admin can settle it under “Set aside”" in Page(client.get(address)).text
