"""Twilio's calls through the site's own addresses: what they leave in the database, or do not."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from django.db import connections
from django.test import override_settings
from django.utils import timezone

from service_vendors import sending
from service_vendors.configuration import save_vendor_config
from service_vendors.models import (
    Message,
    OptOut,
    Organization,
    OrganizationContact,
    SendStatus,
    WebhookEvent,
)
from service_vendors.receiving import inbox
from service_vendors.sending import send_message
from service_vendors.types import LookupStatus, Media
from tests.factories import OrganizationFactory, OwnedPhoneNumberFactory
from tests.simulators.twilio import callbacks, messages
from tests.simulators.twilio.callbacks import Call
from tests.simulators.twilio.company import TwilioCompany
from tests.simulators.twilio.furnishing import NUMBERS
from tests.vendors.twilio_account import (
    CONTACT,
    PUBLIC_ADDRESS,
    AtTwilio,
    at_twilio_for_everybody,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def there(settings: Any) -> Iterator[AtTwilio]:
    """An account at Twilio, which is the installation's; work is done where it is handed over."""
    settings.CELERY_TASK_ALWAYS_EAGER = True
    settings.VENDOR_READ_SECONDS = 2.0
    with at_twilio_for_everybody(settings) as there:
        yield there


def incoming(there: AtTwilio, url: str = f"{PUBLIC_ADDRESS}/twilio", **changes: str) -> Call:
    """A message of a contact's."""
    fields = callbacks.incoming_fields(
        there.company, contact=CONTACT, number=NUMBERS[0], text="Yes!"
    )
    return callbacks.posted(url, fields | changes, there.company.auth_token)


def to_organization(organization: Organization) -> str:
    return f"{PUBLIC_ADDRESS}/twilio/{organization.pk}"


def sent(there: AtTwilio, organization: Organization) -> tuple[Message, dict[str, Any]]:
    """A message that Twilio took: ours, and Twilio's."""
    message = send_message(organization, CONTACT, "Will you vote?")
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENT
    return message, there.company.messages[-1]


# -- messages -------------------------------------------------------------------------------------


def test_a_contacts_message_is_stored_answered_in_twiml_and_filed(
    there: AtTwilio, organization: Organization
) -> None:
    OwnedPhoneNumberFactory(organization=organization, service="twilio", phone_number=NUMBERS[0])
    files = (Media("https://api.twilio.com/media/1", "image/png"),)
    fields = callbacks.incoming_fields(
        there.company, contact=CONTACT, number=NUMBERS[0], text="Yes!\x00", media=files
    )
    answer = callbacks.posted(f"{PUBLIC_ADDRESS}/twilio", fields, there.company.auth_token)
    response = answer.deliver()
    assert (response.status_code, response["Content-Type"]) == (200, "text/xml")
    assert b"<Response/>" in response.content
    message = Message.objects.get()
    assert (message.organization, message.is_from_contact) == (organization, True)
    assert (message.contact_number, message.user_number) == (CONTACT, NUMBERS[0])
    assert (message.text, message.service_id) == (
        "Yes!\N{REPLACEMENT CHARACTER}",
        fields["MessageSid"],
    )
    assert message.media == [{"url": files[0].url, "content_type": "image/png"}]


def test_the_same_call_again_is_one_message(there: AtTwilio, organization: Organization) -> None:
    """Spoke: three deliveries are three rows (MC:266); nothing is unique (T:593)."""
    call = incoming(there, to_organization(organization))
    as_get = callbacks.got(
        to_organization(organization),
        {"MessageSid": "SM1", "From": CONTACT, "To": NUMBERS[0], "Body": "Yes!"},
        there.company.auth_token,
    )
    for one in (call, call, as_get, call, as_get):
        assert one.deliver().status_code == 200
    assert Message.objects.count() == 2
    assert WebhookEvent.objects.count() == 2


@pytest.mark.parametrize("sender", ["12345", "Our Union"])
def test_short_codes_and_names_are_filed_as_what_they_are(
    there: AtTwilio, organization: Organization, sender: str
) -> None:
    """Spoke: a short code becomes "" (T:568)."""
    assert incoming(there, to_organization(organization), From=sender).deliver().status_code == 200
    assert Message.objects.get().contact_number == sender


def test_a_stop_in_other_words_is_obeyed_when_twilio_says_so(
    there: AtTwilio, organization: Organization
) -> None:
    url = to_organization(organization)
    incoming(there, url, Body="No more of this please", OptOutType="STOP").deliver()
    assert OptOut.objects.get(ended_at=None).cell == CONTACT
    incoming(there, url, Body="All right then", OptOutType="START").deliver()
    assert not OptOut.objects.filter(ended_at=None).exists()


