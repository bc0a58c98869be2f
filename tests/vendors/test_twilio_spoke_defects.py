"""No defect of Spoke's Twilio vendor is here: for each, a test that names it.

The letters are those of the list of defects: T is Spoke's ``twilio/index.js``, TR its settings
form, MC its message cache, MS its message sending, J and JP its jobs, V its vendors' index; then
the line. Most are named where their subject is tested; those that had no such place are here.
"""

from __future__ import annotations

import ast
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from service_vendors import sending
from service_vendors.configuration import save_vendor_config
from service_vendors.exceptions import ConfigurationRejected
from service_vendors.models import Message, Organization, SendStatus, WebhookEvent
from service_vendors.receiving import inbox
from service_vendors.sending import send_message
from service_vendors.vendors import registry
from tests.conftest import ClientFor
from tests.simulators.disturbances import refusing, saying
from tests.simulators.twilio import callbacks, messages
from tests.simulators.twilio.company import Refusal
from tests.simulators.twilio.furnishing import NUMBERS
from tests.vendors.twilio_account import (
    CONTACT,
    PUBLIC_ADDRESS,
    AtTwilio,
    at_twilio_for_everybody,
)

DEFECTS = {
    # Crashes, forgeries
    "T:78": "an unsigned call ends the server",
    "T:36": "a setting at “false” disables the check of signatures",
    "T:157": "reports are not signed by default; a forged one is stored",
    "T:141": "a fixed address is compared, without the organization's",
    "T:361": "the address of reports names no organization",
    "T:82": "calls of exchanged accounts are refused",
    "T:147": "the body picks the tenant of a message",
    "T:173": "the organization of a report is ignored",
    "server/index.js:74": "50 MB are parsed before anything is proven",
    "T:200": "the number of files is whatever a call claims",
    # Losses
    "T:146": "errors are swallowed and answered with 200",
    "T:186": "what one process received, no other can apply",
    "T:272": "a vendor that is not configured says “sent”",
    "T:271": "magic words suppress real texts",
    "T:1084": "magic words suppress real texts",
    "T:564": "after a nonsensical payload it goes on",
    "T:568": "a short code becomes an empty number",
    "T:473": "a promise that nobody handles hangs",
    "MC:194": "a report before the id is known updates nothing",
    # Duplicates, states
    "MC:266": "three deliveries of one message are three rows",
    "T:593": "nothing makes an incoming message unique",
    "J:1040": "a rollback sends a batch again",
    "JP:230": "timeouts are tried again",
    "T:451": "permanent errors are tried again, six times",
    "T:438": "the SDK's error code is read under a wrong name, and cleared",
    "MC:158": "a final status falls again",
    "T:315": "a negative validity is sent",
    # Numbers, services, lookups
    "T:848": "a setting's name ends with a blank",
    "T:782": "buying, attaching and recording are not one",
    "T:833": "a purchase that fails half-way is lost",
    "T:818": "toll-free numbers are filed under another code",
    "T:942": "numbers of a service count as not allocated, and are deleted",
    "T:923": "deletion knows no organization",
    "T:620": "a lookup that finds nothing crashes",
    "T:639": "a lookup that finds nothing crashes",
    "T:746": "a name that is nowhere defined is used",
    "T:752": "a function is not exported",
    "V:55": "other vendors' services are never created",
    # Secrets, settings, texts
    "TR:63": "saving the settings again wipes the token",
    "T:1118": "saving the settings again wipes the token",
    "T:1023": "“<Hidden>” counts as a token",
    "T:1012": "tokens may be kept in plain text",
    "T:369": "numbers and texts are logged",
    "T:429": "numbers and texts are logged",
    "T:584": "numbers and texts are logged",
    "TR:167": "secrets are typed into fields that show them",
    "MS:22": "one picture only, and any address in brackets",
}


