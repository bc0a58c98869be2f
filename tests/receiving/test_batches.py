"""Many events at once: few statements, and one that fails takes no other with it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from service_vendors import receiving
from service_vendors.managers.base import ServiceManager
from service_vendors.models import (
    Message,
    OptOut,
    Organization,
    OrganizationContact,
    SendStatus,
    WebhookEvent,
)
from service_vendors.types import WebhookRequest
from tests.factories import (
    CampaignFactory,
    ContactFactory,
    MessageFactory,
    OrganizationFactory,
    OwnedPhoneNumberFactory,
    a_number,
)

pytestmark = pytest.mark.django_db(transaction=True)

OURS = "+12125550100"


@pytest.fixture(autouse=True)
def nothing_handed_over(script: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test itself decides when work is done."""
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)


def stored(organization: Organization | None, *items: dict[str, Any]) -> int:
    """An event that says this; its id."""
    request = WebhookRequest(
        "scripted",
        "POST",
        "http://x/scripted",
        body=json.dumps(items).encode(),
        organization_id=organization.pk if organization else None,
    )
    event = receiving.accept("scripted", request, organization)
    assert event is not None
    return event.pk


def text(n: int, **changes: Any) -> dict[str, Any]:
    """The n-th contact's text."""
    message = {
        "kind": "message",
        "service_id": f"in-{n}",
        "contact_number": a_number(n),
        "user_number": OURS,
        "text": f"Text {n}",
    }
    return message | changes


def report(message: Message, status: str = "DELIVERED") -> dict[str, Any]:
    return {
        "kind": "report",
        "service_id": "",
        "reference": message.reference.hex,
        "status": status,
    }


def statuses() -> dict[str, int]:
    """How many events are how far."""
    counts: dict[str, int] = {}
    for status in WebhookEvent.objects.values_list("status", flat=True):
        counts[status] = counts.get(status, 0) + 1
    return counts


def queries_of(ids: list[int]) -> int:
    """How many statements it takes to apply events."""
    with CaptureQueriesContext(
        connection,
    ) as seen:
        receiving.apply(ids)
    return len(seen)


def test_sixty_texts_take_no_more_statements_than_two(organization: Organization) -> None:
    two = queries_of([stored(organization, text(n)) for n in range(2)])
    sixty = queries_of([stored(organization, text(n)) for n in range(10, 70)])
    assert Message.objects.count() == 62
    assert sixty <= two + 1, "SQLite takes 999 values a statement, so its INSERT is two"


def test_sixty_reports_take_no_more_statements_than_two(organization: Organization) -> None:
    sent = [
        MessageFactory(organization=organization, service="scripted", send_status=SendStatus.SENT)
        for _ in range(62)
    ]
    two = queries_of([stored(organization, report(message)) for message in sent[:2]])
    sixty = queries_of([stored(organization, report(message)) for message in sent[2:]])
    assert set(Message.objects.values_list("send_status", flat=True)) == {SendStatus.DELIVERED}
    assert sixty <= two


class Allergic(ServiceManager):
    """Cannot bear one particular text."""

    name = "allergic"
    title = "Allergic"

    def on_message_received(self, message: Message) -> None:
        if message.text == "poison":
            raise RuntimeError(message.text)


def test_one_poison_among_a_hundred_is_set_aside_alone(
    organization: Organization, settings: Any
) -> None:
    settings.SERVICE_MANAGERS = ["tests.receiving.test_batches.Allergic"]
    ids = [stored(organization, text(n)) for n in range(100)]
    ids.insert(37, stored(organization, text(200, text="poison")))
    for _ in range(5):
        receiving.apply(ids)
        WebhookEvent.objects.update(due_at=timezone.now())
    assert statuses() == {"APPLIED": 100, "SET_ASIDE": 1}
    assert Message.objects.count() == 100
    poison = WebhookEvent.objects.get(status=WebhookEvent.Status.SET_ASIDE)
    assert (poison.pk, poison.attempts) == (ids[37], 5)


@pytest.mark.parametrize("name", ["service_id", "messageservice_sid", "user_number"])
def test_a_nul_character_in_a_name_fails_its_own_event_only(
    organization: Organization, settings: Any, name: str
) -> None:
    settings.INBOX_MAX_ATTEMPTS = 1
    bad = stored(organization, text(1, **{name: "a\x00b"}))
    receiving.apply([bad, stored(organization, text(2))])
    assert [message.text for message in Message.objects.all()] == ["Text 2"]
    assert WebhookEvent.objects.get(pk=bad).last_error == "ValueError while reading it"


