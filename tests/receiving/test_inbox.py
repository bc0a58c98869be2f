"""The inbox: nothing acknowledged is lost, nothing that fails holds up the rest."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from service_vendors import receiving
from service_vendors.models import Message, Organization, SendStatus, WebhookEvent
from service_vendors.types import WebhookRequest
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db(transaction=True)

CONTACT, OURS = "+12125550123", "+12125550100"


@pytest.fixture(autouse=True)
def nothing_handed_over(script: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test itself decides when work is done."""
    monkeypatch.setattr("service_vendors.broker.hand_over", lambda *_, **__: True)


def stored(organization: Organization, said: object) -> WebhookEvent:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    event = receiving.accept(
        "scripted",
        WebhookRequest("scripted", "POST", "http://x/scripted", body=body),
        organization,
    )
    assert event is not None
    return event


def message(number: int) -> list[dict[str, str]]:
    return [
        {
            "kind": "message",
            "service_id": f"in-{number}",
            "contact_number": CONTACT,
            "user_number": OURS,
            "text": f"Hi {number}",
        }
    ]


def part(index: int, total: int, text: str, **changes: Any) -> list[dict[str, Any]]:
    return [
        {
            "kind": "part",
            "service_id": f"part-{index}",
            "contact_number": CONTACT,
            "user_number": OURS,
            "text": text,
            "group": "g",
            "index": index,
            "total": total,
        }
        | changes
    ]


def due_again() -> None:
    WebhookEvent.objects.update(due_at=timezone.now())


def test_a_repeated_call_is_not_stored_again(organization: Organization) -> None:
    stored(organization, message(1))
    body = json.dumps(message(1)).encode()
    request = WebhookRequest("scripted", "POST", "http://x/scripted", body=body)
    assert receiving.accept("scripted", request, organization) is None


def test_one_poison_event_holds_up_no_other(organization: Organization) -> None:
    events = [stored(organization, message(n)) for n in range(4)]
    events.insert(2, stored(organization, b"not json"))
    for _ in range(5):
        receiving.apply([event.pk for event in events])
        due_again()
    assert Message.objects.count() == 4
    poison = WebhookEvent.objects.get(status=WebhookEvent.Status.SET_ASIDE)
    assert poison.attempts == 5
    assert poison.last_error


def test_a_failed_event_waits_before_it_is_tried_again(organization: Organization) -> None:
    event = stored(organization, b"not json")
    receiving.apply([event.pk])
    receiving.apply([event.pk])
    event.refresh_from_db()
    assert event.attempts == 1
    assert event.due_at > timezone.now()


def test_a_set_aside_event_can_be_replayed(organization: Organization, settings: Any) -> None:
    settings.INBOX_MAX_ATTEMPTS = 1
    report = [{"kind": "report", "service_id": "s", "status": "DELIVERED"}]
    event = stored(organization, report)
    receiving.apply([event.pk])
    event.refresh_from_db()
    assert event.status == WebhookEvent.Status.SET_ASIDE
    sent = MessageFactory(
        organization=organization, service="scripted", service_id="s", send_status=SendStatus.SENT
    )
    receiving.replay(event)
    receiving.apply([event.pk])
    sent.refresh_from_db()
    event.refresh_from_db()
    assert sent.send_status == SendStatus.DELIVERED
    assert event.status == WebhookEvent.Status.APPLIED


def test_an_event_that_fails_half_way_leaves_no_half(organization: Organization) -> None:
    event = stored(
        organization,
        [*message(1), {"kind": "report", "service_id": "nobody's", "status": "DELIVERED"}],
    )
    receiving.apply([event.pk])
    assert not Message.objects.exists()


def test_a_claimed_event_is_free_again_when_its_worker_dies(
    organization: Organization, settings: Any
) -> None:
    event = stored(organization, message(1))
    WebhookEvent.objects.update(
        claim_token="6f1c0d3e-0d5a-4b77-9d6e-3e1c5f1f0a11",
        attempts=1,
        due_at=timezone.now() - timedelta(seconds=1),
    )
    receiving.apply([event.pk])
    assert Message.objects.count() == 1


def test_the_sweeper_hands_over_what_was_stored_and_forgotten(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[int] = []
    monkeypatch.setattr(
        "service_vendors.broker.hand_over", lambda _, ids, **__: handed.extend(ids) or True
    )
    event = stored(organization, message(1))
    handed.clear()
    WebhookEvent.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    receiving.sweep()
    assert handed == [event.pk]


def test_old_applied_events_are_deleted_and_set_aside_ones_kept(
    organization: Organization,
) -> None:
    old = timezone.now() - timedelta(days=31)
    applied, aside = stored(organization, message(1)), stored(organization, message(2))
    WebhookEvent.objects.filter(pk=applied.pk).update(status="APPLIED", applied_at=old)
    WebhookEvent.objects.filter(pk=aside.pk).update(status="SET_ASIDE", received_at=old)
    receiving.sweep()
    assert WebhookEvent.objects.get().pk == aside.pk


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_parts_make_one_message_in_whatever_order_they_come(
    organization: Organization, order: tuple[int, ...]
) -> None:
    texts = {1: "one ", 2: "two ", 3: "three"}
    for index in order:
        receiving.apply([stored(organization, part(index, 3, texts[index])).pk])
    whole = Message.objects.get()
    assert (whole.text, whole.is_incomplete) == ("one two three", False)
    assert whole.parts.count() == 3


def test_a_repeated_part_is_dropped(organization: Organization) -> None:
    receiving.apply([stored(organization, part(1, 2, "one ")).pk])
    receiving.apply([stored(organization, [*part(1, 2, "one "), *part(1, 2, "one ")]).pk])
    assert not Message.objects.exists()
    receiving.apply([stored(organization, part(2, 2, "two")).pk])
    assert Message.objects.get().text == "one two"


def test_a_part_repeated_under_another_id_makes_no_second_message(
    organization: Organization, settings: Any
) -> None:
    settings.PART_TIMEOUT_SECONDS = 0
    receiving.apply([stored(organization, part(1, 2, "one ")).pk])
    receiving.apply([stored(organization, part(1, 2, "one ", service_id="other")).pk])
    receiving.apply([stored(organization, part(2, 2, "two")).pk])
    receiving.sweep()
    assert Message.objects.get().text == "one two"


def test_parts_of_different_people_are_kept_apart(organization: Organization) -> None:
    receiving.apply([stored(organization, part(1, 2, "one ")).pk])
    other = part(2, 2, "two", contact_number="+12125550177")
    receiving.apply([stored(organization, other).pk])
    assert not Message.objects.exists()


def test_what_came_of_a_long_message_is_delivered_after_a_while_and_marked(
    organization: Organization, settings: Any
) -> None:
    receiving.apply([stored(organization, part(2, 3, "two ")).pk])
    receiving.sweep()
    assert not Message.objects.exists()
    settings.PART_TIMEOUT_SECONDS = 0
    receiving.sweep()
    receiving.sweep()
    only = Message.objects.get()
    assert (only.text, only.is_incomplete) == ("two ", True)