def named() -> Iterator[str]:
    """Every label in the first sentences of the tests of Twilio; "T:1, 2" are two."""
    for file in Path(__file__).parent.glob("test_twilio_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            said = ast.get_docstring(node) or ""
            for place, lines in re.findall(r"([A-Za-z/.]+):(\d+(?:[-–]\d+)?(?:, ?\d+)*)", said):
                for line in re.split(r", ?", lines):
                    yield f"{place}:{re.split('[-–]', line)[0]}"


def test_every_defect_has_a_test_that_names_it() -> None:
    assert sorted(DEFECTS.keys() - set(named())) == []


pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def there(settings: Any) -> Iterator[AtTwilio]:
    """An account at Twilio, which is the installation's; nobody works by themselves."""
    settings.VENDOR_READ_SECONDS = 1.0
    with at_twilio_for_everybody(settings) as there:
        yield there


@pytest.fixture
def nobody_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is handed over waits."""
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)


def dispatched(message: Message) -> Message:
    Message.objects.update(due_at=timezone.now())
    sending.dispatch([message.pk])
    message.refresh_from_db()
    return message


@pytest.mark.usefixtures("nobody_works")
def test_what_one_process_received_any_other_applies(
    there: AtTwilio, organization: Organization
) -> None:
    """Spoke: the converter is not exported, so no other process can read it (T:186)."""
    fields = callbacks.incoming_fields(
        there.company, contact=CONTACT, number=NUMBERS[0], text="Yes!"
    )
    url = f"{PUBLIC_ADDRESS}/twilio/{organization.pk}?campaign=5"
    callbacks.posted(url, fields, there.company.auth_token).deliver()
    assert not Message.objects.exists()
    registry.reset()  # as in a process that has seen nothing of it
    (event,) = WebhookEvent.objects.all()
    assert not any("signature" in name for name in event.headers), "what proved it is not kept"
    inbox.apply([event.pk])
    assert Message.objects.get().text == "Yes!"


@pytest.mark.usefixtures("nobody_works")
def test_without_its_settings_a_message_waits_and_says_for_what(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    """Spoke: without them, messages "were sent" (T:272-287)."""
    settings.TWILIO_AUTH_TOKEN = ""
    message = dispatched(send_message(organization, CONTACT, "Hello"))
    assert (message.send_status, message.attempts) == (SendStatus.QUEUED, 0)
    assert "TWILIO_AUTH_TOKEN" in message.status_reason
    settings.TWILIO_AUTH_TOKEN = there.company.auth_token
    settings.TWILIO_MESSAGE_VALIDITY_PERIOD = "an hour"
    message = dispatched(message)
    assert message.send_status == SendStatus.QUEUED
    assert "TWILIO_MESSAGE_VALIDITY_PERIOD" in message.status_reason
    assert there.posts() == []
    settings.TWILIO_MESSAGE_VALIDITY_PERIOD = ""
    assert dispatched(message).send_status == SendStatus.SENT


@pytest.mark.usefixtures("nobody_works")
@pytest.mark.parametrize("code", [21211, 21408, 21610, 21614, 21617])
def test_what_twilio_refuses_for_good_is_tried_once(
    there: AtTwilio, organization: Organization, code: int
) -> None:
    """Spoke: permanent errors are tried six times (T:451), and lose their code (T:438)."""
    there.company.refusals[CONTACT] = Refusal(400, code)
    message = send_message(organization, CONTACT, "Hello")
    for _ in range(3):
        dispatched(message)
    assert (message.send_status, message.error_code) == (SendStatus.ERROR, code)
    assert message.status_reason.endswith(".")
    assert len(there.posts()) == 1


def test_no_token_is_kept_in_plain_text(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    """Spoke: a setting keeps tokens in plain text (T:1012)."""
    settings.TWILIO_MULTI_ORG = True
    secrets = {there.company.auth_token, there.company.api_key_secret}
    assert save_vendor_config(organization, "twilio", there.config, actor=None) is not None
    assert secrets <= set(registry.get_vendor(organization, "twilio").account.config.values())
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            kept = repr(cursor.fetchall())
            assert not any(secret in kept for secret in secrets), table


def test_no_page_shows_a_secret(
    there: AtTwilio, organization: Organization, owner: Any, client_for: ClientFor, settings: Any
) -> None:
    """Spoke: secrets are typed into fields that show them (TR:167), and shown again (T:1023)."""
    settings.TWILIO_MULTI_ORG = True
    assert save_vendor_config(organization, "twilio", there.config, actor=owner) is not None
    page = client_for(owner).get(f"/admin/{organization.pk}/settings").content.decode()
    assert there.company.account_sid in page
    for secret in (there.company.auth_token, there.company.api_key_secret, "&lt;Hidden&gt;"):
        assert secret not in page
    for name in ("auth_token", "api_key_secret"):
        (field,) = re.findall(rf'<input[^>]*name="{name}"[^>]*>', page)
        assert 'type="password"' in field and "value=" not in field
    with pytest.raises(ConfigurationRejected):
        save_vendor_config(organization, "twilio", {"auth_token": "<Hidden>"}, actor=owner)


def test_no_number_text_or_secret_is_logged(
    there: AtTwilio, organization: Organization, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Spoke: all of them are (T:369, 429, 584)."""
    caplog.set_level(logging.DEBUG)
    settings.CELERY_TASK_ALWAYS_EAGER = True
    for disturbance in (
        None,
        messages.HANGS_UP,
        saying("<html>", 502),
        # The last: a number that is not valid is not texted again.
        refusing(Refusal(400, 21211, f"{CONTACT} is not valid")),
    ):
        there.company.disturbance = disturbance
        send_message(organization, CONTACT, "The text of a message")
    url = f"{PUBLIC_ADDRESS}/twilio/{organization.pk}"
    for changes in ({}, {"NumMedia": "many"}, {"From": "nobody at all, really"}):
        fields = callbacks.incoming_fields(
            there.company, contact=CONTACT, number=NUMBERS[0], text="The text of a reply"
        )
        call = callbacks.posted(url, fields | changes, there.company.auth_token)
        assert call.deliver().status_code == 200
        assert callbacks.posted(url, fields, "another").deliver().status_code == 403
    assert len(caplog.records) > 5
    for told in (
        CONTACT[2:],
        NUMBERS[0][2:],
        "The text of",
        "nobody at all",
        there.company.auth_token,
        there.company.api_key_secret,
    ):
        assert told not in caplog.text


def test_an_unsigned_call_to_no_organization_hurts_nobody(there: AtTwilio) -> None:
    """Spoke: it ends the server (T:78-94)."""
    for path in ("/twilio/abc", "/twilio-message-report/abc", "/twilio/%00", "/twilio/-1"):
        assert Client().post(path, b"x=1", content_type=callbacks.FORM).status_code == 404
    assert Client().get("/healthz").status_code == 200
