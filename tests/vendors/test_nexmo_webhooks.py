"""Vonage calls, over the real route and with a real database: what comes is kept, once."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.test import Client

from service_vendors import receiving, sending
from service_vendors.models import (
    Message,
    MessagePart,
    OptOut,
    Organization,
    SendStatus,
    WebhookEvent,
)
from service_vendors.types import InboundMessage, InboundPart, VendorAccount, WebhookRequest
from service_vendors.vendors.nexmo.vendor import Nexmo
from tests.factories import OrganizationFactory, OwnedPhoneNumberFactory
from tests.simulators.nexmo import callbacks
from tests.simulators.nexmo.callbacks import MESSAGES, REPORTS, by_form, by_get, by_json, by_token
from tests.vendors.nexmo_account import CONTACT, OURS, AtNexmo, configured, every

pytestmark = pytest.mark.django_db(transaction=True)

Carry = Callable[..., WebhookRequest]
CARRIERS = (by_get, by_form, by_json)
PIECES = {1: "Yes, I will ", 2: "vote on Tuesday ", 3: "& bring a friend = 2"}


@pytest.fixture
def there(settings: Any) -> Iterator[AtNexmo]:
    """An account at Vonage that the environment configures, and work done at once."""
    with configured(settings) as there:
        yield there


def call(request: WebhookRequest, organization: Organization | None) -> int:
    """Make a call; how it was answered."""
    tenant = f"/{organization.pk}" if organization else ""
    response = Client().generic(
        request.method,
        f"/{request.address}{tenant}?{request.query}",
        request.body,
        request.header("content-type") or "application/octet-stream",
        headers={k: v for k, v in request.headers.items() if k != "content-type"},
    )
    return response.status_code


def signed(there: AtNexmo, fields: Mapping[str, str], **more: Any) -> dict[str, str]:
    return callbacks.signed(fields, there.company.signature_secret, **more)


def text(there: AtNexmo, words: str = "yes", service_id: str = "in-1") -> dict[str, str]:
    return callbacks.sms(there.company, InboundMessage(service_id, CONTACT, OURS, words))


def piece(
    there: AtNexmo,
    index: int,
    *,
    total: int = 3,
    group: str = "7",
    sender: str = CONTACT,
    service_id: str = "",
) -> dict[str, str]:
    """One part of a long text, as Vonage hands it over."""
    own_id = service_id or f"{sender}-{group}-{index}"
    part = InboundPart(own_id, sender, OURS, PIECES[index], group, index, total)
    return callbacks.sms(there.company, part)


# -- texts and pictures ----------------------------------------------------------------------------


@pytest.mark.parametrize("carry", CARRIERS)
def test_a_contacts_text_is_kept(there: AtNexmo, organization: Organization, carry: Carry) -> None:
    """Spoke: calls were given to the SDK in place of the handlers (N:37, N:51)."""
    assert call(carry(signed(there, text(there, "yes & no = ü 🗳️"))), organization) == 200
    message = Message.objects.get()
    assert (message.text, message.contact_number, message.user_number) == (
        "yes & no = ü 🗳️",
        CONTACT,
        OURS,
    )
    assert (message.service_id, message.is_from_contact) == ("in-1", True)
    assert message.organization == organization


def test_a_contacts_picture_is_kept(there: AtNexmo, organization: Organization) -> None:
    said = callbacks.message(InboundMessage("m-1", CONTACT, OURS)) | {
        "image": {"url": "https://example.org/a.png", "caption": "Look!"}
    }
    assert call(by_token(there.company, said), organization) == 200
    message = Message.objects.get()
    assert message.text == "Look!"
    assert [one["url"] for one in message.media] == ["https://example.org/a.png"]


@pytest.mark.parametrize("carry", CARRIERS)
def test_what_nobody_signed_changes_nothing(
    there: AtNexmo, organization: Organization, carry: Carry
) -> None:
    """Spoke: there is no authentication at all (N:31-58)."""
    proven = signed(there, text(there))
    forged = (
        text(there),
        {**proven, "text": "no"},
        {**proven, "sig": ""},
        callbacks.signed(text(there), "another secret"),
        callbacks.signed(text(there), ""),
        signed(there, text(there), at=time.time() - 3_600),
        signed(there, text(there), method="md5hash"),
    )
    for fields in forged:
        assert call(carry(fields), organization) == 403
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("tenant", [True, False])
def test_an_account_without_a_signature_secret_lets_nobody_in(
    there: AtNexmo, organization: Organization, settings: Any, tenant: bool
) -> None:
    settings.NEXMO_SIGNATURE_SECRET = ""
    for fields in (text(there), signed(there, text(there)), callbacks.signed(text(there), "")):
        assert call(by_get(fields), organization if tenant else None) == 403
    said = callbacks.message(InboundMessage("m", CONTACT, OURS, "yes"))
    assert call(by_token(there.company, said, secret=""), organization) == 403


def test_an_organizations_own_account_does_not_speak_for_another(
    there: AtNexmo, organization: Organization, owner: Any
) -> None:
    from service_vendors.configuration import save_vendor_config

    own = {**there.config, "signature_secret": "their own", "account_id": "theirs01"}
    save_vendor_config(organization, "nexmo", own, actor=owner, version=0, check=False)
    assert call(by_get(signed(there, text(there))), organization) == 403
    assert call(by_get(callbacks.signed(text(there), "their own")), organization) == 200
    other = OrganizationFactory()
    assert call(by_get(callbacks.signed(text(there), "their own")), other) == 403
    said = callbacks.message(InboundMessage("m", CONTACT, OURS, "yes"))
    theirs = by_token(there.company, said, secret="their own", api_key="theirs01")
    assert call(theirs, organization) == 200
    assert call(by_token(there.company, said, secret="their own"), organization) == 403


def test_a_call_that_comes_again_is_one_message(there: AtNexmo, organization: Organization) -> None:
    proven = signed(there, text(there))
    for _ in range(3):
        assert call(by_get(proven), organization) == 200
    assert call(by_form(signed(there, text(there))), organization) == 200
    assert Message.objects.count() == 1


def test_the_environments_account_needs_no_organization_in_its_address(there: AtNexmo) -> None:
    owner = OrganizationFactory()
    OwnedPhoneNumberFactory(organization=owner, service="nexmo", phone_number=OURS)
    assert call(by_get(signed(there, text(there))), None) == 200
    assert Message.objects.get().organization == owner


def test_stop_is_obeyed(there: AtNexmo, organization: Organization) -> None:
    assert call(by_json(signed(there, text(there, "STOP"))), organization) == 200
    assert OptOut.objects.get(ended_at=None).cell == CONTACT


def test_what_cannot_be_read_is_answered_kept_and_set_aside(
    there: AtNexmo, organization: Organization, settings: Any
) -> None:
    """Spoke: errors are swallowed and answered with 200 (N:39-53)."""
    settings.INBOX_MAX_ATTEMPTS = 1
    fields = {name: value for name, value in text(there).items() if name != "msisdn"}
    assert call(by_json(signed(there, fields)), organization) == 200
    assert WebhookEvent.objects.get().status == WebhookEvent.Status.SET_ASIDE
    assert not Message.objects.exists()


# -- is anybody there? -----------------------------------------------------------------------------


@pytest.mark.parametrize("address", [MESSAGES, REPORTS])
def test_vonage_that_tries_an_address_is_answered(
    there: AtNexmo, organization: Organization, address: str
) -> None:
    for query in ("", "?order=order-1"):
        assert Client().get(f"/{address}/{organization.pk}{query}").status_code == 200
        assert Client().get(f"/{address}{query}").status_code == 200
    assert not WebhookEvent.objects.exists()


def test_a_number_is_pointed_at_an_address_that_answers(
    there: AtNexmo, organization: Organization, live_server: Any
) -> None:
    """The stand-in calls the address first, as Vonage does, and then calls it with a text."""
    there.company.tries_addresses = True
    account = VendorAccount("nexmo", organization.pk, there.config, live_server.url)
    (bought,) = every(Nexmo(account).buy_numbers_in_area_code("212", 1, "order-1"))
    address = there.company.numbers[bought.phone_number[1:]]["moHttpUrl"]
    assert address == f"{live_server.url}/nexmo/{organization.pk}?order=order-1"
    proven = by_get(signed(there, text(there)))
    response = Client().get(f"{address.removeprefix(live_server.url)}&{proven.query}")
    assert response.status_code == 200
    assert Message.objects.get().text == "yes"


# -- long texts, in parts --------------------------------------------------------------------------


@pytest.mark.parametrize("carry", CARRIERS)
@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_a_long_text_is_whole_in_whatever_order_its_parts_come(
    there: AtNexmo, organization: Organization, order: tuple[int, ...], carry: Carry
) -> None:
    for number, index in enumerate(order):
        assert not Message.objects.exists()
        assert call(carry(signed(there, piece(there, index))), organization) == 200
        if number == 0:  # once more, as it came and newly signed
            assert call(carry(signed(there, piece(there, index))), organization) == 200
    message = Message.objects.get()
    assert (message.text, message.is_incomplete) == ("".join(PIECES.values()), False)
    assert message.parts.count() == 3


def test_parts_that_come_after_the_whole_are_dropped(
    there: AtNexmo, organization: Organization, settings: Any
) -> None:
    for index in (3, 1, 2, 1, 2, 3):
        assert call(by_get(signed(there, piece(there, index))), organization) == 200
    settings.PART_TIMEOUT_SECONDS = 0
    receiving.sweep()
    assert Message.objects.count() == 1


def test_a_part_repeated_under_another_id_adds_nothing(
    there: AtNexmo, organization: Organization
) -> None:
    for index, service_id in ((1, "a"), (1, "b"), (2, "c"), (3, "d")):
        fields = piece(there, index, service_id=service_id)
        assert call(by_get(signed(there, fields)), organization) == 200
    assert Message.objects.get().text == "".join(PIECES.values())


def test_the_same_reference_of_two_people_is_two_messages(
    there: AtNexmo, organization: Organization
) -> None:
    """Spoke: the parts of everybody with the same concat-ref are one (N:286)."""
    other = "+12125550177"
    for index in (1, 2, 3):
        for sender in (CONTACT, other):
            fields = piece(there, index, sender=sender)
            assert call(by_get(signed(there, fields)), organization) == 200
    assert {one.contact_number for one in Message.objects.all()} == {CONTACT, other}
    assert {one.text for one in Message.objects.all()} == {"".join(PIECES.values())}


def test_two_long_texts_of_one_person_are_two_messages(
    there: AtNexmo, organization: Organization
) -> None:
    for index in (2, 1, 3):
        for group in ("7", "8"):
            fields = piece(there, index, group=group)
            assert call(by_get(signed(there, fields)), organization) == 200
    assert Message.objects.count() == 2


def test_a_reference_may_be_used_again_after_a_while(
    there: AtNexmo, organization: Organization
) -> None:
    """There are 256 of them."""
    for time_round in ("first", "second"):
        for index in (1, 2, 3):
            fields = piece(there, index, service_id=f"{time_round}-{index}")
            assert call(by_get(signed(there, fields)), organization) == 200
    assert [one.text for one in Message.objects.all()] == ["".join(PIECES.values())] * 2


def test_what_came_of_a_long_text_is_delivered_after_a_while_and_marked(
    there: AtNexmo, organization: Organization, settings: Any
) -> None:
    """Spoke: parts wait forever (J:1218)."""
    for index in (3, 1):
        assert call(by_get(signed(there, piece(there, index))), organization) == 200
    receiving.sweep()
    assert not Message.objects.exists()
    settings.PART_TIMEOUT_SECONDS = 0
    receiving.sweep()
    receiving.sweep()
    message = Message.objects.get()
    assert (message.text, message.is_incomplete) == (PIECES[1] + PIECES[3], True)
    assert not MessagePart.objects.filter(message=None).exists()


def test_parts_are_kept_apart_by_organization(there: AtNexmo, organization: Organization) -> None:
    other = OrganizationFactory()
    assert call(by_get(signed(there, piece(there, 1, total=2))), organization) == 200
    assert call(by_get(signed(there, piece(there, 2, total=2))), other) == 200
    assert not Message.objects.exists()


# -- from sending to the report --------------------------------------------------------------------


@pytest.mark.parametrize("carry", CARRIERS)
@pytest.mark.parametrize(
    ("status", "err_code", "ends"),
    [
        ("delivered", "0", SendStatus.DELIVERED),
        ("accepted", "0", SendStatus.SENT),
        ("failed", "6", SendStatus.ERROR),
    ],
)
def test_a_message_is_sent_and_its_receipt_found(
    there: AtNexmo,
    organization: Organization,
    status: str,
    err_code: str,
    ends: SendStatus,
    carry: Carry,
) -> None:
    """Spoke: ids do not match (N:76, N:88), and accepted counts as delivered (N:244)."""
    message = sending.send_message(organization, CONTACT, "Hello", user_number=OURS)
    message.refresh_from_db()
    assert message.send_status == SendStatus.SENT
    (taken,) = there.company.messages
    assert taken["reference"] == message.reference.hex
    assert taken["callback"].endswith(f"/nexmo-message-report/{organization.pk}")
    fields = callbacks.receipt(there.company, taken, status, err_code)
    assert call(carry(signed(there, fields), REPORTS), organization) == 200
    message.refresh_from_db()
    assert message.send_status == ends
    assert message.error_code == (10_006 if ends is SendStatus.ERROR else None)


def test_a_message_in_doubt_is_settled_by_its_receipt_and_sent_once(
    there: AtNexmo, organization: Organization, settings: Any
) -> None:
    from tests.simulators.nexmo import messages

    there.company.disturbance = messages.HANGS_UP
    message = sending.send_message(organization, CONTACT, "Hello", user_number=OURS)
    for _ in range(3):
        sending.sweep()
    message.refresh_from_db()
    assert message.send_status == SendStatus.UNKNOWN
    there.company.disturbance = None
    (taken,) = there.company.messages
    fields = callbacks.receipt(there.company, taken, "delivered")
    assert call(by_get(signed(there, fields), REPORTS), organization) == 200
    message.refresh_from_db()
    assert message.send_status == SendStatus.DELIVERED
    assert len(there.posts()) == 1


def test_a_message_of_which_a_part_was_refused_ends_and_is_never_sent_again(
    there: AtNexmo, organization: Organization
) -> None:
    there.company.part_statuses[CONTACT[1:]] = ["0", "1"]
    message = sending.send_message(organization, CONTACT, "x" * 200, user_number=OURS)
    for _ in range(3):
        sending.sweep()
    message.refresh_from_db()
    assert (message.send_status, message.error_code) == (SendStatus.ERROR, 1)
    assert message.service_id == there.company.messages[0]["ids"][0]
    assert len(there.posts()) == 1


def test_a_pictures_status_is_found(there: AtNexmo, organization: Organization) -> None:
    picture = ["https://example.org/a.png"]
    message = sending.send_message(organization, CONTACT, "Come!", media=picture, user_number=OURS)
    (taken,) = there.company.messages
    said = callbacks.message_status(taken, "delivered")
    assert call(by_token(there.company, said, REPORTS), organization) == 200
    message.refresh_from_db()
    assert message.send_status == SendStatus.DELIVERED


def test_a_receipt_of_a_contact_who_unsubscribed_opts_them_out(
    there: AtNexmo, organization: Organization
) -> None:
    sending.send_message(organization, CONTACT, "Hello", user_number=OURS)
    fields = callbacks.receipt(there.company, there.company.messages[0], "rejected", "9")
    assert call(by_json(signed(there, fields), REPORTS), organization) == 200
    assert OptOut.objects.get(ended_at=None).cell == CONTACT