def test_what_cannot_be_read_is_set_aside_where_it_can_be_seen(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    """Spoke: errors are swallowed, and Twilio hears 200 (T:146-153)."""
    settings.INBOX_MAX_ATTEMPTS = 1
    call = incoming(there, to_organization(organization), From="whatsapp:+12125550142")
    assert call.deliver().status_code == 200
    event = WebhookEvent.objects.get()
    assert event.status == WebhookEvent.Status.SET_ASIDE
    assert bytes(event.body) == call.body
    assert not Message.objects.exists()


# -- nothing unsigned -----------------------------------------------------------------------------


@pytest.mark.parametrize("skip", ["false", "true", "1", ""])
@pytest.mark.parametrize("address", ["twilio", "twilio-message-report"])
def test_no_setting_lets_an_unsigned_call_in(
    there: AtTwilio, organization: Organization, settings: Any, skip: str, address: str
) -> None:
    """Spoke: a setting does, at "false" too, and reports need none by default (T:36, T:157)."""
    message, taken = sent(there, organization)
    settings.TWILIO_SKIP_VALIDATION = settings.TWILIO_VALIDATION = skip
    settings.DEBUG = True
    for url in (f"{PUBLIC_ADDRESS}/{address}", f"{PUBLIC_ADDRESS}/{address}/{organization.pk}"):
        fields = callbacks.report_fields(there.company, taken, "failed", 30003)
        genuine = callbacks.posted(url, fields, there.company.auth_token)
        for headers in ({}, {callbacks.SIGNATURE_HEADER: "wrong"}, {"X-Twilio-Signature": ""}):
            forged = Call("POST", url, {"Content-Type": callbacks.FORM, **headers}, genuine.body)
            assert forged.deliver().status_code == 403
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENT
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/twilio/abc", 404),
        ("/twilio/999999", 403),
        ("/twilio/" + "9" * 18, 403),
        ("/twilio/" + "9" * 19, 404),
        ("/twilio", 403),
        ("/twilio/", 403),
    ],
)
def test_an_unsigned_call_to_anywhere_is_refused_and_hurts_nobody(
    there: AtTwilio, path: str, status: int
) -> None:
    """Spoke: one to ``/twilio/abc`` ends the server (T:78-94)."""
    url = PUBLIC_ADDRESS + path
    for body in (b"", b"Body=hi", b"\xff\x00", b"%" * 1_000):
        answer = Call("POST", url, {"Content-Type": callbacks.FORM}, body).deliver()
        assert answer.status_code == status
    assert not WebhookEvent.objects.exists()


