"""Each defect that Spoke's Nexmo service has, by its line, and the proof that it is not here.

N is Spoke's nexmo module. Where a defect is about the webhooks, ``test_nexmo_webhooks`` tries it
over the real route, in all ways to call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from service_vendors import sending
from service_vendors.exceptions import (
    PermanentVendorError,
    SendUncertain,
    TransientVendorError,
    VendorNotConfigured,
    WebhookRejected,
)
from service_vendors.models import Message, Organization, SendStatus, WebhookEvent
from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    InboundPart,
    ReportStatus,
)
from service_vendors.vendors import loop
from tests.simulators.disturbances import say_nothing, saying
from tests.simulators.nexmo import callbacks
from tests.simulators.nexmo.callbacks import by_form, by_get, by_json
from tests.vendors.nexmo_account import CONTACT, OURS, AtNexmo, a_message, configured


@pytest.fixture
def there(settings: Any) -> Iterator[AtNexmo]:
    """An account at Vonage that the environment configures."""
    with configured(settings) as there:
        yield there


def incoming(there: AtNexmo, words: str = "yes") -> dict[str, str]:
    return callbacks.sms(there.company, InboundMessage("in-1", CONTACT, OURS, words))


def proven(there: AtNexmo, fields: dict[str, str]) -> dict[str, str]:
    return callbacks.signed(fields, there.company.signature_secret)


@pytest.mark.django_db(transaction=True)
def test_n31_to_58_a_call_without_authentication_is_refused(
    there: AtNexmo, organization: Organization
) -> None:
    for address in ("nexmo", "nexmo-message-report"):
        for tenant in ("", f"/{organization.pk}"):
            response = Client().get(f"/{address}{tenant}", incoming(there))
            assert response.status_code == 403
    assert not WebhookEvent.objects.exists()
    with pytest.raises(WebhookRejected):
        there.vendor().verify(by_form(incoming(there)))


@pytest.mark.django_db(transaction=True)
def test_n37_and_n51_calls_reach_our_handlers(there: AtNexmo, organization: Organization) -> None:
    """There they are given to the SDK, which has no such functions."""
    query = proven(there, incoming(there))
    assert Client().get(f"/nexmo/{organization.pk}", query).status_code == 200
    assert Message.objects.get().text == "yes"


@pytest.mark.django_db(transaction=True)
def test_n39_to_53_an_error_is_not_swallowed(
    there: AtNexmo, organization: Organization, settings: Any
) -> None:
    settings.INBOX_MAX_ATTEMPTS = 1
    nonsense = proven(there, {**incoming(there), "msisdn": "<nobody>"})
    assert Client().get(f"/nexmo/{organization.pk}", nonsense).status_code == 200
    event = WebhookEvent.objects.get()
    assert event.status == WebhookEvent.Status.SET_ASIDE and event.last_error


def test_n61_parts_are_converted_by_the_same_code_in_every_process(there: AtNexmo) -> None:
    """There the converter is not exported: with several processes nothing comes in."""
    part = InboundPart("p-1", CONTACT, OURS, "one ", "7", 1, 2)
    request = by_get(proven(there, callbacks.sms(there.company, part)))
    (read,) = there.vendor().handle_incoming(request)
    assert isinstance(read, InboundPart)
    assert (read.group, read.index, read.total) == ("7", 1, 2)


@pytest.mark.django_db(transaction=True)
def test_n76_and_n88_the_id_that_is_stored_is_the_one_that_reports_tell(
    there: AtNexmo, organization: Organization
) -> None:
    message = sending.send_message(organization, CONTACT, "Hello", user_number=OURS)
    message.refresh_from_db()
    (taken,) = there.company.messages
    assert message.service_id == taken["id"]
    fields = {**callbacks.receipt(there.company, taken, "delivered"), "client-ref": ""}
    response = Client().get(f"/nexmo-message-report/{organization.pk}", proven(there, fields))
    assert response.status_code == 200
    message.refresh_from_db()
    assert message.send_status == SendStatus.DELIVERED


def test_n86_a_report_is_read_by_the_keys_that_vonage_sends(there: AtNexmo) -> None:
    there.send()
    fields = callbacks.receipt(there.company, there.company.messages[0], "failed", "6")
    (report,) = there.vendor().handle_incoming(by_json(proven(there, fields)))
    assert isinstance(report, DeliveryReport)
    assert (report.status, report.error_code) == (ReportStatus.ERROR, 10_006)
    assert report.reference == there.company.messages[0]["reference"]


def test_n120_what_is_bought_is_what_vonage_sold(there: AtNexmo) -> None:
    """There numbers are made up, with a library that is not even imported."""
    bought = {one.phone_number[1:] for one in there.buy(2)}
    assert bought == set(there.company.purchases)
    assert bought <= there.company.for_sale.keys()


def test_n163_a_message_names_its_sender_or_is_not_sent(there: AtNexmo) -> None:
    there.send(user_number=OURS)
    assert there.posts()[0].form["from"] == OURS[1:]
    with pytest.raises(VendorNotConfigured, match="none was named"):
        there.send(user_number=None)
    assert len(there.posts()) == 1


@pytest.mark.parametrize("body", ["", "{}", '{"messages": null}', "<html>"])
def test_n200_and_n265_an_answer_without_its_parts_is_in_doubt(there: AtNexmo, body: str) -> None:
    """There what is undefined is read on, and an invalid payload is passed over."""
    there.company.disturbance = saying(body)
    with pytest.raises(SendUncertain):
        there.send()


def test_n209_a_request_that_is_never_answered_ends(there: AtNexmo, settings: Any) -> None:
    """There a promise is never settled, and the job hangs."""
    settings.VENDOR_READ_SECONDS = 0.4
    there.company.disturbance = say_nothing
    with pytest.raises(SendUncertain):
        there.send()


@pytest.mark.parametrize("status", ["accepted", "buffered", "unknown"])
def test_n244_accepted_is_not_delivered(there: AtNexmo, status: str) -> None:
    there.send()
    fields = callbacks.receipt(there.company, there.company.messages[0], status)
    (report,) = there.vendor().handle_incoming(by_get(proven(there, fields)))
    assert isinstance(report, DeliveryReport)
    assert report.status is ReportStatus.SENT


@pytest.mark.parametrize(
    ("status", "means"),
    [("1", TransientVendorError), ("4", VendorNotConfigured), ("6", PermanentVendorError)],
)
def test_n253_a_refusal_is_an_error_with_its_code(
    there: AtNexmo, status: str, means: type[Exception]
) -> None:
    """There a name that is not defined is used as soon as a message is refused."""
    there.company.refusals[CONTACT[1:]] = status
    with pytest.raises(means) as raised:
        loop.run(there.vendor().send_message(a_message()))
    assert raised.value.code == int(status)  # type: ignore[attr-defined]


@pytest.mark.django_db(transaction=True)
def test_n286_the_same_concat_ref_of_two_people_is_two_messages(
    there: AtNexmo, organization: Organization
) -> None:
    senders = (CONTACT, "+12125550177")
    for index, words in ((2, "two"), (1, "one ")):
        for sender in senders:
            part = InboundPart(f"{sender}-{index}", sender, OURS, words, "7", index, 2)
            query = proven(there, callbacks.sms(there.company, part))
            assert Client().get(f"/nexmo/{organization.pk}", query).status_code == 200
    found = Message.objects.all()
    assert {one.contact_number for one in found} == set(senders)
    assert [one.text for one in found] == ["one two", "one two"]
