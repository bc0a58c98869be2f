"""The sticky sender: what it learns from, how long it holds, and that two workers agree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from service_vendors import optouts, sending
from service_vendors.models import Message, Organization, OrganizationContact, OwnedPhoneNumber
from service_vendors.receiving.messages import Incoming, save_all
from service_vendors.sending import send_message
from service_vendors.types import (
    DeliveryReport,
    InboundMessage,
    OutboundMessage,
    ReportStatus,
    SendReceipt,
)
from tests.factories import OrganizationFactory
from tests.managers.deciding import SERVICE, messages_to, numbers_of, senders
from tests.scripted_vendor import Script

pytestmark = pytest.mark.django_db(transaction=True)

CONTACT, OTHER = "+13125550123", "+13125550124"
ONE, TWO, THREE = "+16465550001", "+16465550002", "+16465550003"


@pytest.fixture(
    autouse=True, params=["numpicker-basic,sticky-sender", "sticky-sender,numpicker-basic"]
)
def managers(
    request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both, in either order."""
    settings.SERVICE_MANAGERS = request.param.split(",")
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)


@pytest.fixture
def numbers(organization: Organization) -> list[str]:
    return numbers_of(organization, [ONE, TWO, THREE])


def text(organization: Organization, contact: str = CONTACT, **columns: Any) -> str | None:
    """Text a contact; from which number."""
    (number,) = senders(messages_to(organization, [contact], **columns))
    return number


def known(organization: Organization, contact: str = CONTACT) -> str:
    found = OrganizationContact.objects.get(organization=organization, contact_number=contact)
    return found.user_number


def hear(organization: Organization, number: str) -> None:
    """The contact texts one of our numbers."""
    incoming = InboundMessage("incoming-1", CONTACT, number, "Hello")
    message = Message.objects.last()
    assert message is not None
    save_all([Incoming(organization, SERVICE, incoming, at=message.created_at)])


def deliver(message: Message) -> None:
    """The vendor reports that a text arrived."""
    report = DeliveryReport("x", ReportStatus.DELIVERED, reference=message.reference.hex)
    assert sending.apply_report(message.organization, SERVICE, report)


def test_a_contact_hears_from_the_number_of_the_first_time(
    organization: Organization, numbers: list[str]
) -> None:
    first = text(organization)
    assert {text(organization) for _ in range(5)} == {first}
    assert text(organization, OTHER) != first
    assert known(organization) == first


def test_two_texts_of_one_batch_go_from_one_number(
    organization: Organization, numbers: list[str]
) -> None:
    assert len(set(senders(messages_to(organization, [CONTACT] * 3)))) == 1


def test_a_kept_number_takes_no_turn(organization: Organization, numbers: list[str]) -> None:
    for _ in range(4):
        text(organization)
    turns = OwnedPhoneNumber.objects.values_list("turn", flat=True)
    assert sorted(turns) == [0, 0, 1]


def test_it_learns_from_a_reply(organization: Organization, numbers: list[str]) -> None:
    messages_to(organization, [OTHER])
    hear(organization, THREE)
    assert text(organization) == THREE


def test_it_learns_from_a_delivery(organization: Organization, numbers: list[str]) -> None:
    (message,) = messages_to(organization, [CONTACT], user_number=TWO, send_status="SENT")
    deliver(message)
    assert known(organization) == TWO
    assert text(organization) == TWO


def test_a_failed_text_teaches_nothing(organization: Organization, numbers: list[str]) -> None:
    (message,) = messages_to(organization, [CONTACT], user_number=TWO, send_status="SENT")
    report = DeliveryReport("x", ReportStatus.ERROR, message.reference.hex, error_code=42)
    sending.apply_report(organization, SERVICE, report)
    assert known(organization) == ""


def test_an_old_report_moves_nobody(organization: Organization, numbers: list[str]) -> None:
    # Spoke BM:206 let whichever report or send came last decide.
    (old,) = messages_to(organization, [CONTACT], user_number=THREE, send_status="SENT")
    first = text(organization)
    assert first != THREE
    deliver(old)
    assert text(organization) == first


def test_a_released_number_falls_through_to_the_picker_and_the_next_one_is_kept(
    organization: Organization, numbers: list[str]
) -> None:
    first = text(organization)
    OwnedPhoneNumber.objects.filter(phone_number=first).delete()
    second = text(organization)
    assert second is not None and second != first
    assert {text(organization) for _ in range(3)} == {second}


def test_a_number_that_another_organization_owns_now_is_not_ours(
    organization: Organization, numbers: list[str]
) -> None:
    first = text(organization)
    OwnedPhoneNumber.objects.filter(phone_number=first).update(organization=OrganizationFactory())
    assert text(organization) not in {None, first}


def test_each_vendor_keeps_to_its_own_numbers(
    organization: Organization, numbers: list[str]
) -> None:
    (other,) = numbers_of(organization, ["+16465550009"], service="fakeservice")
    text(organization)
    assert text(organization, service="fakeservice") == other
    assert text(organization) in numbers


def test_what_was_known_of_a_contact_stays_known(
    organization: Organization, numbers: list[str]
) -> None:
    # Spoke T:593 had no unique key: a second row hid what the first one knew.
    OrganizationContact.objects.create(
        organization=organization, contact_number=CONTACT, carrier="Acme", status_code=1
    )
    number = text(organization)
    row = OrganizationContact.objects.get(contact_number=CONTACT)
    assert (row.user_number, row.carrier, row.status_code) == (number, "Acme", 1)


def test_a_number_is_kept_before_the_text_goes_out(
    organization: Organization, numbers: list[str], script: Script
) -> None:
    # Spoke BM:190 and BM:206 noted it after the send, and did not wait for that.
    seen: list[str] = []

    def look(message: OutboundMessage) -> None:
        seen.append(known(organization))
        connections.close_all()  # of the thread that this runs in

    script.before_answer = look
    script.answer = lambda message: SendReceipt("id-1", message.user_number)
    sending.dispatch([send_message(organization, CONTACT, "Hello").pk])
    (asked,) = script.sent
    assert seen == [asked.user_number]
    assert Message.objects.get().user_number == asked.user_number in numbers


def test_a_text_that_is_not_sent_takes_no_turn_and_teaches_nothing(
    organization: Organization, numbers: list[str], script: Script
) -> None:
    message = send_message(organization, CONTACT, "Hello")
    optouts.stop(organization, CONTACT)
    sending.dispatch([message.pk])
    assert not script.sent
    assert known(organization) == ""
    assert not OwnedPhoneNumber.objects.filter(turn__gt=0).exists()


def test_two_simultaneous_first_texts_agree_on_one_number(
    organization: Organization, numbers: list[str]
) -> None:
    # Spoke BM:206: each took a number of its own, and the last upsert won.
    messages = [
        *messages_to(organization, [CONTACT], user_number=TWO),
        *messages_to(organization, [CONTACT], user_number=THREE),
    ]
    together = Barrier(len(messages))

    def decide(message: Message) -> str | None:
        connections["default"].ensure_connection()
        together.wait()
        try:
            return senders([message])[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(messages)) as threads:
        chosen = set(threads.map(decide, messages))
    assert chosen == {known(organization)} < {TWO, THREE}
