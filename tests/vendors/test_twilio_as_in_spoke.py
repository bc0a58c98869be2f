"""What Spoke's own tests of Twilio try, tried here: the program, its database and the SDK.

Its cases of buying are in ``test_twilio_numbers``, of messaging services in
``test_twilio_services``, of lookups in ``test_twilio_lookups``, of saving settings in
``test_twilio_account``, of reports in ``test_twilio_calls``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from service_vendors import sending
from service_vendors.configuration import save_vendor_config
from service_vendors.managers.base import ServiceManager
from service_vendors.models import Message, Organization, SendStatus
from service_vendors.sending import send_message, sweeping
from service_vendors.types import ServiceManagerData
from service_vendors.vendors import registry
from service_vendors.vendors.base import HIDDEN
from tests.factories import OrganizationFactory
from tests.simulators.disturbances import refusing
from tests.simulators.twilio import messages
from tests.simulators.twilio.company import Refusal
from tests.simulators.twilio.furnishing import NUMBERS, furnished
from tests.vendors.twilio_account import CONTACT, AtTwilio, at_twilio_for_everybody

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[AtTwilio]:
    """An account at Twilio, which is the installation's; nobody works by themselves."""
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    settings.VENDOR_READ_SECONDS = 1.0
    with at_twilio_for_everybody(settings) as there:
        yield there


def attempt(message: Message) -> Message:
    """One try to send it, its pause over."""
    Message.objects.filter(pk=message.pk).exclude(due_at=None).update(due_at=timezone.now())
    sending.dispatch([message.pk])
    message.refresh_from_db()
    return message


# -- sending --------------------------------------------------------------------------------------


def test_a_message_is_sent_from_the_messaging_service_and_keeps_what_twilio_says(
    there: AtTwilio, organization: Organization
) -> None:
    message = attempt(send_message(organization, CONTACT, "Will you vote?"))
    (taken,) = there.company.messages
    assert (taken["to"], taken["body"]) == (CONTACT, "Will you vote?")
    assert (message.send_status, message.service_id) == (SendStatus.SENT, taken["sid"])
    assert message.messageservice_sid == there.config["message_service_sid"]
    assert message.sent_at is not None
    assert attempt(message).send_status == SendStatus.SENT
    assert len(there.posts()) == 1


def test_a_message_with_a_picture_in_brackets_is_an_mms(
    there: AtTwilio, organization: Organization
) -> None:
    text = "Look [https://example.org/poster.png] here"
    message = attempt(send_message(organization, CONTACT, text))
    (taken,) = there.company.messages
    assert (taken["body"], taken["media"]) == ("Look here", ["https://example.org/poster.png"])
    assert message.text == text


class Sticky(ServiceManager):
    """Decides what to send from, and how."""

    name = title = "sticky"

    def on_message_send(self, message: Message) -> ServiceManagerData:
        """One of the two numbers, as a picture message."""
        return ServiceManagerData(user_number=NUMBERS[1], force_mms=True)


def test_a_manager_decides_on_the_number_and_on_mms(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    settings.SERVICE_MANAGERS = [f"{__name__}.Sticky"]
    message = attempt(send_message(organization, CONTACT, "Will you vote?"))
    assert (there.form()["From"], there.form()["SendAsMms"]) == (NUMBERS[1], "true")
    assert message.user_number == NUMBERS[1]


def test_a_last_time_to_be_sent_limits_how_long_twilio_tries(
    there: AtTwilio, organization: Organization
) -> None:
    soon, past = timezone.now() + timedelta(minutes=5), timezone.now() + timedelta(seconds=1)
    attempt(send_message(organization, CONTACT, "In time", send_before=soon))
    assert 280 <= int(there.form()["ValidityPeriod"]) <= 300
    late = send_message(organization, CONTACT, "Too late", send_before=past)
    Message.objects.filter(pk=late.pk).update(send_before=timezone.now())
    assert attempt(late).send_status == SendStatus.NOT_ATTEMPTED
    assert len(there.posts()) == 1


# -- trying again ---------------------------------------------------------------------------------


def test_tries_are_counted_and_the_last_one_ends_in_an_error(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    """Spoke counts its error code down; here the tries are counted up."""
    settings.SEND_MAX_ATTEMPTS = 3
    there.company.disturbance = refusing(Refusal(429, 20429, retry_after=60))
    message = send_message(organization, CONTACT, "Will you vote?")
    for tries in (1, 2):
        assert attempt(message).send_status == SendStatus.QUEUED
        assert (message.attempts, message.error_code) == (tries, 20429)
        assert message.due_at is not None
        assert message.due_at > timezone.now() + timedelta(seconds=55), "Retry-After is honoured"
        sending.dispatch([message.pk])
        assert len(there.posts()) == tries, "not before its pause is over"
    assert attempt(message).send_status == SendStatus.ERROR
    assert (message.attempts, message.error_code) == (3, 20429)
    assert "3 tries" in message.status_reason
    attempt(message)
    assert len(there.posts()) == 3
    assert there.company.messages == []


def test_a_try_after_a_refusal_for_the_moment_sends_once(
    there: AtTwilio, organization: Organization
) -> None:
    there.company.disturbance = refusing(Refusal(429, 20429))
    message = attempt(send_message(organization, CONTACT, "Will you vote?"))
    there.company.disturbance = None
    attempt(message)
    assert (message.send_status, message.error_code) == (SendStatus.SENT, None)
    assert len(there.company.messages) == 1


def test_a_send_in_doubt_is_not_tried_again_but_looked_for(
    there: AtTwilio, organization: Organization
) -> None:
    there.company.disturbance = messages.HANGS_UP
    message = attempt(send_message(organization, CONTACT, "Will you vote?"))
    there.company.disturbance = None
    assert attempt(message).send_status == SendStatus.UNKNOWN
    assert sweeping.settle_doubtful() == 1
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENT
    assert message.service_id == there.company.messages[0]["sid"]
    assert len(there.posts()) == 1


# -- whose account --------------------------------------------------------------------------------


def test_each_organization_sends_through_its_own_account(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    settings.TWILIO_MULTI_ORG = True
    shared, bare = OrganizationFactory(), OrganizationFactory()
    second = furnished(there.company)["message_service_sid"]
    save_vendor_config(shared, "twilio", {"message_service_sid": second}, actor=None)
    wrong = {"account_sid": there.config["account_sid"], "auth_token": "wrong"}
    save_vendor_config(organization, "twilio", wrong, actor=None, check=False)
    used = {}
    for one in (shared, bare):
        attempt(send_message(one, CONTACT, "Will you vote?"))
        used[one] = there.form()["MessagingServiceSid"]
    assert used == {shared: second, bare: there.config["message_service_sid"]}
    waiting = attempt(send_message(organization, CONTACT, "Will you vote?"))
    assert waiting.send_status == SendStatus.QUEUED, "it never falls back to somebody else's"
    assert len(there.company.messages) == 2


def test_settings_are_shown_obscured_unless_they_are_asked_for(
    there: AtTwilio, organization: Organization, settings: Any
) -> None:
    settings.TWILIO_MULTI_ORG = True
    own = {"message_service_sid": there.config["message_service_sid"]}
    save_vendor_config(organization, "twilio", own, actor=None)
    vendor = registry.get_vendor(organization, "twilio")
    shown = vendor.get_service_config()
    assert shown == {**own, "account_sid": there.config["account_sid"], "auth_token": HIDDEN}
    assert vendor.get_service_config(restrict_to_org_features=True) == own
    plain = vendor.get_service_config(obscure_sensitive_information=False)
    assert plain["auth_token"] == there.company.auth_token
