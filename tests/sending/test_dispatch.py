"""From a queued row to the vendor's answer, through the real loop, with a scripted vendor."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from service_vendors import optouts, sending
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.managers.base import ServiceManager
from service_vendors.models import (
    Message,
    OptOut,
    Organization,
    OrganizationContact,
    SendStatus,
)
from service_vendors.sending import send_message, sweeping
from service_vendors.types import DeliveryReport, ReportStatus, SendReceipt
from tests.scripted_vendor import Answer, Script

NUMBER = "+12125550123"

# Coroutines run on the vendor loop's thread while the test's thread waits: what they read of the
# database must be committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def message(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> Message:
    """A queued message that nobody has been asked to send yet."""
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    return send_message(organization, NUMBER, "Hello")


def answering(script: Script, answer: Answer) -> None:
    script.answer = lambda _: answer


def test_a_taken_message_is_sent_with_the_vendors_id_and_number(
    script: Script, message: Message
) -> None:
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENT
    assert message.service_id == f"id-{message.reference.hex}"
    assert message.user_number == "+12125550100"
    assert message.sent_at is not None
    assert [out.reference for out in script.sent] == [message.reference.hex]


def test_dispatching_twice_sends_once(script: Script, message: Message) -> None:
    sending.dispatch([message.pk, message.pk])
    sending.dispatch([message.pk])
    assert len(script.sent) == 1


def test_a_batch_is_sent_at_the_same_time(script: Script, organization: Organization) -> None:
    messages = [send_message(organization, f"+1212555{n:04}", "Hello") for n in range(30)]
    Message.objects.update(send_status=SendStatus.QUEUED, claim_token=None)
    script.sent.clear()
    sending.dispatch([m.pk for m in messages])
    assert len(script.sent) == 30
    assert script.most_at_once > 10


def test_a_transient_failure_is_tried_again_later_and_not_before(
    script: Script, message: Message
) -> None:
    answering(script, TransientVendorError("busy", code=503))
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.QUEUED
    assert message.attempts == 1
    assert message.due_at and message.due_at > timezone.now()
    assert message.status_reason == "busy"
    sending.dispatch([message.pk])
    assert len(script.sent) == 1


def test_retry_after_is_honoured(script: Script, message: Message) -> None:
    answering(script, TransientVendorError("busy", retry_after_seconds=500))
    before = timezone.now()
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.due_at and message.due_at >= before + timedelta(seconds=500)


def test_after_the_last_try_a_message_fails_with_the_reason(
    script: Script, message: Message, settings: Any
) -> None:
    settings.SEND_MAX_ATTEMPTS = 2
    answering(script, TransientVendorError("busy", code=503))
    for _ in range(2):
        Message.objects.update(due_at=timezone.now())
        sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.ERROR
    assert message.error_code == 503
    assert "2 tries" in message.status_reason


def test_a_permanent_failure_is_final_and_says_so_in_words(
    script: Script, message: Message
) -> None:
    answering(script, PermanentVendorError("no", code=42))
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.ERROR
    assert message.error_code == 42
    assert message.status_reason == "The answer was not what you hoped for."
    known = OrganizationContact.objects.get(contact_number=NUMBER)
    assert known.last_error_code == 42


def test_an_opt_out_at_the_vendor_is_recorded_here(script: Script, message: Message) -> None:
    answering(script, PermanentVendorError("no", code=42, opted_out=True))
    sending.dispatch([message.pk])
    opt_out = OptOut.objects.get(cell=NUMBER)
    assert opt_out.source == OptOut.Source.VENDOR


@pytest.mark.parametrize("failure", [SendUncertain("who knows"), RuntimeError("secret-token")])
def test_a_doubtful_send_is_unknown_and_never_repeated(
    script: Script, message: Message, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    answering(script, failure)
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.UNKNOWN
    assert message.status_reason
    sending.dispatch([message.pk])
    sweeping.hand_over_forgotten()
    assert len(script.sent) == 1
    assert "secret-token" not in caplog.text + message.status_reason


def test_a_call_that_outlasts_its_claim_is_doubtful(
    script: Script, message: Message, settings: Any
) -> None:
    settings.SEND_LEASE_SECONDS = 0.2
    script.before_answer = lambda _: __import__("time").sleep(1)
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.UNKNOWN


def test_an_unready_vendor_leaves_the_message_queued_with_the_reason(
    script: Script, message: Message, settings: Any
) -> None:
    settings.SCRIPTED_TOKEN = ""
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.QUEUED
    assert message.attempts == 0
    assert "SCRIPTED_TOKEN" in message.status_reason
    assert not script.sent


def test_refused_credentials_leave_the_message_queued(script: Script, message: Message) -> None:
    answering(script, VendorNotConfigured("The token was refused."))
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert (message.send_status, message.attempts) == (SendStatus.QUEUED, 0)
    assert message.status_reason == "The token was refused."


def test_who_opts_out_while_a_message_is_queued_is_not_texted(
    script: Script, message: Message, organization: Organization
) -> None:
    optouts.stop(organization, NUMBER)
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.NOT_ATTEMPTED
    assert not script.sent


def test_a_message_that_became_too_late_is_not_sent(script: Script, message: Message) -> None:
    Message.objects.update(send_before=timezone.now() - timedelta(seconds=1))
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.NOT_ATTEMPTED
    assert not script.sent


def test_a_report_that_is_quicker_than_the_answer_stands(
    script: Script, message: Message, organization: Organization
) -> None:
    def report(_: object) -> None:
        sending.apply_report(
            organization,
            "scripted",
            DeliveryReport("", ReportStatus.DELIVERED, reference=message.reference.hex),
        )
        connections.close_all()  # this thread's own

    script.before_answer = report
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert message.send_status == SendStatus.DELIVERED
    assert message.service_id == f"id-{message.reference.hex}"


def test_a_broken_claim_becomes_unknown_and_is_settled_by_asking_the_vendor(
    script: Script, message: Message, settings: Any
) -> None:
    settings.SETTLE_SECONDS = 0
    Message.objects.update(send_status=SendStatus.SENDING, due_at=timezone.now())
    assert sweeping.end_broken_claims() == 1
    message.refresh_from_db()
    assert message.send_status == SendStatus.UNKNOWN
    script.found = lambda out: SendReceipt(service_id="found")
    assert sweeping.settle_doubtful() == 1
    message.refresh_from_db()
    assert (message.send_status, message.service_id) == (SendStatus.SENT, "found")
    assert not script.sent


def test_a_doubtful_send_that_the_vendor_failed_says_why(script: Script, message: Message) -> None:
    Message.objects.update(send_status=SendStatus.UNKNOWN, due_at=timezone.now())
    script.found = lambda out: SendReceipt("found", status=ReportStatus.ERROR, error_code=42)
    assert sweeping.settle_doubtful() == 1
    message.refresh_from_db()
    assert (message.send_status, message.error_code) == (SendStatus.ERROR, 42)
    assert message.status_reason == "The answer was not what you hoped for."


def test_what_cannot_be_settled_stays_unknown_and_is_asked_no_more(
    script: Script, message: Message, settings: Any
) -> None:
    settings.SETTLE_SECONDS = 0
    Message.objects.update(send_status=SendStatus.UNKNOWN, due_at=timezone.now())
    for _ in range(settings.SETTLE_MAX_ATTEMPTS if hasattr(settings, "SETTLE_MAX_ATTEMPTS") else 6):
        assert sweeping.settle_doubtful() == 0
    message.refresh_from_db()
    assert (message.send_status, message.due_at) == (SendStatus.UNKNOWN, None)
    assert not script.sent


def test_the_sweeper_hands_over_what_no_worker_took(
    script: Script, message: Message, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[int] = []
    monkeypatch.setattr(
        "service_vendors.broker.hand_over", lambda _, ids, **__: handed.extend(ids) or True
    )
    assert sweeping.hand_over_forgotten() == 0, "it was handed over just now"
    settings.REDISPATCH_SECONDS = 0
    assert sweeping.hand_over_forgotten() == 1
    assert handed == [message.pk]


def test_a_broker_that_is_away_loses_nothing(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: False)
    message = send_message(organization, NUMBER, "Hello")
    message.refresh_from_db()
    assert (message.send_status, message.dispatched_at) == (SendStatus.QUEUED, None)


class BrokenManager(ServiceManager):
    """A manager with a fault of its own."""

    name = "broken"
    title = "Broken"

    def on_message_send(self, message: Message) -> None:
        raise RuntimeError("-".join(("secret", "token")))


def test_a_manager_that_fails_sends_nothing_and_is_tried_again(
    script: Script, message: Message, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SERVICE_MANAGERS = ["tests.sending.test_dispatch.BrokenManager"]
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert (message.send_status, message.attempts) == (SendStatus.QUEUED, 1)
    assert not script.sent
    assert "secret-token" not in caplog.text + message.status_reason
