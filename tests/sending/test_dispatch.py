"""From a queued row to the vendor's answer, through the real loop, with a scripted vendor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from service_vendors import conf, optouts, sending
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
from service_vendors.sending.doubts import in_doubt
from service_vendors.sending.preparation import prepare
from service_vendors.types import DeliveryReport, LookupStatus, ReportStatus, SendReceipt
from tests.factories import MessageFactory
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
    after = timezone.now()
    due = message.due_at
    assert due and before + timedelta(seconds=500) <= due <= after + timedelta(seconds=501)


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
    script.found = lambda out: SendReceipt(
        "found",
        status=ReportStatus.ERROR,
        error_code=42,
        opted_out=True,
        contact_status=LookupStatus.LANDLINE,
    )
    assert sweeping.settle_doubtful() == 1
    message.refresh_from_db()
    assert (message.send_status, message.error_code) == (SendStatus.ERROR, 42)
    assert message.status_reason == "The answer was not what you hoped for."
    known = OrganizationContact.objects.get(contact_number=message.contact_number)
    assert (known.last_error_code, known.status_code) == (42, LookupStatus.LANDLINE.value)
    assert OptOut.objects.get().cell == message.contact_number


def test_what_another_message_is_known_to_be_settles_no_doubt(
    script: Script, message: Message
) -> None:
    """Where a vendor compares texts, the same text sent twice looks like the one in doubt."""
    MessageFactory(
        organization=message.organization,
        service="scripted",
        service_id="taken",
        contact_number=message.contact_number,
        text=message.text,
        send_status=SendStatus.SENT,
    )
    Message.objects.filter(pk=message.pk).update(
        send_status=SendStatus.UNKNOWN, due_at=timezone.now()
    )
    script.found = lambda out: SendReceipt("taken")
    assert sweeping.settle_doubtful() == 0
    message.refresh_from_db()
    assert (message.send_status, message.service_id) == (SendStatus.UNKNOWN, "")
    assert message.due_at is not None and message.due_at > timezone.now()


def test_what_cannot_be_settled_stays_unknown_and_is_asked_no_more(
    script: Script, message: Message, settings: Any
) -> None:
    settings.SETTLE_SECONDS = 0
    Message.objects.update(send_status=SendStatus.UNKNOWN, due_at=timezone.now())
    for _ in range(conf.whole("SETTLE_MAX_ATTEMPTS")):
        assert sweeping.settle_doubtful() == 0
    message.refresh_from_db()
    assert (message.send_status, message.due_at) == (SendStatus.UNKNOWN, None)
    assert not script.sent


def test_a_doubt_is_a_persons_to_settle_within_a_quarter_of_an_hour(
    script: Script, message: Message
) -> None:
    """As the settings are built in, counted from the claim of the worker that died."""
    waited = timedelta(seconds=conf.seconds("SEND_LEASE_SECONDS"))
    Message.objects.update(send_status=SendStatus.SENDING, due_at=timezone.now())
    while not in_doubt(message.organization).exists():
        message.refresh_from_db()
        assert message.due_at is not None
        waited += max(timedelta(0), message.due_at - timezone.now())
        waited += timedelta(seconds=conf.seconds("SWEEP_SECONDS"))
        Message.objects.update(due_at=timezone.now())
        sweeping.sweep()
        assert waited < timedelta(minutes=15)


def test_a_worker_that_was_held_up_past_its_lease_sends_nothing(
    script: Script, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a machine that was asleep: meanwhile it was taken to be dead."""

    def freeze(messages: Sequence[Message]) -> dict[Message, Any]:
        for one in messages:
            one.due_at = timezone.now()
        Message.objects.update(due_at=timezone.now())
        assert sweeping.end_broken_claims() == 1
        return prepare(messages)

    monkeypatch.setattr(import_module("service_vendors.sending.dispatch"), "prepare", freeze)
    sending.dispatch([message.pk])
    message.refresh_from_db()
    assert not script.sent
    assert (message.send_status, message.attempts) == (SendStatus.QUEUED, 0), "nor is it lost"


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