def test_too_large_a_call_is_not_even_read(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    """Spoke: 50 MB are parsed before anything is proven (server/index.js:74)."""
    settings.WEBHOOK_MAX_BYTES = 2_000
    large = incoming(there, to_organization(organization), Body="x" * 2_000)
    assert large.deliver().status_code == 413
    assert not WebhookEvent.objects.exists()


def test_an_account_without_its_token_accepts_nothing(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    fields = {"MessageSid": "SM1", "From": CONTACT, "To": NUMBERS[0], "Body": "x"}
    for token in ("", there.company.auth_token):
        call = callbacks.posted(to_organization(organization), fields, token)
        assert call.deliver().status_code == 403


# -- where it was sent to -------------------------------------------------------------------------


def test_the_public_address_counts_whatever_the_proxy_made_of_it(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    """Spoke: a fixed address is compared, without the organization (T:141, T:361)."""
    genuine = incoming(there, to_organization(organization))
    inside = f"http://10.0.0.7/twilio/{organization.pk}"
    settings.SECURE_SSL_REDIRECT = False
    assert Call("POST", inside, genuine.headers, genuine.body).deliver().status_code == 200
    settings.BASE_URL = "https://elsewhere.example.org"
    assert Call("POST", inside, genuine.headers, genuine.body).deliver().status_code == 403
    settings.TWILIO_BASE_CALLBACK_URL = PUBLIC_ADDRESS
    assert Call("POST", inside, genuine.headers, genuine.body).deliver().status_code == 200
    settings.TWILIO_BASE_CALLBACK_URL = f"{PUBLIC_ADDRESS}/texting"
    moved = incoming(there, f"{PUBLIC_ADDRESS}/texting/twilio/{organization.pk}")
    assert Call("POST", inside, moved.headers, moved.body).deliver().status_code == 200


@pytest.mark.parametrize("base_url", ["", "https://elsewhere.example.org"])
def test_the_forwarded_headers_of_a_trusted_proxy_count_and_a_strangers_do_not(
    there: AtTwilio, organization: Organization, settings: Any, base_url: str
) -> None:
    settings.BASE_URL = base_url
    settings.SECURE_SSL_REDIRECT = False
    genuine = incoming(there, to_organization(organization))
    call = Call("POST", f"http://10.0.0.7/twilio/{organization.pk}", genuine.headers, genuine.body)
    forwarded = {
        "HTTP_X_FORWARDED_PROTO": "https",
        "HTTP_X_FORWARDED_HOST": "texting.example.org",
        "HTTP_X_FORWARDED_PORT": "443",
    }
    assert call.deliver(**forwarded).status_code == 403
    with override_settings(
        SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"), USE_X_FORWARDED_HOST=True
    ):
        assert call.deliver().status_code == 403
        assert call.deliver(**forwarded | {"HTTP_X_FORWARDED_HOST": "b.org"}).status_code == 403
        assert call.deliver(**forwarded).status_code == 200


def test_a_json_call_and_a_get_come_through(there: AtTwilio, organization: Organization) -> None:
    url, token = to_organization(organization), there.company.auth_token
    fields = {"From": CONTACT, "To": NUMBERS[0], "Body": "ä & +"}
    for make, sid in ((callbacks.got, "SM1"), (callbacks.posted_json, "SM2")):
        call = make(url, fields | {"MessageSid": sid}, token)  # type: ignore[operator]
        assert call.deliver().status_code == 200
    assert [one.text for one in Message.objects.all()] == ["ä & +", "ä & +"]


# -- whose it is ----------------------------------------------------------------------------------


def subaccount_of(organization: Organization) -> TwilioCompany:
    """An organization's own account, with a number of its own."""
    other = TwilioCompany()
    config = {"account_sid": other.account_sid, "auth_token": other.auth_token}
    save_vendor_config(organization, "twilio", config, actor=None, check=False)
    return other


def test_a_subaccounts_calls_are_proven_by_its_own_token_and_file_under_its_organization(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    """Spoke: valid calls of another account are refused (T:82); the body picks a tenant (T:147)."""
    settings.TWILIO_MULTI_ORG = True
    victim = OrganizationFactory()
    OwnedPhoneNumberFactory(organization=victim, service="twilio", phone_number=NUMBERS[0])
    subaccount = subaccount_of(organization)
    fields = callbacks.incoming_fields(subaccount, contact=CONTACT, number=NUMBERS[0], text="Yes!")
    url = to_organization(organization)
    assert callbacks.posted(url, fields, there.company.auth_token).deliver().status_code == 403
    assert callbacks.posted(url, fields, subaccount.auth_token).deliver().status_code == 200
    assert Message.objects.get().organization == organization
    for other in (to_organization(victim), f"{PUBLIC_ADDRESS}/twilio"):
        assert callbacks.posted(other, fields, subaccount.auth_token).deliver().status_code == 403


def test_an_organizations_account_cannot_report_on_another_organizations_message(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    """Spoke: the organization in the address of a report is ignored (T:173)."""
    settings.TWILIO_MULTI_ORG = True
    message, taken = sent(there, OrganizationFactory())
    attacker = subaccount_of(organization)
    _, _, query = taken["status_callback"].partition("?")
    fields = callbacks.report_fields(attacker, taken, "failed", 21610)
    for url in (
        f"{PUBLIC_ADDRESS}/twilio-message-report/{organization.pk}",
        f"{PUBLIC_ADDRESS}/twilio-message-report/{organization.pk}?{query}",
    ):
        assert callbacks.posted(url, fields, attacker.auth_token).deliver().status_code == 200
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENT
    assert not OptOut.objects.exists()


def test_after_a_token_or_an_account_changed_what_the_old_one_signed_still_counts(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    """Spoke: after an account was exchanged, valid calls are refused (T:82)."""
    message, taken = sent(there, organization)
    old = there.company.auth_token
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + "1" * 32, f"new,{old}"
    assert callbacks.report(there.company, taken, "delivered").deliver().status_code == 200
    message.refresh_from_db()
    assert message.send_status == SendStatus.DELIVERED


# -- reports --------------------------------------------------------------------------------------


def test_a_report_that_overtakes_the_answer_finds_its_message(
    there: AtTwilio, organization: Organization
) -> None:
    """Spoke: a report before the id is known updates nothing (MC:194)."""

    def report(taken: dict[str, Any]) -> None:
        try:
            callbacks.report(there.company, taken, "delivered").deliver()
        finally:
            connections.close_all()  # this thread's

    async def report_first(request: web.Request) -> web.StreamResponse:
        taken = await messages.take(request)
        await asyncio.to_thread(report, taken)
        return web.json_response(messages.answer(taken), status=201)

    there.company.disturbance = report_first
    message = send_message(organization, CONTACT, "Will you vote?")
    message.refresh_from_db()
    assert message.send_status == SendStatus.DELIVERED
    assert message.service_id == there.company.messages[0]["sid"]
    assert not WebhookEvent.objects.exclude(status=WebhookEvent.Status.APPLIED).exists()


def test_a_report_settles_a_send_whose_answer_never_came(
    there: AtTwilio, organization: Organization
) -> None:
    there.company.disturbance = messages.HANGS_UP
    message = send_message(organization, CONTACT, "Will you vote?")
    there.company.disturbance = None
    message.refresh_from_db()
    assert (message.send_status, message.service_id) == (SendStatus.UNKNOWN, "")
    (taken,) = there.company.messages
    assert callbacks.report(there.company, taken, "sent").deliver().status_code == 200
    message.refresh_from_db()
    assert (message.send_status, message.service_id) == (SendStatus.SENT, taken["sid"])
    assert message.user_number == taken["from"]


WORDS = ("queued", "sent", "delivered", "undelivered")


@pytest.mark.parametrize("order", list(itertools.permutations(WORDS)))
def test_whatever_order_reports_come_in_and_however_often_the_end_is_the_same(
    there: AtTwilio, organization: Organization, order: tuple[str, ...]
) -> None:
    """Spoke: a final status falls again, and keeps an error that is over (MC:158)."""
    message, taken = sent(there, organization)
    again = random.Random(str(order)).sample(order, len(order))
    for word in (*order, *again):
        code = 30003 if word == "undelivered" else None
        assert callbacks.report(there.company, taken, word, code).deliver().status_code == 200
    message.refresh_from_db()
    assert (message.send_status, message.error_code) == (SendStatus.DELIVERED, None)
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (30003, None),
        (30004, None),
        (30005, LookupStatus.INVALID),
        (30006, LookupStatus.LANDLINE),
        (30007, None),
        (30008, None),
    ],
)
def test_a_failed_delivery_is_remembered_at_the_number(
    there: AtTwilio, organization: Organization, code: int, status: LookupStatus | None
) -> None:
    message, taken = sent(there, organization)
    for word in ("undelivered", "sent", "queued"):
        callbacks.report(there.company, taken, word, code).deliver()
    message.refresh_from_db()
    assert (message.send_status, message.error_code) == (SendStatus.ERROR, code)
    assert message.status_reason.endswith(".")
    known = OrganizationContact.objects.get(contact_number=CONTACT)
    assert known.last_error_code == code
    assert known.status_code == (None if status is None else status.value)


def test_a_report_on_nobodys_message_is_tried_again_and_then_shown(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    """Spoke: a message that is missing throws, or is deleted unseen."""
    settings.INBOX_RETRY_SECONDS = 0
    fields = {"MessageSid": "SM404", "MessageStatus": "delivered", "To": CONTACT, "From": "12345"}
    url = f"{PUBLIC_ADDRESS}/twilio-message-report/{organization.pk}"
    assert callbacks.posted(url, fields, there.company.auth_token).deliver().status_code == 200
    event = WebhookEvent.objects.get()
    assert (event.status, event.attempts) == (WebhookEvent.Status.PENDING, 1)
    for _ in range(4):
        WebhookEvent.objects.update(due_at=timezone.now())
        inbox.apply([event.pk])
    event.refresh_from_db()
    assert event.status == WebhookEvent.Status.SET_ASIDE
    assert "No message of ours" in event.last_error


def test_a_contact_who_unsubscribed_at_twilio_is_opted_out_here(
    there: AtTwilio, organization: Organization
) -> None:
    there.company.refusals[CONTACT] = messages.Refusal(400, 21610)
    message = send_message(organization, CONTACT, "Will you vote?")
    message.refresh_from_db()
    assert (message.send_status, message.error_code) == (SendStatus.ERROR, 21610)
    assert OptOut.objects.get(ended_at=None).cell == CONTACT
    sending.dispatch([message.pk])
    assert len(there.posts()) == 1
