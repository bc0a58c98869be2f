"""A message through the whole program: accepted, sent by Bandwidth, reported on, answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from service_vendors import configuration, optouts, receiving, sending
from service_vendors.managers.base import ServiceManager
from service_vendors.models import Message, Organization, SendStatus, WebhookEvent
from service_vendors.types import ServiceManagerData
from service_vendors.vendors import registry
from tests.simulators.bandwidth import callbacks, messages
from tests.simulators.bandwidth.callbacks import DELIVERED, FAILED, RECEIVED, SENDING, filled
from tests.simulators.bandwidth.furnishing import NUMBERS
from tests.vendors.bandwidth_account import CONTACT, PUBLIC_ADDRESS, AtBandwidth, at_bandwidth

pytestmark = pytest.mark.django_db(transaction=True)


class Vouching(ServiceManager):
    """Says that numbers are picked; those of these tests are named by hand."""

    name = "vouching"
    title = "Vouching"

    def on_vendor_service_fully_configured(
        self, organization: Organization, service: str
    ) -> ServiceManagerData:
        """Ready."""
        return ServiceManagerData(fully_configured=True)


@pytest.fixture
def there(
    settings: Any, organization: Organization, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AtBandwidth]:
    """An account whose settings an owner has saved; the tests decide when work is done."""
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)
    settings.SERVICE_VENDORS = ["bandwidth"]
    settings.DEFAULT_SERVICE = "bandwidth"
    settings.SERVICE_MANAGERS = [f"{__name__}.Vouching"]
    settings.BASE_URL = PUBLIC_ADDRESS
    settings.VENDOR_READ_SECONDS = 0.5
    registry.reset()
    with at_bandwidth() as there:
        configuration.save_vendor_config(organization, "bandwidth", there.config, actor=owner)
        yield there
    registry.reset()


def sent(organization: Organization, **more: Any) -> Message:
    """A message that was accepted, and that a worker has tried to send."""
    more.setdefault("user_number", NUMBERS[0])
    message = sending.send_message(organization, CONTACT, "Will you vote?", **more)
    sending.dispatch([message.pk])
    message.refresh_from_db()
    return message


def bandwidth_calls(there: AtBandwidth, organization: Organization, *events: Any) -> None:
    """Take a call, and apply what it says."""
    call = callbacks.call(
        list(events), there.config["callback_user"], there.config["callback_password"]
    )
    answer = Client().post(
        f"/bandwidth/{organization.pk}",
        call.body,
        content_type="application/json",
        headers={"Authorization": call.headers["authorization"]},
    )
    assert answer.status_code == 200
    receiving.apply(list(WebhookEvent.objects.values_list("pk", flat=True)))


def about(message: Message, sample: dict[str, Any], service_id: str = "", **more: Any) -> Any:
    """A report on a message: our reference comes back as its tag."""
    told = {"id": service_id or message.service_id, "tag": message.reference.hex}
    return filled(sample, {**told, "from": NUMBERS[0], "to": [CONTACT]}, to=CONTACT, **more)


def test_a_message_is_sent_delivered_and_answered(
    there: AtBandwidth, organization: Organization
) -> None:
    message = sent(organization)
    assert message.send_status == SendStatus.SENT
    assert message.service_id == there.company.messages[0]["id"]
    bandwidth_calls(there, organization, about(message, DELIVERED), about(message, SENDING))
    message.refresh_from_db()
    assert message.send_status == SendStatus.DELIVERED
    answer = {"from": CONTACT, "owner": NUMBERS[0], "to": [NUMBERS[0]], "text": "Yes!"}
    bandwidth_calls(there, organization, filled(RECEIVED, answer, to=NUMBERS[0]))
    assert Message.objects.get(is_from_contact=True).text == "Yes!"


def test_without_a_number_it_waits_and_its_owner_sees_why(
    there: AtBandwidth, organization: Organization
) -> None:
    message = sent(organization, user_number="")
    assert message.send_status == SendStatus.QUEUED
    assert "numpicker-basic,sticky-sender" in message.status_reason
    assert there.posts() == []


def test_without_service_managers_it_waits_and_its_owner_sees_which_to_enable(
    there: AtBandwidth, organization: Organization, settings: Any
) -> None:
    settings.SERVICE_MANAGERS = []
    message = sent(organization)
    assert message.send_status == SendStatus.QUEUED
    assert "numpicker-basic and sticky-sender" in message.status_reason
    assert there.posts() == []


def test_a_report_that_overtakes_the_answer_finds_its_message(
    there: AtBandwidth, organization: Organization
) -> None:
    """Spoke: a report before the vendor's id is known changes nothing (MC:194)."""
    there.company.disturbance = messages.HANGS_UP
    message = sent(organization)
    assert message.send_status == SendStatus.UNKNOWN and not message.service_id
    (taken,) = there.company.messages
    bandwidth_calls(there, organization, about(message, DELIVERED, taken["id"]))
    message.refresh_from_db()
    assert (message.send_status, message.service_id) == (SendStatus.DELIVERED, taken["id"])
    assert len(there.posts()) == 1


def test_who_unsubscribed_at_bandwidth_is_texted_no_more(
    there: AtBandwidth, organization: Organization
) -> None:
    message = sent(organization)
    bandwidth_calls(there, organization, about(message, FAILED, errorCode=4475))
    message.refresh_from_db()
    assert (message.send_status, message.error_code) == (SendStatus.ERROR, 4475)
    assert optouts.is_opted_out(organization, CONTACT)