def test_a_nul_character_in_a_query_or_a_header_is_no_reason_to_answer_503(
    organization: Organization,
) -> None:
    request = WebhookRequest(
        "scripted", "GET", "http://x", "a=\x00&b", {"user-agent": "a\x00b"}, organization_id=1
    )
    event = receiving.accept("scripted", request, organization)
    assert event is not None
    event.refresh_from_db()
    assert (event.query, event.headers) == ("a=%00&b", {"user-agent": "ab"})


def test_the_first_thing_an_event_says_waits_for_the_last(organization: Organization) -> None:
    unknown = {"kind": "report", "service_id": "nobody's", "status": "DELIVERED"}
    half, whole = stored(organization, text(1), unknown), stored(organization, text(2))
    receiving.apply([half, whole])
    assert [message.text for message in Message.objects.all()] == ["Text 2"]
    assert statuses() == {"APPLIED": 1, "PENDING": 1}


def test_a_message_that_comes_twice_in_one_batch_is_stored_once(organization: Organization) -> None:
    receiving.apply([stored(organization, text(1)), stored(organization, text(1), text(1))])
    assert Message.objects.count() == 1
    assert statuses() == {"APPLIED": 2}


def test_reports_of_one_message_in_one_batch_end_with_the_highest(
    organization: Organization,
) -> None:
    message = MessageFactory(
        organization=organization, service="scripted", send_status=SendStatus.SENDING
    )
    receiving.apply(
        [stored(organization, report(message, status)) for status in ("DELIVERED", "SENT")]
    )
    message.refresh_from_db()
    assert message.send_status == SendStatus.DELIVERED


def test_stop_and_start_in_one_batch_are_obeyed_in_their_order(organization: Organization) -> None:
    words = ("STOP", "START", "STOP")
    number = a_number(1)
    receiving.apply(
        [
            stored(organization, text(n, text=word, contact_number=number))
            for n, word in enumerate(words)
        ]
    )
    assert OptOut.objects.filter(cell=number, ended_at=None).count() == 1
    known = OrganizationContact.objects.get(contact_number=number)
    assert known.subscribe_status == OrganizationContact.SubscribeStatus.UNSUBSCRIBED


def test_each_message_of_a_batch_finds_its_own_contact(organization: Organization) -> None:
    campaign = CampaignFactory(organization=organization)
    texted = ContactFactory(campaign=campaign, cell=a_number(1))
    MessageFactory(
        organization=organization, service="scripted", contact_number=a_number(1), contact=texted
    )
    newer = ContactFactory(campaign=CampaignFactory(organization=organization), cell=a_number(1))
    known = ContactFactory(campaign=campaign, cell=a_number(2))
    stranger = ContactFactory(campaign=CampaignFactory(), cell=a_number(3))
    receiving.apply([stored(organization, text(n)) for n in (1, 2, 3)])
    found = {
        message.contact_number: message.contact
        for message in Message.objects.filter(is_from_contact=True)
    }
    assert found == {a_number(1): texted, a_number(2): known, a_number(3): None}
    assert {newer, stranger}.isdisjoint(found.values())


def test_whom_another_organization_never_texted_changes_no_conversation_of_ours(
    organization: Organization,
) -> None:
    number, other = a_number(1), OrganizationFactory()
    talking = ContactFactory(campaign=CampaignFactory(organization=organization), cell=number)
    MessageFactory(
        organization=organization, contact=talking, contact_number=number, user_number=OURS
    )
    # A newer campaign of ours has this person, too, and so has another organization, which is why
    # the newest contacts of this number are looked for at all.
    ContactFactory(campaign=CampaignFactory(organization=organization), cell=number)
    theirs = ContactFactory(campaign=CampaignFactory(organization=other), cell=number)
    receiving.apply(
        [
            stored(organization, text(1, service_id="to-us")),
            stored(other, text(1, service_id="to-them")),
        ]
    )
    found = dict(Message.objects.filter(is_from_contact=True).values_list("service_id", "contact"))
    assert found == {"to-us": talking.pk, "to-them": theirs.pk}


def test_each_message_over_the_environments_account_finds_its_own_organization() -> None:
    first, second = OrganizationFactory(), OrganizationFactory()
    for owner, number in ((first, "+12125550101"), (second, "+12125550102")):
        OwnedPhoneNumberFactory(organization=owner, service="scripted", phone_number=number)
    MessageFactory(
        organization=second,
        service="scripted",
        contact_number=a_number(3),
        user_number="+12125550103",
    )
    receiving.apply(
        [
            stored(None, text(1, user_number="+12125550101")),
            stored(None, text(2, user_number="+12125550102")),
            stored(None, text(3, user_number="+12125550103")),
            stored(None, text(4, user_number="+12125550104")),
        ]
    )
    owners = {
        message.service_id: message.organization
        for message in Message.objects.filter(is_from_contact=True)
    }
    assert owners == {"in-1": first, "in-2": second, "in-3": second}
    assert statuses() == {"APPLIED": 3, "PENDING": 1}
