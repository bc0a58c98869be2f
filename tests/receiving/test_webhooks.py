"""The one webhook view, over HTTP."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from django.test import Client

from service_vendors.models import Message, OptOut, Organization, SendStatus, WebhookEvent
from tests.factories import MessageFactory, OrganizationFactory, OwnedPhoneNumberFactory

CONTACT, OURS = "+12125550123", "+12125550100"
SIGNED = {"x-word": "open sesame"}


def incoming(**changes: Any) -> bytes:
    message = {
        "kind": "message",
        "service_id": "in-1",
        "contact_number": CONTACT,
        "user_number": OURS,
        "text": "Hi",
    }
    return json.dumps([message | changes]).encode()


def post(organization: Organization, body: bytes, headers: dict[str, str] | None = None) -> int:
    response = Client().post(
        f"/scripted/{organization.pk}",
        body,
        content_type="application/json",
        headers=SIGNED if headers is None else headers,
    )
    return response.status_code


@pytest.fixture(autouse=True)
def applied_at_once(settings: Any) -> None:
    """Work handed over on commit is done right there."""
    settings.CELERY_TASK_ALWAYS_EAGER = True


pytestmark = pytest.mark.django_db(transaction=True)


def test_a_signed_message_is_stored_and_answered(organization: Organization) -> None:
    assert post(organization, incoming()) == 200
    message = Message.objects.get()
    assert (message.organization, message.text, message.is_from_contact) == (
        organization,
        "Hi",
        True,
    )
    assert message.send_status == SendStatus.DELIVERED
    assert WebhookEvent.objects.get().status == WebhookEvent.Status.APPLIED


@pytest.mark.parametrize("headers", [{}, {"x-word": "wrong"}, {"x-word": ""}])
def test_an_unsigned_or_forged_call_changes_nothing(
    organization: Organization, headers: dict[str, str]
) -> None:
    assert post(organization, incoming(), headers) == 403
    assert not WebhookEvent.objects.exists()
    assert not Message.objects.exists()


def test_an_empty_secret_lets_nobody_in(organization: Organization, settings: Any) -> None:
    settings.SCRIPTED_TOKEN = ""
    assert post(organization, incoming(), {"x-word": ""}) == 403
    assert post(organization, incoming(), {}) == 403


def test_a_too_large_call_is_refused_unread(organization: Organization, settings: Any) -> None:
    settings.WEBHOOK_MAX_BYTES = 1000
    assert post(organization, incoming(text="x" * 1000)) == 413
    assert not WebhookEvent.objects.exists()


def test_an_organization_that_is_not_there_is_refused(organization: Organization) -> None:
    organization.pk = 999
    assert post(organization, incoming()) == 403


@pytest.mark.parametrize("address", ["/nobody/1", "/nobody", "/scripted/x"])
def test_an_address_nobody_listens_at_is_not_found(
    organization: Organization, address: str
) -> None:
    assert Client().post(address, b"{}", content_type="application/json").status_code == 404


def test_another_method_is_not_allowed(organization: Organization) -> None:
    assert Client().delete(f"/scripted/{organization.pk}").status_code == 405


def test_a_trailing_slash_loses_no_call(organization: Organization) -> None:
    response = Client().post(
        f"/scripted/{organization.pk}/",
        incoming(),
        content_type="application/json",
        headers=SIGNED,
    )
    assert response.status_code == 200
    assert Message.objects.count() == 1


def test_the_same_call_ten_times_at_once_is_one_message(
    organization: Organization, live_server: Any
) -> None:
    def call(_: int) -> int:
        request = Request(
            f"{live_server.url}/scripted/{organization.pk}", data=incoming(), headers=SIGNED
        )
        try:
            with urlopen(request) as response:
                return int(response.status)
        except HTTPError as error:
            return error.code

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(call, range(10)))
    assert statuses == [200] * 10
    assert Message.objects.count() == 1
    assert WebhookEvent.objects.count() == 1


def test_the_same_message_in_another_wrapping_is_stored_once(organization: Organization) -> None:
    assert post(organization, incoming()) == 200
    assert post(organization, incoming() + b" ") == 200
    assert Message.objects.count() == 1
    assert WebhookEvent.objects.count() == 2


def test_the_environments_account_files_under_the_numbers_owner(
    organization: Organization,
) -> None:
    owner = OrganizationFactory()
    OwnedPhoneNumberFactory(organization=owner, service="scripted", phone_number=OURS)
    response = Client().post("/scripted", incoming(), "application/json", headers=SIGNED)
    assert response.status_code == 200
    assert Message.objects.get().organization == owner


def test_without_an_owner_the_conversation_decides(organization: Organization) -> None:
    MessageFactory(
        organization=organization,
        service="scripted",
        contact_number=CONTACT,
        user_number=OURS,
    )
    Client().post("/scripted", incoming(), "application/json", headers=SIGNED)
    assert Message.objects.get(is_from_contact=True).organization == organization


def test_a_message_nobody_can_be_found_for_is_kept_and_shown(
    organization: Organization, settings: Any
) -> None:
    settings.INBOX_MAX_ATTEMPTS = 1
    response = Client().post("/scripted", incoming(), "application/json", headers=SIGNED)
    assert response.status_code == 200
    event = WebhookEvent.objects.get()
    assert event.status == WebhookEvent.Status.SET_ASIDE
    assert "No organization" in event.last_error
    assert bytes(event.body) == incoming()


def test_an_account_speaks_for_its_own_organization_only(organization: Organization) -> None:
    victim = OrganizationFactory()
    OwnedPhoneNumberFactory(organization=victim, service="scripted", phone_number=OURS)
    post(organization, incoming())
    assert Message.objects.get().organization == organization


@pytest.mark.parametrize("text", ["STOP", "stop", " Stop! ", "unsubscribe", "OPT-OUT"])
def test_stop_is_obeyed(organization: Organization, text: str) -> None:
    post(organization, incoming(text=text))
    assert OptOut.objects.get(ended_at=None).cell == CONTACT


def test_a_text_about_stopping_is_no_opt_out(organization: Organization) -> None:
    post(organization, incoming(text="Don't stop believing"))
    assert not OptOut.objects.exists()


def test_start_ends_the_opt_out(organization: Organization) -> None:
    post(organization, incoming(text="STOP"))
    post(organization, incoming(text="start", service_id="in-2"))
    assert not OptOut.objects.filter(ended_at=None).exists()
    assert OptOut.objects.count() == 1


def test_a_nul_character_is_made_visible_and_stored(organization: Organization) -> None:
    assert post(organization, incoming(text="a\x00b")) == 200
    assert Message.objects.get().text == "a\N{REPLACEMENT CHARACTER}b"


def test_a_report_about_a_message_of_ours_is_applied(organization: Organization) -> None:
    message = MessageFactory(
        organization=organization,
        service="scripted",
        service_id="s",
        send_status=SendStatus.SENT,
    )
    body = json.dumps([{"kind": "report", "service_id": "s", "status": "DELIVERED"}]).encode()
    assert post(organization, body) == 200
    message.refresh_from_db()
    assert message.send_status == SendStatus.DELIVERED
