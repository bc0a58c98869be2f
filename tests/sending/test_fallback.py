"""What a vendor surely did not take goes through the next one; what is in doubt never does."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import pytest
from django.utils import timezone

from service_vendors import sending
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
)
from service_vendors.managers.base import ServiceManager
from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import breaker, doubts, fallback, ledger, send_message, sweeping
from service_vendors.sending.outcomes import Postponed, Switched
from service_vendors.types import ConfigField, DeliveryReport, Feature, ReportStatus, SendReceipt
from service_vendors.vendors import registry
from service_vendors.vendors.registry import ENTRY_POINT_GROUP
from tests.factories import UserFactory, a_number
from tests.scripted_vendor import ENTRY_POINT, Answer, Script, ScriptedVendor
from tests.trouble import account_of, open_the_breaker

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = "+12125550123"
DOWN = TransientVendorError("The exchange is down.", code=503)


class SpareVendor(ScriptedVendor):
    """Another vendor that says what a test decides. It sends no pictures."""

    name = "spare"
    title = "Spare"
    config_fields = (
        ConfigField("account", "SPARE_ACCOUNT", "Account", default="spare"),
        ConfigField("token", "SPARE_TOKEN", "Token", secret=True),
    )
    supports = frozenset({Feature.FIND_MESSAGE})
    webhooks = ()
    max_text_characters = 100
    script: ClassVar[Script] = Script()


class ThirdVendor(SpareVendor):
    """And one more."""

    name = "third"
    title = "Third"
    script: ClassVar[Script] = Script()


@pytest.fixture
def spare(script: Script, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Script]:
    """The script of the vendor that takes over; a third one is there, too."""
    offered = {
        "scripted": ENTRY_POINT,
        "spare": EntryPoint("spare", f"{__name__}:SpareVendor", ENTRY_POINT_GROUP),
        "third": EntryPoint("third", f"{__name__}:ThirdVendor", ENTRY_POINT_GROUP),
    }
    monkeypatch.setattr(registry, "outside", lambda: offered)
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    monkeypatch.setattr(SpareVendor, "script", Script())
    monkeypatch.setattr(ThirdVendor, "script", Script())
    settings.SERVICE_VENDORS = ["scripted", "spare", "third"]
    settings.SPARE_TOKEN = "open sesame, too"
    settings.FALLBACK_SERVICES = ["spare"]
    settings.SEND_MAX_ATTEMPTS = 2
    settings.BREAKER_ERRORS = 5
    yield SpareVendor.script
    registry.reset()


@pytest.fixture
def message(organization: Organization, spare: Script) -> Message:
    """A queued message that nobody has been asked to send yet."""
    return send_message(organization, NUMBER, "Hello", user_number="+12125550100")


def answering(script: Script, answer: Answer) -> None:
    script.answer = lambda _: answer


def dispatch(*messages: Message) -> None:
    Message.objects.filter(send_status=SendStatus.QUEUED).update(due_at=timezone.now())
    sending.dispatch([message.pk for message in messages])
    for message in messages:
        message.refresh_from_db()


# -- when ----------------------------------------------------------------------------------------


def test_behind_an_open_breaker_a_message_goes_through_the_next_vendor_at_once(
    organization: Organization, message: Message, script: Script, spare: Script
) -> None:
    open_the_breaker(organization)
    dispatch(message)
    assert (message.send_status, message.service) == (SendStatus.QUEUED, "spare")
    assert message.status_reason == "Scripted has trouble, so this goes through Spare."
    assert message.tried_services == ["scripted"]
    assert message.due_at is not None and message.due_at <= timezone.now()
    dispatch(message)
    assert message.send_status == SendStatus.SENT
    assert (len(script.sent), len(spare.sent)) == (0, 1)


def test_after_the_last_try_the_next_vendor_has_as_many(
    organization: Organization, message: Message, script: Script, spare: Script
) -> None:
    answering(script, DOWN)
    dispatch(message)
    assert (message.service, message.attempts) == ("scripted", 1)
    dispatch(message)
    assert (message.send_status, message.service) == (SendStatus.QUEUED, "spare")
    assert (message.attempts, message.error_code) == (0, None)
    assert message.status_reason == (
        "Scripted did not take this in 2 tries, so it goes through Spare. The exchange is down."
    )
    answering(spare, DOWN)
    dispatch(message)
    assert (message.send_status, message.attempts) == (SendStatus.QUEUED, 1)
    dispatch(message)
    assert message.send_status == SendStatus.ERROR, "each is tried once, and the first is no second"
    assert "2 tries" in message.status_reason
    assert (len(script.sent), len(spare.sent)) == (2, 2)


def test_several_are_tried_in_their_order(
    organization: Organization, message: Message, script: Script, spare: Script, settings: Any
) -> None:
    settings.FALLBACK_SERVICES = ["scripted", "third", "spare"]
    answering(script, DOWN)
    answering(ThirdVendor.script, DOWN)
    for _ in range(5):
        dispatch(message)
    assert (message.send_status, message.service) == (SendStatus.SENT, "spare")
    assert message.tried_services == ["scripted", "third"]


def test_what_switched_is_handed_over_in_the_next_round(
    organization: Organization, message: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[int] = []
    monkeypatch.setattr(
        "service_vendors.broker.hand_over", lambda _, ids, **__: handed.extend(ids) or True
    )
    open_the_breaker(organization)
    dispatch(message)
    sweeping.hand_over_due()
    assert handed == [message.pk]


def test_what_the_first_vendors_account_had_chosen_is_dropped(
    organization: Organization, message: Message, spare: Script
) -> None:
    Message.objects.update(messageservice_sid="MG1")
    open_the_breaker(organization)
    dispatch(message)
    assert (message.user_number, message.messageservice_sid) == ("", "")
    dispatch(message)
    assert (spare.sent[0].user_number, spare.sent[0].messageservice_sid) == (None, None)


# -- when not ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (SendUncertain("No answer."), SendStatus.UNKNOWN),
        (RuntimeError("A fault."), SendStatus.UNKNOWN),
        (PermanentVendorError("no", code=42), SendStatus.ERROR),
        (VendorNotConfigured("The token was refused."), SendStatus.QUEUED),
    ],
)
def test_a_doubtful_a_refused_and_an_unpayable_one_stay_where_they_are(
    message: Message, script: Script, answer: Exception, status: SendStatus, settings: Any
) -> None:
    settings.SEND_MAX_ATTEMPTS = 1
    answering(script, answer)
    dispatch(message)
    assert (message.send_status, message.service) == (status, "scripted")


def test_what_a_worker_left_in_doubt_goes_through_no_other_vendor(
    organization: Organization, message: Message, script: Script, spare: Script
) -> None:
    Message.objects.update(send_status=SendStatus.SENDING, due_at=timezone.now())
    sweeping.end_broken_claims()
    open_the_breaker(organization)
    dispatch(message)
    sweeping.hand_over_forgotten()
    dispatch(message)
    assert (message.send_status, message.service) == (SendStatus.UNKNOWN, "scripted")
    assert not script.sent and not spare.sent


def test_a_doubt_that_comes_up_while_it_is_decided_keeps_it_where_it_is(message: Message) -> None:
    (claimed,) = ledger.claim([message.pk])
    Message.objects.update(send_status=SendStatus.UNKNOWN)
    ledger.record({claimed: Switched("spare", "It goes on.", Postponed("It waits."))})
    message.refresh_from_db()
    assert (message.service, message.status_reason) == ("scripted", "It waits.")
    assert message.tried_services == []


def test_a_text_that_an_admin_sends_again_may_go_through_another_vendor(
    organization: Organization, message: Message, script: Script, spare: Script, settings: Any
) -> None:
    Message.objects.update(send_status=SendStatus.UNKNOWN, due_at=None)
    settings.DEFAULT_SERVICE = "spare"
    again = doubts.send_again(message, UserFactory())
    assert again is not None
    assert (again.service, again.user_number) == ("spare", ""), "the old number is another vendor's"
    settings.FALLBACK_SERVICES = ["scripted"]
    open_the_breaker(organization, "spare")
    dispatch(again)
    dispatch(again)
    assert (again.send_status, again.service) == (SendStatus.SENT, "scripted")
    message.refresh_from_db()
    assert (message.send_status, message.service) == (SendStatus.ERROR, "scripted")


def test_a_vendor_that_is_not_set_up_takes_nothing_over(
    organization: Organization, message: Message, settings: Any
) -> None:
    settings.SPARE_TOKEN = ""
    open_the_breaker(organization)
    dispatch(message)
    assert (message.send_status, message.service) == (SendStatus.QUEUED, "scripted")
    assert "wait until it works again" in message.status_reason


def test_a_vendor_in_trouble_is_no_way_out_of_trouble_but_better_than_to_give_up(
    organization: Organization, message: Message, script: Script
) -> None:
    open_the_breaker(organization, "spare")
    answering(script, DOWN)
    dispatch(message)
    open_the_breaker(organization)
    dispatch(message)
    assert message.service == "scripted", "it waits where it is"
    breaker.probe_now(account_of(organization))
    dispatch(message)
    assert (message.send_status, message.service) == (SendStatus.QUEUED, "spare")


@pytest.mark.parametrize(
    ("text", "media"), [("x" * 101, []), ("Hi", ["https://example.org/a.png"])]
)
def test_a_vendor_that_cannot_send_it_takes_nothing_over(
    organization: Organization, spare: Script, text: str, media: list[str]
) -> None:
    message = send_message(organization, NUMBER, text, media=media)
    open_the_breaker(organization)
    dispatch(message)
    assert message.service == "scripted"


class Confused(ServiceManager):
    """Fails when it is asked about the vendor that would take over."""

    name = "confused"

    def on_vendor_service_fully_configured(self, organization: Organization, service: str) -> None:
        if service == "spare":
            raise RuntimeError("-".join(("secret", "token")))


def test_a_fault_in_looking_for_another_vendor_loses_no_outcome(
    message: Message,
    script: Script,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.SERVICE_MANAGERS = [f"{__name__}.Confused"]
    settings.SEND_MAX_ATTEMPTS = 1
    answering(script, DOWN)
    dispatch(message)
    assert (message.send_status, message.error_code) == (SendStatus.ERROR, 503)
    assert "RuntimeError" in caplog.text
    assert "secret-token" not in caplog.text


# -- who says so ---------------------------------------------------------------------------------


def test_an_organizations_features_come_first_and_unknown_names_are_left_out(
    organization: Organization, spare: Script
) -> None:
    assert fallback.services_of(organization) == ["spare"]
    organization.features = {"FALLBACK_SERVICES": ["third", "nobody", "spare", "third"]}
    assert fallback.services_of(organization) == ["third", "spare"]
    organization.features = {"FALLBACK_SERVICES": "third, spare"}
    assert fallback.services_of(organization) == ["third", "spare"]
    organization.features = {"FALLBACK_SERVICES": {"no": "list"}}
    assert fallback.services_of(organization) == []
    organization.features = {"FALLBACK_SERVICES": []}
    assert fallback.services_of(organization) == []


# -- what the first vendor says later --------------------------------------------------------------


def report(message: Message, service: str, status: ReportStatus, **more: Any) -> Message | None:
    said = DeliveryReport("late-id", status, reference=message.reference.hex, **more)
    found = sending.apply_report(message.organization, service, said)
    message.refresh_from_db()
    return found


@pytest.fixture
def switched(organization: Organization, message: Message) -> Message:
    """A message that waits for the second vendor."""
    open_the_breaker(organization)
    dispatch(message)
    assert message.service == "spare"
    return message


def test_a_late_error_of_the_first_vendor_fails_nothing(switched: Message) -> None:
    assert report(switched, "scripted", ReportStatus.ERROR, error_code=42, opted_out=True)
    assert (switched.send_status, switched.service) == (SendStatus.QUEUED, "spare")
    assert switched.error_code is None
    dispatch(switched)
    assert switched.send_status == SendStatus.SENT, "nor is the contact taken to have opted out"


@pytest.mark.parametrize("status", [ReportStatus.SENT, ReportStatus.DELIVERED])
def test_a_first_vendor_that_sent_it_after_all_settles_it_before_the_second_is_asked(
    switched: Message, spare: Script, status: ReportStatus
) -> None:
    assert report(switched, "scripted", status)
    assert (switched.send_status, switched.service) == (status.name, "scripted")
    assert (switched.service_id, switched.due_at) == ("late-id", None)
    dispatch(switched)
    assert not spare.sent, "nobody is texted twice"


@pytest.mark.parametrize("status", list(ReportStatus))
def test_once_the_second_vendor_has_it_only_the_second_settles_it(
    switched: Message, spare: Script, status: ReportStatus
) -> None:
    dispatch(switched)
    before = Message.objects.filter(pk=switched.pk).values().get()
    assert report(switched, "scripted", status, error_code=42) is not None
    assert Message.objects.filter(pk=switched.pk).values().get() == before
    report(switched, "spare", ReportStatus.DELIVERED)
    assert (switched.send_status, switched.service) == (SendStatus.DELIVERED, "spare")
    assert switched.service_id == f"id-{switched.reference.hex}"


def test_a_report_while_the_second_vendor_is_being_asked_changes_nothing(
    switched: Message, spare: Script
) -> None:
    def late(_: object) -> None:
        from django.db import connections

        report(switched, "scripted", ReportStatus.DELIVERED)
        connections.close_all()

    spare.before_answer = late
    dispatch(switched)
    assert (switched.send_status, switched.service) == (SendStatus.SENT, "spare")


def test_a_doubt_about_the_second_vendor_is_settled_by_the_second(
    switched: Message, script: Script, spare: Script, settings: Any
) -> None:
    settings.SETTLE_SECONDS = 0
    answering(spare, SendUncertain("No answer."))
    dispatch(switched)
    report(switched, "scripted", ReportStatus.ERROR, error_code=42)
    assert (switched.send_status, switched.service) == (SendStatus.UNKNOWN, "spare")
    script.found = lambda _: SendReceipt("of the first")
    spare.found = lambda _: SendReceipt("of the second")
    assert sweeping.settle_doubtful() == 1
    switched.refresh_from_db()
    assert (switched.send_status, switched.service_id) == (SendStatus.SENT, "of the second")


def test_a_batch_is_switched_together(
    organization: Organization, spare: Script, django_assert_max_num_queries: Any
) -> None:
    few = [send_message(organization, a_number(n), "Hello") for n in range(2)]
    many = [send_message(organization, a_number(n), "Hello") for n in range(2, 42)]
    open_the_breaker(organization)
    with django_assert_max_num_queries(25):
        sending.dispatch([m.pk for m in few])
    with django_assert_max_num_queries(25):
        sending.dispatch([m.pk for m in many])
    assert set(Message.objects.values_list("service", flat=True)) == {"spare"}
